//! What the program, the tests and the benches may name. Everything else is the crate's own, so that the compiler tells of
//! code that nobody uses.

pub use crate::cli::answers;
pub use crate::cli::arguments::Cli;
pub use crate::cli::dispatch::run;
pub use crate::cli::help;
pub use crate::context::Context;
pub use crate::host::dirs::Dirs;
pub use crate::host::environment::Environment;
pub use crate::host::files;
pub use crate::host::git::Repository;
pub use crate::host::git_files::checkout::{Request, SiblingCandidate, checkout};
pub use crate::host::git_files::conversion::Outside;
pub use crate::host::interrupt::Interrupt;
pub use crate::host::machine::Host;
pub use crate::host::net::check::ask::{ServiceQuestion, ask};
pub use crate::host::net::check::calls::OwnCalls;
pub use crate::host::net::listeners::listeners;
pub use crate::host::net::owner::attribute;
pub use crate::host::net::probe::{Probe, prober};
pub use crate::host::services::hold;
pub use crate::host::services::kin;
pub use crate::host::services::launch::{Launch, Launched, launch_through};
pub use crate::host::store::{Store, StoreMemory};
pub use crate::model::config::merge;
pub use crate::model::health::check::{CheckKind, CheckOutcome, HttpCheck};
pub use crate::model::hooks::partner::Partner;
pub use crate::model::hooks::text::GitHook;
pub use crate::model::port::{Port, PortRange};
pub use crate::model::quoting::{Quoted, quote};
pub use crate::model::registry::allocation::Allocation;
pub use crate::model::registry::entry::{Entry, EntryState};
pub use crate::model::registry::note::Notes;
pub use crate::model::registry::repository::RepositoryId;
pub use crate::model::registry::table::Registry;
pub use crate::model::words;
pub use crate::ops::ports::sight::{PortLook, judge_all};
