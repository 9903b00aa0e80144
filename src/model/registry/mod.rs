//! The machine-wide record of worktrees and allocations: what is in `registry.json`, and what may be asked of it.

pub mod allocation;
pub mod debt;
pub mod debts;
pub mod document;
pub mod entry;
pub mod forgetting;
pub mod former;
pub mod glimpse;
pub mod journal;
pub mod note;
pub mod place;
pub mod record;
pub mod remembered;
pub mod renamed;
pub mod repository;
pub mod rows;
pub mod salvage;
pub mod table;
mod whole;
