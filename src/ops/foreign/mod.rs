//! A stranger's code in a worktree: whether it is one, asked by all that run or carry something; the mark; and allowing it.

mod descent;
mod here;
mod mark;
mod standing;

pub use descent::of_commit;
pub use here::{ForeignHere, allow, revoke, status};
pub use mark::{of_adopted, of_remote, write};
pub use standing::{SKIPPED, is_foreign, is_foreign_here, of_entry, of_row, refusal, require_own};
