//! Who has which name and port beside this machine's registry, which stays this machine's own truth.

mod none;
mod port;

pub use none::Unclaimed;
pub use port::Claims;
