//! `wt create`: the flags of the main job.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::session::Session;
use super::watching::Watching;
use super::{show, wishes};
use crate::context::Context;
use crate::error::Result;
use crate::model::config::settings::ConflictPolicy;
use crate::model::identifier::Identifier;
use crate::ops::create::{self, BranchPlan, HeadWish, Plan, Report, Request};
use crate::ops::run::{self, Ending};
use crate::ui::progress::Bar;
use crate::ui::{escape, prompt};

/// Create a branch, its worktree, its ports and its .env in one go
#[derive(Args, Debug)]
pub struct Arguments {
    /// Short name for the work, such as `login` or `GH-42`; without it the next free number
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Why the worktree exists; chooses the port range [default: feature]
    #[arg(short, long, value_name = "PURPOSE")]
    pub purpose: Option<String>,
    /// The same as ID
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    pub identifier: Option<String>,
    /// Branch to check out instead of PURPOSE/ID
    #[arg(short, long, value_name = "BRANCH", conflicts_with = "detach")]
    pub branch: Option<String>,
    /// Where a new branch starts [default: HEAD]
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,
    /// Insist that the branch does not exist yet
    #[arg(long, conflicts_with = "detach")]
    pub new_branch: bool,
    /// No branch: check out the commit itself
    #[arg(short, long)]
    pub detach: bool,
    /// Allocate ports: for the purpose's services, that many, or for the services named
    #[arg(long, value_name = "N|SERVICE,…", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub ports: Option<String>,
    /// Allocate that many ports
    #[arg(long, value_name = "N")]
    pub port_count: Option<u16>,
    /// What to do about a port that the registry calls free and somebody holds
    #[arg(long, value_name = "POLICY", value_enum)]
    pub on_conflict: Option<OnConflict>,
    /// Folder of the worktree
    #[arg(long, value_name = "DIR")]
    pub path: Option<PathBuf>,
    /// Write no env block
    #[arg(long)]
    pub no_env: bool,
    /// Do not run git's post-checkout hooks
    #[arg(long)]
    pub no_hooks: bool,
    /// Lock the worktree, as `git worktree lock` does
    #[arg(long, value_name = "REASON", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub lock: Option<String>,
    /// Change to the new worktree (needs the function of `wt shell-init`)
    #[arg(long)]
    pub switch: bool,
    /// Show what would be done, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Run the rest of the line in the new worktree, without a shell; its exit code is ours
    #[arg(short = 'x', value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    pub execute: Vec<OsString>,
}

/// The values of `--on-conflict`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum OnConflict {
    /// Stop before anything is created
    Fail,
    /// Take the next port
    Retry,
}

impl From<OnConflict> for ConflictPolicy {
    fn from(wish: OnConflict) -> Self {
        match wish {
            OnConflict::Fail => Self::Fail,
            OnConflict::Retry => Self::Retry,
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// Everything that stops a create, and what stops the command after `-x` from being started.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context =
        if arguments.dry_run { session.context_as_it_is()? } else { session.context_with_records_true()? };
    let request = request(arguments, &context, session)?;
    let plan = create::plan(&context, &request)?;
    if arguments.dry_run {
        show_plan(session, &create::preview(&context, plan)?)?;
        return Ok(0);
    }
    let bar = Bar::new(session.ui);
    let report = create::apply(&context, plan, &Watching(&bar))?;
    drop(bar);
    show_report(session, arguments, &report)?;
    if arguments.switch {
        session.change_folder(&report.worktree.path)?;
    }
    if arguments.execute.is_empty() {
        return Ok(0);
    }
    let to_stderr = session.ui.is_json();
    match run::in_worktree(&report.worktree.path, &report.variables, &arguments.execute, to_stderr)? {
        Ending::Ran(status) => Ok(status),
        Ending::NotStarted(status, failure) => {
            session.ui.complain(&failure);
            Ok(status)
        }
    }
}

fn request(arguments: &Arguments, context: &Context, session: &Session<'_>) -> Result<Request> {
    let id = arguments.id.as_deref().or(arguments.identifier.as_deref());
    let known = || context.config.purposes.iter().map(|(purpose, _)| purpose);
    let mut request = Request {
        identifier: id.map(wishes::identifier).transpose()?,
        purpose: arguments.purpose.as_deref().map(|text| wishes::purpose(text, known())).transpose()?,
        branch: arguments.branch.clone(),
        base: arguments.base.clone(),
        head: match (arguments.new_branch, arguments.detach) {
            (true, _) => HeadWish::NewBranch,
            (_, true) => HeadWish::Detached,
            _ => HeadWish::Branch,
        },
        ports: wishes::ports(arguments.ports.as_deref(), arguments.port_count)?,
        on_conflict: arguments.on_conflict.map(ConflictPolicy::from),
        path: arguments.path.clone(),
        env: !arguments.no_env,
        hooks: !arguments.no_hooks,
        lock: arguments.lock.as_ref().map(|reason| Some(reason.clone()).filter(|reason| !reason.is_empty())),
    };
    if request.identifier.is_none() && request.branch.is_none() && session.ui.is_interactive() {
        ask(&mut request, context, session)?;
    }
    Ok(request)
}

/// Somebody is there, and left open what the worktree is for.
fn ask(request: &mut Request, context: &Context, session: &Session<'_>) -> Result<()> {
    context.require_repository()?;
    let purposes: Vec<String> =
        context.config.purposes.iter().map(|(purpose, _)| purpose.to_string()).collect();
    if request.purpose.is_none() && !purposes.is_empty() {
        let usual = purposes.iter().position(|purpose| purpose == "feature").unwrap_or(0);
        let chosen = prompt::select(session.ui, "Purpose", &purposes, usual)?;
        request.purpose = context.config.purposes.get(chosen).map(|(purpose, _)| purpose.clone());
    }
    let check = |typed: &str| typed.parse::<Identifier>().map(drop);
    let typed = prompt::text(session.ui, "Identifier (empty for the next number)", check)?;
    request.identifier = typed.as_deref().map(wishes::identifier).transpose()?;
    Ok(())
}

fn show_plan(session: &Session<'_>, plan: &Plan) -> Result<()> {
    plan.warnings.iter().for_each(|warning| session.ui.warn(warning));
    if session.ui.is_json() {
        return session.ui.answer_json(&serde_json::json!({ "plan": plan }));
    }
    let branch = match &plan.branch {
        BranchPlan::Existing { name } => format!("{name} (exists)"),
        BranchPlan::New { name } => format!("{name} (new)"),
        BranchPlan::Track { name, remote, .. } => format!("{name} (new, tracks {remote})"),
        BranchPlan::Detached => "none".to_owned(),
    };
    let ports: Vec<String> =
        plan.ports.iter().map(|choice| format!("{} {}", choice.service, choice.port)).collect();
    let mut text = format!("Would create {}\n", escape::line(&plan.name));
    let commit: String = plan.commit.chars().take(12).collect();
    let rows = [
        ("path", plan.path.to_string_lossy().into_owned()),
        ("branch", branch),
        ("commit", commit),
        ("ports", ports.join(", ")),
    ];
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "  {label:6}  {}", escape::line(value));
    }
    session.ui.answer(&text)
}

/// Where our own checkout had the files from, as a clause.
fn sources(report: &Report) -> String {
    let Some(written) = &report.checkout else { return String::new() };
    let read = written.files - written.copied;
    let converted = match written.converted {
        0 => String::new(),
        count => format!(", {count} of these converted"),
    };
    match &written.sibling {
        Some(sibling) => {
            let sibling = escape::line(sibling);
            format!(": {} copied from {sibling}, {read} from the object database{converted}", written.copied)
        }
        None => format!(": {read} from the object database{converted}"),
    }
}

/// With `-x` stdout is the command's.
fn show_report(session: &Session<'_>, arguments: &Arguments, report: &Report) -> Result<()> {
    let ui = session.ui;
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if ui.is_json() {
        return ui.answer_json(report);
    }
    ui.say_more(&format!("files written by {}{}", report.way, sources(report)));
    if arguments.execute.is_empty() {
        return ui.answer(&show::lines(ui.paint(), "Created", &report.worktree));
    }
    ui.say_shown(&show::lines(ui.talk_paint(), "Created", &report.worktree));
    Ok(())
}
