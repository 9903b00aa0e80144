//! The command line as a whole: the flags every command takes, and one of the commands.

use clap::Parser;

use super::commands::Command;
use super::global::GlobalArguments;

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
            assert!(cli.global.json && cli.global.directories.len() == 1, "{line:?}");
        }
    }
}
