//! `wt env`: renders the env block again, checks it, or prints it.

use std::fmt::Write;

use clap::{Args, ValueEnum};

use super::session::Session;
use crate::error::Result;
use crate::model::advised::wt;
use crate::ops::env;
use crate::ops::env_files::follow;
use crate::ops::env_survey::{self, EnvFileState};

/// Render the env block of a worktree again
#[derive(Args, Debug)]
pub struct Arguments {
    /// The worktree; without one the worktree one stands in
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The worktree by its name, as other commands take it
    #[arg(short, long, value_name = "NAME", conflicts_with = "name")]
    pub worktree: Option<String>,
    /// Only say whether the block is current; exit 1 when it is not
    #[arg(long, conflicts_with = "print")]
    pub check: bool,
    /// Print the variables, write nothing
    #[arg(long)]
    pub print: bool,
    /// Print them in this format, write nothing [default: dotenv]
    #[arg(long, value_name = "FORMAT", value_enum, conflicts_with = "check")]
    pub format: Option<FormatFlag>,
}

/// The values of `--format`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FormatFlag {
    Dotenv,
    Sh,
    Json,
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?.of_worktree(arguments.worktree.as_deref());
    let repository = context.require_repository()?;
    let entry = env::require_entry(&context, arguments.name.as_deref())?;
    if arguments.print || arguments.format.is_some() {
        return print(arguments, session, &env::variables_of(&context, repository, &entry)?);
    }
    if arguments.check {
        return check(session, &env_survey::check(&context, repository, &entry)?);
    }
    session.hint_at_own_configuration(&context, &entry.path);
    let entry = env::want_block(&context, entry)?;
    let written = follow(&context, repository, &entry)?;
    written.warnings.iter().for_each(|warning| session.ui.warn(warning));
    if session.ui.is_json() {
        session.ui.answer_json(&written)?;
    } else {
        let paths = |changed: bool| {
            let files = written.env_files.iter().filter(|file| !changed || file.changed);
            files.map(|file| file.path.display().to_string()).collect::<Vec<_>>().join(", ")
        };
        let name = &entry.name;
        session.ui.say(&if written.changed {
            format!("Wrote the env block of `{name}` into {}", paths(true))
        } else {
            format!("The env block of `{name}` is current: {}", paths(false))
        });
    }
    Ok(0)
}

fn print(arguments: &Arguments, session: &Session<'_>, variables: &[(String, String)]) -> Result<u8> {
    if session.ui.is_json() {
        session.ui.answer_json(&env::Variables::of(variables))?;
        return Ok(0);
    }
    let format = match arguments.format {
        None | Some(FormatFlag::Dotenv) => env::EnvFormat::Dotenv,
        Some(FormatFlag::Sh) => env::EnvFormat::Sh,
        Some(FormatFlag::Json) => env::EnvFormat::Json,
    };
    session.ui.answer(&env::print(variables, format)?)?;
    Ok(0)
}

/// Exit 1 when the block is not current, so that a script need not read the words.
fn check(session: &Session<'_>, checked: &env_survey::Checked) -> Result<u8> {
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(checked)?;
    } else {
        let mut text = String::new();
        for file in &checked.env_files {
            let said = match file.state {
                EnvFileState::Current => "is current",
                EnvFileState::Missing => "has no env block",
                EnvFileState::Drifted => "is not current",
                EnvFileState::NoFolder => "is not written: its folder is not there",
            };
            let _ = writeln!(text, "{} {said}", file.path.display());
            for line in &file.found {
                let _ = writeln!(text, "  - {line}");
            }
            for line in &file.expected {
                let _ = writeln!(text, "  + {line}");
            }
        }
        ui.answer(&text)?;
    }
    if checked.state == EnvFileState::Current {
        return Ok(0);
    }
    ui.hint(&format!("`{env}` renders it again", env = wt("env {}", &[&checked.name])));
    Ok(1)
}
