//! Files onto disk, fast and right: a commit's tree becomes a folder and an index, as `git worktree add` leaves them.
//! Bytes go out as they are stored: where a filter or an encoding would change them, git must do the work.

mod request;
pub mod verify;

pub use request::{Report, Request, checkout};
