//! A port: its number, the ranges and exclusions it is chosen by, who has it and who holds it, and what follows from that.

pub mod dispute;
pub mod doubled;
pub mod exclusion;
pub mod listener;
mod number;
pub mod occupancy;
mod range;
pub mod resolution;
pub mod selection;
pub mod tenant;
pub mod verdict;
pub mod wish;
pub mod words;

pub use number::Port;
pub use range::{PortRange, PortRanges, compressed};
