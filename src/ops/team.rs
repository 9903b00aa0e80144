//! Who has what beside this user and this machine: `wt team`.

mod branches;
mod init;
mod survey;

pub use branches::{ClaimChange, claim, release};
pub use init::{Initiated, init};
pub use survey::{Report, survey};
