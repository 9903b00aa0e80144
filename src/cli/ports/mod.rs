//! `wt ports`: one file per subcommand.

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
mod resolve;

pub use command::{Arguments, run};
