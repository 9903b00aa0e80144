//! `events.jsonl`: one line for each change and conflict, appended under a lock of its own, and put aside when it grows large.
//! What is dropped was counted before.

mod append;
pub mod counters;
mod gate;
mod place;
mod reading;
mod shortening;

pub use append::{Writing, append};
pub use reading::{Tail, read, read_behind};
pub use shortening::{forget, is_any_before};
