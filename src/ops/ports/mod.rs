//! What is done about ports, one use case to a file.

pub mod cleanup;
pub mod disputes;
pub mod history;
pub mod holders;
pub mod kill;
mod move_port;
pub mod resolve;
pub mod strays;

pub use move_port::relocate;
