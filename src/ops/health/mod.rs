//! Do the services answer: what is to be looked at, the look, and the record of it.

pub mod gather;
pub mod look;
pub mod ports;
pub mod reach;
pub mod record;
pub mod report;
pub mod watch;
