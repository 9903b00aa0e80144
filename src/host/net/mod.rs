//! Ports as the operating system sees them: one probe, all listeners, and who holds them.

pub mod answering;
pub mod check;
pub mod container;
pub mod ephemeral;
pub mod family;
pub mod holding;
pub mod listeners;
pub mod names;
pub mod owner;
pub mod probe;
