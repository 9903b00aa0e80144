//! `wt exec`: one command in several worktrees, its output behind their names, and how each ended.

use std::ffi::OsString;

use clap::Args;

use super::session::Session;
use crate::error::{Code, Failure, Result};
use crate::model::purpose::Purpose;
use crate::model::stream::Stream;
use crate::ops::exec::{self, ExecListener, ExecRun, Report, Request, WantedWorktrees};
use crate::ui::escape;
use crate::ui::output::Ui;
use crate::ui::table::{self, TableRow};

/// Run one command in several worktrees, each with its env block's variables
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: the highest of the commands' own, 0 where nothing was run; 127 there is no such command, 126 it may \
                  not be run, 128 + n signal n ended it, 130 Ctrl-C ended all of them."
)]
pub struct Arguments {
    /// These worktrees
    #[arg(value_name = "NAME", conflicts_with_all = ["all", "purpose"], required_unless_present_any = ["all", "purpose"])]
    pub names: Vec<String>,
    /// All of the repository, the main one only where it is recorded
    #[arg(short, long)]
    pub all: bool,
    /// All with this purpose
    #[arg(short, long, value_name = "PURPOSE")]
    pub purpose: Option<Purpose>,
    /// How many run at a time
    #[arg(short, long, value_name = "N", default_value = "1", value_parser = jobs)]
    pub jobs: usize,
    /// The command and its arguments, without a shell
    #[arg(value_name = "CMD", required = true, last = true)]
    pub words: Vec<OsString>,
}

fn jobs(text: &str) -> std::result::Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "say how many, from 1".to_owned())
}

/// Runs the command.
///
/// # Errors
///
/// `not_found` before anything runs; `interrupted`.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?;
    let ui = session.ui;
    let wanted = if arguments.names.is_empty() {
        WantedWorktrees::All(arguments.purpose)
    } else {
        WantedWorktrees::Named(arguments.names)
    };
    let request = Request { wanted, words: arguments.words, jobs: arguments.jobs };
    let mut voice = Voice { ui, width: 0 };
    let report = exec::exec(&context, &request, &mut voice)?;
    for run in report.runs.iter().filter(|run| run.skipped) {
        let reason = run.reason.as_deref().unwrap_or_default();
        ui.say(&format!("skipped `{}`: {reason}", run.worktree));
    }
    if report.is_interrupted {
        let runs = serde_json::to_value(&report.runs).unwrap_or_default();
        if !ui.is_json() {
            show(ui, &report)?;
        }
        return Err(Failure::new(Code::Interrupted, "interrupted").detail("runs", runs));
    }
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else {
        show(ui, &report)?;
    }
    Ok(if ui.is_abandoned() { 0 } else { report.worst() })
}

/// The table, behind an empty line: what stands above it is the commands' own.
fn show(ui: &Ui, report: &Report) -> Result<()> {
    if report.runs.is_empty() {
        ui.say("no worktree is meant: nothing was run");
        return Ok(());
    }
    let cells = |run: &ExecRun| {
        let status = run.status.map_or_else(|| "skipped".to_owned(), |status| status.to_string());
        let time = run.duration_ms.map(|time| format!("{time} ms")).unwrap_or_default();
        TableRow::plain(vec![run.worktree.clone(), status, time, run.reason.clone().unwrap_or_default()])
    };
    let rows: Vec<TableRow> = report.runs.iter().map(cells).collect();
    let text = table::render(ui, &["WORKTREE", "EXIT", "TIME", "REASON"], &rows, &["TIME"]);
    ui.answer(&format!("\n{text}"))
}

/// Shows each line behind its worktree's name, on the stream that it was written to; with `--json` all on stderr.
#[derive(Debug)]
struct Voice<'a> {
    ui: &'a Ui,
    width: usize,
}

impl ExecListener for Voice<'_> {
    fn begin(&mut self, names: &[&str]) {
        self.width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    }

    fn line(&mut self, worktree: &str, stream: Stream, line: &[u8]) -> bool {
        let ui = self.ui;
        let is_answer = stream == Stream::Stdout && !ui.is_json();
        let is_terminal = if is_answer { ui.width() } else { ui.talk_width() }.is_some();
        let mut bytes = Vec::with_capacity(worktree.len() + line.len() + 8);
        if is_terminal {
            let is_painted = if is_answer { ui.is_painted() } else { ui.talk_is_painted() };
            let text = escape::colored_line(&String::from_utf8_lossy(line), is_painted);
            // What a line turns on ends with it.
            let reset = if text.contains('\u{1b}') { "\u{1b}[0m" } else { "" };
            let width = self.width;
            bytes.extend_from_slice(format!("{:width$} | {text}{reset}", escape::line(worktree)).as_bytes());
        } else {
            bytes.extend_from_slice(worktree.as_bytes());
            bytes.push(b'\t');
            bytes.extend_from_slice(line);
        }
        bytes.push(b'\n');
        if is_answer {
            // A pipe that nobody reads is seen below.
            let _ = ui.answer_bytes(&bytes);
        } else {
            ui.pass_on(&bytes);
        }
        ui.is_json() || !ui.is_abandoned()
    }
}
