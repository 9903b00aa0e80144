//! Why an object was not read out of a pack.

use std::fmt;
use std::io;

/// Why an object was not read out of a pack.
#[derive(Debug)]
pub enum PackFault {
    /// Nothing is wrong, but it needs someone who knows more.
    Elsewhere(&'static str),
    /// What the pack says contradicts itself.
    Damaged(&'static str),
    /// Each delta's base is another delta, without end: a reader that does not count would never return.
    Endless,
    /// The system does not let us read.
    System(io::Error),
}

impl fmt::Display for PackFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere(what) => write!(formatter, "{what}"),
            Self::Damaged(what) => write!(formatter, "the pack is damaged: {what}"),
            Self::Endless => write!(formatter, "the pack is damaged: its chain of deltas does not end"),
            Self::System(error) => write!(formatter, "{error}"),
        }
    }
}

impl std::error::Error for PackFault {}

impl From<io::Error> for PackFault {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Self::Damaged("it ends too early");
        }
        Self::System(error)
    }
}
