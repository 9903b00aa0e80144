//! The commands that go with a worktree's life: what makes it ready, and what goes on behind.

mod background;
mod order;
mod outcome;
mod owing;
mod plan;
mod run;
mod work;

pub use background::run as run_in_background;
pub use order::log_folder;
pub(in crate::ops) use order::{End, Order, end};
pub use outcome::{SetupOutcome, SetupWish};
pub use run::{Report, is_wanted_again, run, skip};
pub use work::{await_end, has_run, is_at_work, processes, stop, view};
