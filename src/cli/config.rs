//! `wt config`: the effective configuration, each value with its origin.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::session::Session;
use crate::error::Result;
use crate::ops::config;
use crate::ui::table::{self, TableRow};

/// Show the effective configuration
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to show.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every value and where it comes from
    Show {
        /// A key or a section, such as `ports.conflict`; all without one
        #[arg(value_name = "KEY")]
        key: Option<String>,
    },
    /// The files that are read
    Path,
    /// Write all values as one file, which `--config FILE` reads back
    Export {
        /// The new file; without it, or as `-`, the text is printed
        #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
    /// Every key with its type and meaning
    Schema,
}

/// Returns the file that is written; `-` is stdout, as for `wt report --html -`.
fn named(file: Option<&Path>) -> Option<&Path> {
    file.filter(|file| *file != Path::new("-"))
}

impl Arguments {
    /// Answers whether it writes no file.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        match &self.command {
            ConfigCommand::Export { file } => named(file.as_deref()).is_none(),
            ConfigCommand::Show { .. } | ConfigCommand::Path | ConfigCommand::Schema => true,
        }
    }

    /// Returns the word that names the command in `--json`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.command {
            ConfigCommand::Show { .. } => "config show",
            ConfigCommand::Path => "config path",
            ConfigCommand::Export { .. } => "config export",
            ConfigCommand::Schema => "config schema",
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let surroundings = session.surroundings()?;
    let sources = surroundings.sources();
    match &arguments.command {
        ConfigCommand::Show { key } => {
            show(session, &config::show(&config::load(&sources)?, key.as_deref())?)
        }
        ConfigCommand::Path => paths(session, &config::files(&sources)),
        ConfigCommand::Export { file } => {
            let file = named(file.as_deref()).map(|file| surroundings.folder.join(file));
            export(session, &config::export::export(&sources, file.as_deref())?)
        }
        ConfigCommand::Schema => schema(session),
    }
}

fn show(session: &Session<'_>, shown: &config::ShownConfig) -> Result<u8> {
    if session.ui.is_json() {
        session.ui.answer_json(shown)?;
        return Ok(0);
    }
    let rows: Vec<TableRow> = shown
        .values
        .iter()
        .map(|value| {
            TableRow::plain(vec![value.key.clone(), value.value.to_string(), value.origin.to_string()])
        })
        .collect();
    session.ui.answer(&table::render(session.ui, &["key", "value", "origin"], &rows, &[]))?;
    shown.uncounted.iter().for_each(|said| session.ui.warn(said));
    Ok(0)
}

fn export(session: &Session<'_>, exported: &config::export::Report) -> Result<u8> {
    if session.ui.is_json() {
        session.ui.answer_json(exported)?;
    } else if let Some(file) = &exported.file {
        session.ui.say(&format!("Wrote {file}"));
    } else {
        session.ui.answer(&exported.text)?;
    }
    Ok(0)
}

fn paths(session: &Session<'_>, files: &config::Files) -> Result<u8> {
    if session.ui.is_json() {
        session.ui.answer_json(files)?;
        return Ok(0);
    }
    let rows: Vec<TableRow> = files
        .files
        .iter()
        .map(|file| {
            let state = match (file.read, file.exists) {
                (true, true) => "read",
                (false, true) => "not read",
                (_, false) => "not there",
            };
            TableRow::plain(vec![file.path.clone(), state.to_owned()])
        })
        .collect();
    session.ui.answer(&table::render(session.ui, &["file", "state"], &rows, &[]))?;
    Ok(0)
}

fn schema(session: &Session<'_>) -> Result<u8> {
    let schema = config::schema();
    if session.ui.is_json() {
        session.ui.answer_json(&schema)?;
    } else {
        session.ui.answer(&format!("{:#}\n", schema.config_schema))?;
    }
    Ok(0)
}
