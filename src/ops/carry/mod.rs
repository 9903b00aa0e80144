//! Carrying: the ignored files that a new worktree gets copies of, inside of the create's transaction, and what is
//! remembered of them as long as the worktree can come back.

mod again;
mod bring;
mod choice;
mod plan;
mod record;
mod refresh;
mod report;

pub use again::{clear_leftovers, hold};
pub use bring::{CarryTarget, begin, bring, bring_beside};
pub use plan::{CarryWish, Plan, plan};
pub use record::{drift, explains, forget, forget_strays, is_begun, is_copy, paths};
pub use refresh::{Report, Request, refresh};
pub use report::{Brought, Carried, Refreshed};
