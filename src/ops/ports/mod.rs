//! What is done about ports, one use case to a file.

pub mod advice;
pub mod allocate;
pub mod available;
pub mod choosing;
pub mod cleanup;
pub mod conflicts;
pub mod containers;
pub mod disputes;
pub mod exclusions;
pub mod former;
pub mod history;
pub mod holders;
pub mod kill;
pub mod ledger;
pub mod list;
pub mod owners;
pub mod passing;
pub mod ranges;
pub mod release;
pub mod resolve;
pub mod resolve_log;
pub mod scan;
pub mod settings;
pub mod settlement;
pub mod sight;
pub mod situations;
pub mod strays;

pub use ranges::{Capacity, Drawer};
