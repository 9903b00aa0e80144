//! Names in place of ports: finding the service that a name stands for, and proving that it is the one that answers.

mod book;
mod proof;
mod waking;

pub use book::{Book, NamedTarget};
pub use proof::{Proof, nobody, prove};
pub use waking::{sleeps, wake};
