//! What `validate` looks for: one pure function to a family, over facts gathered once.

mod all;
mod carry;
mod configuration;
mod duplicates;
mod env;
mod git;
mod hooks;
mod listeners;
mod ports;
mod registry;
mod unfinished;

pub use all::findings;
pub use configuration::unset_bare;

#[cfg(test)]
pub(crate) mod sample;
