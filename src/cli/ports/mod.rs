//! `wt ports`: one file per subcommand.

mod cleanup;
pub mod command;
mod history;
mod kill;
mod owner;
mod resolve;

pub use command::{Arguments, run};
