//! Takes back what the setups of worktrees made outside of them, once those worktrees are gone for good.

mod due;
mod giving_up;
mod lock;
mod pay;
mod removal;
mod torn;

pub use due::{due_here, pay_due};
pub use giving_up::give_up;
pub use lock::await_idle;
pub use removal::{call_in, tear_down};
pub use torn::{Torn, TornStatus};
