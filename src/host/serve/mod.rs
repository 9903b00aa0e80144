//! What a running `wt serve` needs of the machine: its seat, its sockets on loopback, and word of what changes.

pub mod change;
pub mod handed;
pub mod listen;
pub mod seat;
