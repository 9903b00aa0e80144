//! Who has what beside this user and this machine: `wt team`.

mod beat;
mod branches;
mod hosts;
mod init;
mod port_row;
mod running;
mod survey;

pub use beat::{WORDS as WORDS_OF_BEAT, beat, has_claims_of_branch};
pub use branches::{ClaimChange, claim, release};
pub use hosts::{Renewed, renew};
pub use init::{Initiated, init};
pub use running::{RunningReport, running, tell as tell_running};
pub use survey::{Report, survey};
