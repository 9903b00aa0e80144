//! ops: wiring only.

pub mod config;
pub mod run;
pub mod switch;
