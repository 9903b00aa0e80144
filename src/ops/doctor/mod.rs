//! `wt doctor`: looks at everything on this machine that will bite, and changes nothing. Its checks: `ops/checks`.

pub mod claims;
mod examine;
pub mod machine;
pub mod records;
pub mod repository;
mod sight;
mod trouble;

pub use examine::{Report, examine};
pub use sight::DoctorSight;
pub use trouble::DoctorTrouble;
