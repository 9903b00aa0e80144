//! `wt ports`: one file per subcommand.

mod allocate;
mod available;
mod check;
mod cleanup;
pub mod command;
mod conflicts;
mod exclude;
mod history;
mod kill;
mod list;
mod owner;
mod release;
mod resolve;
mod scan;

pub use command::{Arguments, run};
pub use resolve::StrategyFlag as Strategy;
