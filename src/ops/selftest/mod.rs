//! `wt selftest`: the promises, tried out in a place of their own.

mod checks;
mod lab;
mod listener;
mod run;

pub use listener::listen;
pub use run::{Report, Tried, enter_namespace, selftest};
