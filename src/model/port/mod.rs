//! A port: its number, the ranges and exclusions it is chosen by, who has it and who holds it, and what follows from that.

pub mod choice;
pub mod dispute;
pub mod doubled;
pub mod exclusion;
pub mod holder;
pub mod kept;
pub mod listener;
pub mod matter;
mod number;
pub mod occupancy;
pub mod often;
pub mod own_server;
mod range;
pub mod refused;
pub mod remedy;
pub mod resolution;
pub mod restarting;
#[cfg(test)]
pub mod sample;
pub mod selection;
pub mod situation;
pub mod tenant;
pub mod verdict;
pub mod wish;
pub mod words;

pub use number::Port;
pub use range::{PortRange, PortRanges, compressed};
