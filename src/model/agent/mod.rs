//! Coding agents: which programs there are, what their hooks tell us, what they are answered, and the marks that they leave
//! on worktrees.

pub mod ancestor;
pub mod answer;
pub mod input;
pub mod marker;
pub mod program;
pub mod saying;
pub mod settings;
