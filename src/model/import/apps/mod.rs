//! The apps of a repository, found by their folders' files.

pub mod app;
pub mod carried;
pub mod compiled;
pub mod detect;
pub mod env_example;
pub mod install;
pub mod node;
pub mod packager;
pub mod python;
#[cfg(test)]
pub mod sample;
pub mod script;
#[cfg(test)]
mod tests;
pub mod tree;
pub mod variables;
pub mod web;
