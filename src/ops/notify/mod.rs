//! Being told: who sends notices, and `wt notify test`.

pub mod deliver;
mod send;
pub mod start;
pub mod trial;
