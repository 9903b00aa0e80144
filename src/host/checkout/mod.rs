//! Files onto disk, fast and right: a commit's tree becomes a folder and an index.

mod engine;
mod index;
mod plan;
pub mod verify;
mod writer;

pub use engine::{Report, Request, checkout};
