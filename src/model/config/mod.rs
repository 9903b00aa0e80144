//! The configuration as values, and the rules that a file must keep.

pub mod branch_purposes;
pub mod build;
pub mod check;
pub mod edited;
pub mod env_files;
pub mod exported;
pub mod fleet;
mod forges;
pub mod health;
mod here;
pub mod instances;
pub mod json_schema;
pub mod key;
pub mod layers;
mod limits;
mod main_worktree;
pub mod merge;
pub mod merged;
pub mod near;
pub mod origin;
mod outside;
pub mod overlap;
pub mod parse;
pub mod problem;
pub mod running;
pub mod schema;
pub mod service;
pub mod settings;
mod sharing;
pub mod standing;
pub mod taken;
mod team;
#[cfg(test)]
mod tests;
mod unconfigured;
pub mod value;
pub mod variables;
