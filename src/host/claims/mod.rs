//! Who has which branch and port beside this machine's registry, which stays this machine's own truth.

mod annex;
mod board;
mod book;
#[cfg(feature = "etcd")]
mod etcd;
#[cfg(feature = "etcd")]
mod etcd_login;
#[cfg(feature = "etcd")]
mod etcd_open;
#[cfg(feature = "etcd")]
mod etcd_trust;
#[cfg(feature = "etcd")]
mod gateway;
mod giving_back;
mod identity;
mod journal;
mod keeper;
mod network;
mod none;
mod patience;
mod port;
mod pulse;
mod remote;
mod running;
mod shared;
mod shared_folder;
mod shared_lock;
mod state_id;

pub use annex::Annex;
pub use board::{Board, UnreadClaim};
pub use book::TeamBook;
#[cfg(feature = "etcd")]
pub use etcd_open::{EtcdPlace, open as open_etcd};
pub use identity::{read as host_identity, renew as renew_host_identity};
pub use journal::{Journal, Pushed};
pub use keeper::Keeper;
pub use network::{Claimant, NetworkClaims};
pub use none::Unclaimed;
pub use patience::Patience;
pub use port::{Claims, Taking};
pub use pulse::Pulse;
pub use remote::Remote;
pub use shared::{Held, Seat, SharedHost};
pub use shared_folder::make as make_shared_folder;
pub use state_id::state_id;
