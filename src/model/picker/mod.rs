//! Choosing a worktree on a terminal: keys, what is typed, which rows fit, and what a key asks for.

mod choice;
mod key;
mod matching;
mod preview;
mod state;

pub use choice::Choice;
pub use key::{Decoder, Key};
pub use preview::{Commit, Log, Preview};
pub use state::{Picker, Talk, Wish};
