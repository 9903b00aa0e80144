//! What `validate` finds: pure functions over facts gathered once, one file to a family. `ops/checks` lists them.

pub mod carry;
pub mod claims;
pub mod configuration;
pub mod duplicates;
pub mod env;
pub mod git;
pub mod hooks;
pub mod listeners;
pub mod ports;
pub mod registry;
pub mod unfinished;

#[cfg(test)]
pub(crate) mod sample;
