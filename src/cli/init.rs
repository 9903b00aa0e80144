//! `wt init`: shows what it would write, asks, and writes it: a starter configuration with the services that it found.

use std::fmt::Write;

use clap::Args;

use super::session::Session;
use crate::context::not_a_repository;
use crate::error::Result;
use crate::model::import::tools::export::Tool;
use crate::ops::dry_run::DryRun;
use crate::ops::export;
use crate::ops::init::{self, AgreedProposal, Plan, Report};
use crate::ui::{escape, prompt};

/// Write a commented starter .wt.toml, with the services that the repository's apps and other tools' files describe
///
/// Looks for apps in the folders of the repository (package.json, pyproject.toml, Gemfile, composer.json, go.mod, Cargo.toml,
/// pom.xml, .env.example and more), and reads what there is of process-compose.yaml, Procfile.dev or Procfile, and a compose
/// file. It also takes over what the files of other tools that make worktrees say: worktrunk, Cursor, Conductor, Codex, Orca,
/// workmux, gtr, wtp and Phantom. It proposes services, their env files, ignored files to carry, and the commands that make a worktree ready; each line
/// has its reason as a comment. Nothing is run. For published ports of the compose file it also offers compose.override.yaml,
/// which is to be committed: Compose reads the one in the worktree. A terminal is asked about each file; elsewhere .wt.toml
/// alone is written, and with --yes both. Where there is a .wt.toml already, what is new is offered for its end. Nothing is ever
/// overwritten.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Print the text of .wt.toml, or what is new for it, and write nothing
    #[arg(long, conflicts_with = "dry_run")]
    pub print: bool,
    /// Show what would be written, write nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Write the file of another tool instead, with the line that tells us of its worktrees: cursor, codex or conductor
    #[arg(long, value_name = "TOOL")]
    pub export: Option<Tool>,
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let surroundings = session.surroundings()?;
    let root = surroundings.configured_folder().ok_or_else(|| not_a_repository(&surroundings.folder))?;
    if let Some(tool) = arguments.export {
        return export_file(arguments, session, export::plan(root, tool)?);
    }
    let plan = init::plan(root, surroundings.repository.as_ref())?;
    if arguments.print || arguments.dry_run {
        foretell(session, &plan, arguments.print)?;
        return Ok(0);
    }
    let agreed = agree(session, &plan)?;
    let left = plan.clone();
    let report = init::apply(plan, agreed)?;
    if session.ui.is_json() {
        session.ui.answer_json(&report)?;
        return Ok(0);
    }
    tell(session, &report, &left);
    Ok(0)
}

fn export_file(arguments: &Arguments, session: &Session<'_>, plan: export::Plan) -> Result<u8> {
    let ui = session.ui;
    if arguments.print || arguments.dry_run {
        if ui.is_json() {
            ui.answer_json(&DryRun { plan: &plan })?;
        } else {
            ui.answer(&escape::lines(plan.text.as_deref().unwrap_or_default()))?;
        }
        return Ok(0);
    }
    let report = export::apply(plan)?;
    if ui.is_json() {
        ui.answer_json(&report)?;
        return Ok(0);
    }
    let path = report.path.display();
    ui.say(&if report.written { format!("Wrote {path}") } else { format!("{path} has the line already") });
    Ok(0)
}

fn foretell(session: &Session<'_>, plan: &Plan, only_text: bool) -> Result<()> {
    let ui = session.ui;
    if ui.is_json() {
        return ui.answer_json(&DryRun { plan });
    }
    plan.warnings.iter().for_each(|warning| ui.warn(warning));
    let text = plan.text.as_deref().unwrap_or_default();
    if only_text {
        return ui.answer(&escape::lines(text.trim_start_matches('\n')));
    }
    ui.answer(&shown(plan))
}

/// The files with their texts, as a person reads them before agreeing.
fn shown(plan: &Plan) -> String {
    let mut text = String::new();
    let verb = if plan.appends { "Would add to the end of" } else { "Would write" };
    if let Some(new) = &plan.text {
        let _ = writeln!(text, "{verb} {}:\n", escape::line(&plan.path.to_string_lossy()));
        text.push_str(&indented(new));
    } else {
        let path = plan.path.to_string_lossy();
        let _ = writeln!(text, "Nothing is new for {}", escape::line(&path));
    }
    if let Some(file) = &plan.compose_override {
        let _ = writeln!(text, "\nWould write {}:\n", escape::line(&file.path.to_string_lossy()));
        text.push_str(&indented(&file.text));
    }
    text
}

fn indented(text: &str) -> String {
    let lines = text.trim_matches('\n').lines();
    lines.map(|line| format!("  {}\n", escape::line(line)).replace("  \n", "\n")).collect()
}

/// A terminal is asked about each file. Elsewhere a new `.wt.toml` needs no word of agreement: it was asked for.
fn agree(session: &Session<'_>, plan: &Plan) -> Result<AgreedProposal> {
    let ui = session.ui;
    let yes = session.global.yes;
    if !ui.is_interactive() {
        let configuration = yes || !plan.appends;
        return Ok(AgreedProposal { configuration, compose_override: yes });
    }
    if plan.text.is_none() && plan.compose_override.is_none() {
        // That is said once, as what became of it.
        return Ok(AgreedProposal { configuration: false, compose_override: false });
    }
    ui.say_shown(&shown(plan));
    let file = plan.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let question = if plan.appends { format!("Add this to {file}?") } else { format!("Write {file}?") };
    let configuration = plan.text.is_some() && prompt::confirm(ui, &question)?;
    let compose_override = match &plan.compose_override {
        Some(file) if configuration || plan.text.is_none() => {
            let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            prompt::confirm(ui, &format!("Write {name}?"))?
        }
        _ => false,
    };
    Ok(AgreedProposal { configuration, compose_override })
}

fn tell(session: &Session<'_>, report: &Report, plan: &Plan) {
    let ui = session.ui;
    let path = report.path.display();
    if report.written {
        ui.say(&if plan.appends { format!("Added to {path}") } else { format!("Wrote {path}") });
        for proposed in &report.services {
            ui.say(&format!("  {}, from {}", proposed.service, proposed.from));
        }
        for step in &report.beside.setup {
            ui.say(&format!("  setup `{}`, for {}", step.command, step.from));
        }
        for step in &report.beside.teardown {
            ui.say(&format!("  teardown `{}`, from {}", step.command, step.from));
        }
        for one in &report.beside.carry {
            ui.say(&format!("  carry {}: {}", one.pattern, one.from));
        }
        for left in &report.beside.left_out {
            ui.say(&format!("  left out: {left}"));
        }
    } else if plan.text.is_none() && ui.is_interactive() && plan.compose_override.is_some() {
        // It stood in what was shown before the question.
    } else if plan.text.is_none() {
        ui.say(&format!("Nothing is new for {path}"));
    } else {
        ui.say(&format!("Wrote nothing into {path}"));
        if !ui.is_interactive() {
            ui.hint("`wt init --print` shows what is new, `wt init --yes` adds it to the end");
        }
    }
    match (&report.compose_override, &plan.compose_override) {
        (Some(path), _) => {
            ui.say(&format!("Wrote {}: its ports come from .env", path.display()));
            ui.hint(
                "commit it with the compose file: a worktree has what its branch has, and Compose reads the override \
                 in the worktree",
            );
        }
        (None, Some(left)) => {
            ui.warn("the published ports of the compose file are the same in every worktree");
            ui.hint(&format!(
                "`wt init --yes` also writes {}, which takes them from .env",
                left.path.display()
            ));
        }
        (None, None) => {}
    }
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if report.written && !report.services.is_empty() {
        ui.hint("look at it, then `wt trust`, and in a worktree that `wt create` made: `wt up`");
    }
}
