//! What is asked of those who keep claims over a network, whoever they are: changes, each of what was seen; and what became of
//! them.

/// What one claim, or the entry of one host, is to become.
#[derive(Clone, Copy, Debug)]
pub struct RefChange<'a> {
    /// Its name: a ref, whoever keeps it.
    pub reference: &'a str,
    /// What is to stand there, and never stood there before; `None`: nothing.
    pub commit: Option<&'a str>,
    /// What has to stand there before; `None`: nothing.
    pub expected: Option<&'a str>,
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    /// Those who keep it said no, in their words.
    Refused(String),
    /// Nobody answered in time.
    Silent,
    /// It failed before they could say anything about it.
    Failed(String),
}

/// What is said where nobody answered in time.
pub const SILENCE: &str = "no answer in time";
