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
    /// It was not made because another one of the same push was refused.
    Entangled,
    /// Those who keep it cannot make several at once.
    NotAtOnce,
    /// Nobody answered in time; what was heard instead.
    Silent(String),
    /// It failed before they could say anything about it.
    Failed(String),
}

impl Default for Answer {
    fn default() -> Self {
        Self::Silent(SILENCE.to_owned())
    }
}

impl Answer {
    /// Returns why the change was not made, or is not known to be, and the word for it; `None` where it was made.
    #[must_use]
    pub fn obstacle(&self) -> Option<(&str, &'static str)> {
        match self {
            Self::Done => None,
            Self::Refused(why) => Some((why, "refused")),
            Self::Entangled => Some(("another change of the same push was refused", "refused")),
            Self::NotAtOnce => Some(("several changes at once are not taken there", "failed")),
            Self::Silent(why) => Some((why, "timeout")),
            Self::Failed(why) => Some((why, "failed")),
        }
    }
}

/// What is said where nobody answered in time.
pub const SILENCE: &str = "no answer in time";

/// What helps where they cannot be reached.
pub const TRY_AGAIN: &str = "try again once they can be reached";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_not_done_says_why_and_has_its_word() {
        assert_eq!(Answer::Done.obstacle(), None);
        for (answer, obstacle) in [
            (Answer::Refused("no".to_owned()), ("no", "refused")),
            (Answer::Entangled, ("another change of the same push was refused", "refused")),
            (Answer::NotAtOnce, ("several changes at once are not taken there", "failed")),
            (Answer::Silent("late".to_owned()), ("late", "timeout")),
            (Answer::Failed("gone".to_owned()), ("gone", "failed")),
            (Answer::default(), ("no answer in time", "timeout")),
        ] {
            assert_eq!(answer.obstacle(), Some(obstacle));
        }
    }
}
