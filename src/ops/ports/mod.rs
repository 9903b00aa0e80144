//! What is done about ports, one use case to a file.

mod move_port;

pub use move_port::relocate;
