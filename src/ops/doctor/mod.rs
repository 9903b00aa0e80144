//! `wt doctor`: looks at everything on this machine that will bite, and changes nothing.

mod examine;
mod machine;
mod records;
mod repository;
mod trouble;

pub use examine::{Report, examine};
pub use trouble::DoctorTrouble;
