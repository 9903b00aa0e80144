//! The report of some days: the record of events summed up, what there is now, and what may be done.

mod gather;
mod idle;
mod removable;
mod services;
mod write;

pub use crate::model::report::tables::Report;
pub use gather::{PERIOD, report};
pub use write::{page, write};
