//! The files of other tools that make worktrees: what they copy, what they run, and the same in our words.

pub mod choose;
pub mod export;
pub mod gitconfig;
pub mod read;
pub mod script;
#[cfg(test)]
mod tests;
pub mod variables;
