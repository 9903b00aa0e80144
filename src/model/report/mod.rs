//! What a report of some days says: sums over the record of events, what there is now, and what to do about it.

pub mod advice;
pub mod page;
pub mod story;
pub mod tables;
