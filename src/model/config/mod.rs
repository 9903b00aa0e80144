//! The configuration as values, and the rules that a file must keep.

pub mod layers;
pub mod settings;
