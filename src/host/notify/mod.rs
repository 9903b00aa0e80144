//! Being told: the file of what is due, and how a notice leaves this machine.

pub mod notifier_seat;
pub mod post;
pub mod spool;
mod tls;
