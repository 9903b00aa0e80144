//! Which commands only look, so that a read-only policy lets them.

use std::ffi::OsStr;

use super::arguments::Command;
use super::config::ConfigCommand;
use super::hooks::HooksCommand;
use super::ports::command::PortsCommand;
use crate::error::{Code, Failure, Result};
use crate::model::policy;

/// Answers whether a command changes nothing, whatever it finds.
#[must_use]
pub fn only_looks(command: &Command) -> bool {
    match command {
        Command::List(_)
        | Command::Path(_)
        | Command::Status(_)
        | Command::Logs(_)
        | Command::Url(_)
        | Command::Wait(_)
        | Command::Events(_)
        | Command::Metrics(_)
        | Command::Report(_)
        | Command::Prompt(_)
        | Command::Doctor(_)
        | Command::Schema(_)
        | Command::ShellInit(_)
        | Command::Completions(_)
        | Command::Complete(_)
        | Command::Hook(_) => true,
        // Whoever starts a session is never stopped; what it would record is not.
        Command::Agent(arguments) => {
            matches!(
                arguments.word(),
                "agent enter" | "agent state" | "agent leave" | "agent status" | "agent text"
            )
        }
        // It shows, and starts nothing.
        Command::Serve(arguments) => arguments.shows(),
        Command::Health(arguments) => !arguments.install_timer && !arguments.uninstall_timer,
        Command::Env(arguments) => arguments.check || arguments.print || arguments.format.is_some(),
        Command::Validate(arguments) => !arguments.fix || arguments.dry_run,
        Command::Trust(arguments) => arguments.status || arguments.list,
        Command::Create(arguments) => arguments.dry_run,
        Command::Remove(arguments) => arguments.dry_run,
        Command::Prune(arguments) => arguments.dry_run,
        Command::Carry(arguments) => arguments.dry_run,
        Command::Team(arguments) => arguments.command.is_none(),
        Command::Clean(arguments) => arguments.dry_run,
        Command::Init(arguments) => arguments.print || arguments.dry_run,
        Command::Switch(arguments) => arguments.execute.is_empty(),
        Command::Man(arguments) => arguments.folder.is_none(),
        Command::Restore(arguments) => arguments.name.is_none(),
        Command::Hooks(arguments) => matches!(arguments.command, HooksCommand::Status),
        Command::Config(arguments) => !matches!(arguments.command, ConfigCommand::Export { file: Some(_) }),
        Command::Ports(arguments) => arguments.command.as_ref().is_none_or(|command| {
            matches!(
                command,
                PortsCommand::List(_)
                    | PortsCommand::Check(_)
                    | PortsCommand::Available(_)
                    | PortsCommand::Next(_)
                    | PortsCommand::Conflicts(_)
                    | PortsCommand::Scan(_)
                    | PortsCommand::Owner(_)
                    | PortsCommand::History(_)
            )
        }),
        _ => false,
    }
}

/// The variables that set the policy.
pub const VARIABLES: [&str; 2] = ["WT_POLICY", "WT_POLICY_MODE"];

/// Refuses, by the values of the [`VARIABLES`] alone, what changes things where nothing may be changed. A value that is no policy lets nothing through.
///
/// # Errors
///
/// `not_allowed`, `config_invalid`.
pub fn require_allowed(said: &[Option<&OsStr>], command: &str, looks: bool) -> Result<()> {
    for said in said.iter().flatten().filter(|said| !said.is_empty()) {
        match said.to_str() {
            Some("full") => {}
            Some("read-only") if looks => {}
            Some("read-only") => return Err(policy::read_only(command)),
            _ => {
                let message =
                    format!("WT_POLICY is `{}`, which is no policy", said.to_string_lossy().escape_debug());
                return Err(Failure::new(Code::ConfigInvalid, message).hint("write `read-only` or `full`"));
            }
        }
    }
    Ok(())
}
