//! The command line as a whole: the flags every command takes, and the commands.

use clap::{Parser, Subcommand};

use super::global::GlobalArguments;
use super::rename;
use super::team;
use super::{
    adopt, agent, carry, clean, complete, completions, compose_service, config, create, doctor, down, env,
    exec, health, hook, hooks, init, list, logs, man, path, ports, prompt, prune, remove, restart, restore,
    run, schema, serve, setup, shell_init, status, supervise, sweep, switch, trust, up, url, validate, wait,
};
use super::{events, metrics, monitor, report, selftest};

/// Git worktrees with their own ports, their own .env and their own place, and back again.
#[derive(Debug, Parser)]
#[command(
    name = "wt",
    version,
    about = "Git worktrees with their own folder, ports and .env; created in one command, taken back in one",
    max_term_width = 100,
    disable_help_subcommand = false,
    after_help = "Exit codes: 0 done, 1 could not or refused, 2 asked wrongly, 130 interrupted."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArguments,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Create(create::Arguments),
    Remove(remove::Arguments),
    Rename(rename::Arguments),
    Restore(restore::Arguments),
    Prune(prune::Arguments),
    Clean(clean::Arguments),
    List(list::Arguments),
    Path(path::Arguments),
    Ports(ports::Arguments),
    Switch(switch::Arguments),
    Env(env::Arguments),
    Carry(carry::Arguments),
    Team(team::Arguments),
    Setup(setup::Arguments),
    Adopt(adopt::Arguments),
    Events(events::Arguments),
    Agent(agent::Arguments),
    Prompt(prompt::Arguments),
    Health(health::Arguments),
    Up(up::Arguments),
    Down(down::Arguments),
    Restart(restart::Arguments),
    Status(status::Arguments),
    Logs(logs::Arguments),
    Run(run::Arguments),
    Exec(exec::Arguments),
    Url(url::Arguments),
    Metrics(metrics::Arguments),
    Report(report::Arguments),
    Monitor(monitor::Arguments),
    Wait(wait::Arguments),
    Trust(trust::Arguments),
    Validate(validate::Arguments),
    Config(config::Arguments),
    Init(init::Arguments),
    Doctor(doctor::Arguments),
    Selftest(selftest::Arguments),
    Serve(serve::Arguments),
    Schema(schema::Arguments),
    ShellInit(shell_init::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    Hooks(hooks::Arguments),
    #[command(hide = true, name = "__complete")]
    Complete(complete::Arguments),
    #[command(hide = true)]
    Hook(hook::Arguments),
    #[command(hide = true)]
    ComposeService(compose_service::Arguments),
    #[command(hide = true)]
    Sweep(sweep::Arguments),
    #[command(hide = true)]
    Supervise(supervise::Arguments),
}

impl Command {
    /// Returns the word that names the command in `--json`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Remove(_) => "remove",
            Self::Rename(_) => "rename",
            Self::Restore(_) => "restore",
            Self::Clean(_) => "clean",
            Self::Prune(_) => "prune",
            Self::List(_) => "list",
            Self::Path(_) => "path",
            Self::Ports(arguments) => arguments.word(),
            Self::Switch(_) => "switch",
            Self::Env(_) => "env",
            Self::Carry(_) => "carry",
            Self::Team(arguments) => arguments.word(),
            Self::Setup(_) => "setup",
            Self::Adopt(_) => "adopt",
            Self::Events(_) => "events",
            Self::Agent(arguments) => arguments.word(),
            Self::Prompt(_) => "prompt",
            Self::Health(_) => "health",
            Self::Up(_) => "up",
            Self::Down(_) => "down",
            Self::Restart(_) => "restart",
            Self::Status(_) => "status",
            Self::Logs(_) => "logs",
            Self::Run(_) => "run",
            Self::Exec(_) => "exec",
            Self::Url(_) => "url",
            Self::Metrics(_) => "metrics",
            Self::Report(_) => "report",
            Self::Monitor(_) => "monitor",
            Self::Wait(_) => "wait",
            Self::Trust(_) => "trust",
            Self::Validate(_) => "validate",
            Self::Config(arguments) => arguments.word(),
            Self::Init(_) => "init",
            Self::Doctor(_) => "doctor",
            Self::Selftest(_) => "selftest",
            Self::Serve(_) => "serve",
            Self::Schema(_) => "schema",
            Self::ShellInit(_) => "shell-init",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
            Self::Hooks(arguments) => arguments.word(),
            Self::Complete(_) => "__complete",
            Self::Hook(_) => "hook",
            Self::ComposeService(_) => "compose-service",
            Self::Sweep(_) => "sweep",
            Self::Supervise(_) => "supervise",
        }
    }
}

impl Command {
    /// Returns the name behind `-w`, where the command may concern a worktree of any repository. What takes ports away keeps
    /// to its own.
    pub fn worktree(&mut self) -> Option<&mut String> {
        match self {
            Self::Env(arguments) => arguments.worktree.as_mut(),
            Self::Setup(arguments) => arguments.worktree.as_mut(),
            Self::Health(arguments) if !arguments.all => arguments.worktree.as_mut(),
            Self::Up(arguments) => arguments.worktree.as_mut(),
            Self::Down(arguments) => arguments.worktree.as_mut(),
            Self::Restart(arguments) => arguments.worktree.as_mut(),
            Self::Status(arguments) => arguments.worktree.as_mut(),
            Self::Logs(arguments) => arguments.worktree.as_mut(),
            Self::Run(arguments) => arguments.worktree.as_mut(),
            Self::Url(arguments) => arguments.worktree.as_mut(),
            Self::Wait(arguments) => arguments.worktree.as_mut(),
            Self::Ports(arguments) => arguments.worktree(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_for_all_stand_before_and_after_the_command() {
        for line in [["wt", "--json", "-C", "/x", "list"], ["wt", "list", "--json", "-C", "/x"]] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert!(cli.global.json && cli.global.directory.is_some(), "{line:?}");
        }
    }
}
