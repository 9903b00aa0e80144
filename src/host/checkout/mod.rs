//! Files onto disk, fast and right: a commit's tree becomes a folder and an index, as `git worktree add` leaves them.
//! Bytes go out as they are stored: where a filter or an encoding would change them, git must do the work.

mod blobs;
mod copy;
mod folders;
mod index;
mod names;
mod place;
mod plan;
mod request;
mod sibling;
#[cfg(test)]
mod tests;
pub mod verify;
mod writer;

pub use request::{Report, Request, checkout};
pub use sibling::{Candidate, Candidates};
