//! git's hooks that call `wt`: installed beside those that are there, taken away, and judged.

mod inspect;
mod install;
mod place;
mod status;
mod uninstall;

pub use inspect::{HookSight, Inspection, inspect, reached};
pub use install::{Report, install};
pub use status::{HookStatus, HooksStatus};
pub use uninstall::uninstall;
