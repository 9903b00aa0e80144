//! Looks for what is wrong with the records, and mends it: gather once, check purely, apply each fix, look again.

mod adopt;
mod believe;
mod claims;
mod fix;
mod gather;
mod grounds;
mod idle;
mod look;
mod rebuild;
mod release;
mod repair;
mod report;
mod rows;
mod see;

pub use fix::fix;
pub use idle::{IdlePort, give_back, give_up, give_way, idle_ports};
pub use look::{plan, validate, validate_among};
pub use report::{Looked, Report, Request};
