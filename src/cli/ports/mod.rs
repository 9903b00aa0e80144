//! `wt ports`: one file per subcommand.

pub mod command;
mod history;
mod kill;
mod owner;

pub use command::{Arguments, run};
