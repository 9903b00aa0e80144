//! The settings of agents' programs: which file of each calls us, and how our entries come into it and out of it.

pub mod edit;
pub mod places;
pub mod remove;
pub mod render;
pub mod tree;
