//! Sessions of coding agents: what they are told when they begin in a worktree, the marks they leave on it, and what makes a
//! worktree ready that nobody but them asked for.

mod enter;
mod hear;
mod mark;
mod readying;
mod sessions;

pub use enter::{Report, enter};
pub use hear::{Heard, Wish, hear};
pub use mark::{Marked, leave, tell};
pub use readying::make_ready;
pub use sessions::{is_carrying, sessions};
