//! A process: its identity, to whom it belongs, and whether it may be ended.

pub mod attribution;
pub mod evidence;
pub mod facts;
mod identity;
pub mod killing;
pub mod kinship;
pub mod strays;

pub use identity::ProcessId;
