//! ops: wiring only.
pub mod config;
