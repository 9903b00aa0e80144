//! Sessions of coding agents: what they are told when they begin in a worktree, the marks they leave on it, and what makes a
//! worktree ready that nobody but them asked for.

mod enter;
mod hear;
mod install;
mod installed;
mod mark;
mod readying;
mod sessions;
mod text;

pub use enter::{Report, enter};
pub use hear::{HeardSession, TypedCommand, hear, told};
pub use install::{AgentsStatus, Report as InstallReport, install, installing, status, uninstall};
pub use mark::{Marked, leave, tell};
pub use readying::make_ready;
pub use sessions::{is_carrying, lives as tells_life, marks, sessions};
pub use text::{Text, text};
