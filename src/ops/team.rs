//! Who has what beside this user and this machine: `wt team`.

mod init;
mod survey;

pub use init::{Initiated, init};
pub use survey::{Report, survey};
