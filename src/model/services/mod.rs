//! Running services: what is known of each, the machine that decides, and what is written down and said about them.

pub mod batch;
pub mod command;
pub mod compose;
pub mod elsewhere;
pub mod limits;
pub mod live;
pub mod machine;
pub mod news;
pub mod order;
pub mod plan;
pub mod protocol;
pub mod quiet;
pub mod readiness;
pub mod record;
#[cfg(test)]
pub mod sample;
pub mod samples;
pub mod service;
pub mod state;
pub mod story;
