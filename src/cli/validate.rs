//! `wt validate`: what is wrong with the records, and mending it.

use std::collections::HashMap;
use std::fmt::Write;

use clap::Args;

use super::session::Session;
use crate::error::Result;
use crate::model::finding::{Finding, Fix, Severity};
use crate::model::validity::{ValiditySummary, exit_status};
use crate::ops::validate::{self, Looked, Report, Request};
use crate::ui::output::Ui;
use crate::ui::{escape, prompt};

/// Find what is wrong with the registry, worktrees, env blocks and hooks, and mend it
#[derive(Args, Debug)]
#[command(after_help = "\
Exit codes: 0 valid, or warnings only; 1 errors remain that --fix mends; 2 something is critical, or an error that only
a person can settle. Without --fix nothing is changed. --verbose says what was looked at.")]
pub struct Arguments {
    /// Also look at listeners: stale ports, ports that others hold, servers on other ports than theirs
    #[arg(long)]
    pub verify_ports: bool,
    /// Mend what can be mended; a copy of the registry is kept beside it
    #[arg(long)]
    pub fix: bool,
    /// With --fix: say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Every registered repository, not just this one and what collides with it
    #[arg(short, long)]
    pub all: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `not_a_repository` outside of one, unless `--all` is given.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let (context, config_problems) = session.surroundings()?.into_lenient_context()?;
    let mut request = Request {
        verify_ports: arguments.verify_ports,
        all: arguments.all,
        leave_stale: false,
        config_problems,
    };
    if arguments.fix && !arguments.dry_run && arguments.verify_ports && session.ui.is_interactive() {
        request.leave_stale = !may_release(session, &validate::validate(&context, &request)?)?;
    }
    let report = match (arguments.fix, arguments.dry_run) {
        (true, false) => validate::fix(&context, &request)?,
        (true, true) => validate::plan(&context, &request)?,
        (false, _) => validate::validate(&context, &request)?,
    };
    let ui = session.ui;
    report.looked_at.left_out.iter().for_each(|left_out| ui.warn(left_out));
    report.said.iter().for_each(|said| ui.say(said));
    if ui.is_json() {
        ui.answer_json(&report)?;
        return Ok(exit_status(&report.findings));
    }
    say_looked(ui, &report.looked_at);
    ui.answer(&text(ui, &report))?;
    if let (Some(backup), true) = (&report.backup, report.summary.fixed > 0) {
        ui.say(&format!("the registry from before is {}", backup.display()));
    }
    if !arguments.fix && report.summary.fixable > 0 {
        let ports = if arguments.verify_ports { " --verify-ports" } else { "" };
        ui.hint(&format!("`wt validate{ports} --fix` mends what can be mended; add `--dry-run` to see how"));
    }
    Ok(exit_status(&report.findings))
}

/// On a terminal idle is no reason to lose a port: the worktree is there, and its server may be started in a minute.
fn may_release(session: &Session<'_>, report: &Report) -> Result<bool> {
    let is_stale = |finding: &&Finding| matches!(finding.fix, Some(Fix::ReleasePort { .. }));
    let stale: Vec<&Finding> = report.findings.iter().filter(is_stale).collect();
    if stale.is_empty() {
        return Ok(true);
    }
    for finding in &stale {
        let name = finding.worktree.as_deref().unwrap_or_default();
        session.ui.say(&format!("{}: {}", escape::line(name), escape::line(&finding.message)));
    }
    let question = match stale.len() {
        1 => "Release this port of a worktree that is there?".to_owned(),
        count => format!("Release these {count} ports of worktrees that are there?"),
    };
    prompt::confirm(session.ui, &question)
}

fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

fn say_looked(ui: &Ui, looked: &Looked) {
    ui.say_more(&format!("registry {}", looked.registry.display()));
    for repository in &looked.repositories {
        ui.say_more(&format!("repository {}", repository.display()));
    }
    let mut counts =
        format!("{}, {}", counted(looked.worktrees, "worktree"), counted(looked.allocations, "port"));
    match looked.listeners {
        Some(listeners) => {
            let _ = write!(counts, ", {listeners} sockets");
        }
        None => counts.push_str(", no listeners (--verify-ports looks at them)"),
    }
    ui.say_more(&counts);
}

fn text(ui: &Ui, report: &Report) -> String {
    if report.findings.is_empty() {
        let looked = &report.looked_at;
        let (worktrees, ports) = (counted(looked.worktrees, "worktree"), counted(looked.allocations, "port"));
        return format!("{}: {worktrees}, {ports}", ui.paint().done("Valid"));
    }
    let mut text = String::new();
    for group in groups(&report.findings) {
        let _ = writeln!(text, "{}", ui.paint().strong(escape::line(&heading(group[0]))));
        for finding in group {
            show(ui, finding, &mut text);
        }
    }
    let _ = writeln!(text, "{}", summary(report.summary));
    text
}

/// What concerns no worktree first, then worktree by worktree; the worst of each first.
fn groups(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut places = HashMap::new();
    for finding in findings {
        let place = *places.entry(key(finding)).or_insert(groups.len());
        groups.resize_with(groups.len().max(place + 1), Vec::new);
        groups[place].push(finding);
    }
    groups.sort_by_key(|group| group[0].worktree.is_some());
    for group in &mut groups {
        group.sort_by_key(|finding| finding.severity);
    }
    groups
}

fn key(finding: &Finding) -> (Option<&str>, Option<&std::path::Path>) {
    (finding.worktree.as_deref(), finding.worktree.as_ref().and(finding.repository.as_deref()))
}

fn heading(finding: &Finding) -> String {
    finding.worktree.clone().unwrap_or_else(|| "This machine and repository".to_owned())
}

fn show(ui: &Ui, finding: &Finding, text: &mut String) {
    let paint = ui.paint();
    let word = match finding.severity {
        Severity::Critical => paint.error("critical"),
        Severity::Error => paint.error("error"),
        Severity::Warning => paint.warning("warning"),
        Severity::Info => "info".to_owned(),
    };
    let message = escape::line(&finding.message).into_owned();
    let _ = writeln!(text, "  {word}  {}  {message}", finding.code.code());
    if finding.fixed {
        let _ = writeln!(text, "    {}", paint.done("fixed"));
        return;
    }
    if let Some(fix) = &finding.fix {
        let _ = writeln!(text, "    fix   {}", escape::line(&fix.to_string()));
    }
    if let Some(hint) = &finding.hint {
        let _ = writeln!(text, "    hint  {}", escape::line(hint));
    }
}

fn summary(summary: ValiditySummary) -> String {
    let counted = [
        (summary.critical, "critical", "critical"),
        (summary.error, "error", "errors"),
        (summary.warning, "warning", "warnings"),
        (summary.info, "info", "info"),
    ];
    let counted: Vec<String> = counted
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect();
    let fixed = if summary.fixed > 0 {
        format!("{} fixed", summary.fixed)
    } else {
        format!("{} fixable", summary.fixable)
    };
    format!("{}; {fixed}", counted.join(", "))
}
