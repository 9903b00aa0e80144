//! Who has which branch and port beside this machine's registry, which stays this machine's own truth.

mod git;
mod journal;
mod none;
mod port;
mod remote;
mod shared;
mod shared_folder;
mod shared_lock;
mod state_id;

pub use git::{Claimant, GitClaims};
pub use journal::Journal;
pub use none::Unclaimed;
pub use port::Claims;
pub use remote::Remote;
pub use shared::{Held, Seat, SharedHost};
pub use shared_folder::make as make_shared_folder;
pub use state_id::state_id;
