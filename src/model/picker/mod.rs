//! Choosing a worktree on a terminal: keys, what is typed, which rows fit, and what a key asks for.

mod choice;
mod key;
mod matching;
mod preview;
mod state;

pub use choice::PickerRow;
pub use key::{Decoder, PressedKey};
pub use preview::{Commit, Log, PickerPreview};
pub use state::{Picker, PickerLine, PickerWish};
