//! Files onto disk, fast and right: a commit's tree becomes a folder and an index, as `git worktree add` leaves them.
//! Line endings and `$Id$` are converted as git does; where a filter or an encoding is in use, git must do the work.

mod attributes;
mod blobs;
mod copy;
mod folders;
mod index;
mod names;
mod objects;
mod output;
mod place;
mod plan;
mod request;
mod sibling;
#[cfg(test)]
mod tests;
pub mod verify;
mod writer;

pub use request::{Report, Request, checkout};
pub use sibling::{Candidates, SiblingCandidate};
