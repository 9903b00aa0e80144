//! Health: what is checked, what was found, and what that means.

pub mod check;
pub mod judgement;
pub mod recorded;
pub mod state;
pub mod threshold;
