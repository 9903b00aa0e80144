//! `wt create`: the flags of the main job.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::session::Session;
use super::watching::Watching;
use super::{create_pull, executing, setting_up, show, show_carried, wishes};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::config::settings::ConflictPolicy;
use crate::model::counted::counted;
use crate::model::pull::WantedPull;
use crate::model::view::WorktreeView;
use crate::ops::carry;
use crate::ops::create::{self, BranchPlan, CreateOutcome, HeadWish, Plan, Report, Request, WantedPorts};
use crate::ops::dry_run::DryRun;
use crate::ops::reclaim::with_reclaimed;
use crate::ops::run;
use crate::ui::progress::Bar;
use crate::ui::{escape, prompt};

/// Create a branch, its worktree, its ports and its .env in one go
#[derive(Args, Debug)]
pub struct Arguments {
    /// Short name for the work, such as `login` or `GH-42`, also with its purpose: `bugfix/login`; without it the next free
    /// number. `pr:12`, `mr:3` or the page's address opens a pull request
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Why the worktree exists; chooses the port range [default: feature]
    #[arg(short, long, value_name = "PURPOSE")]
    pub purpose: Option<String>,
    /// The same as ID
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    pub identifier: Option<String>,
    /// Branch to check out instead of PURPOSE/ID; REMOTE/NAME is that of a remote, followed as NAME
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
    /// Allocate no ports, whatever `create.ports` of the configuration says
    #[arg(long, conflicts_with_all = ["ports", "port_count"])]
    pub no_ports: bool,
    /// Allocate that many ports
    #[arg(long, value_name = "N")]
    pub port_count: Option<u16>,
    /// What to do about a port that the registry calls free and somebody holds
    #[arg(long, value_name = "POLICY", value_enum)]
    pub on_conflict: Option<wishes::OnConflict>,
    /// Where the range is full, take over a port of this repository that was idle for long
    #[arg(long)]
    pub reclaim: bool,
    /// Folder of the worktree
    #[arg(long, value_name = "DIR")]
    pub path: Option<PathBuf>,
    /// Write no env block
    #[arg(long)]
    pub no_env: bool,
    /// Do not run the setup
    #[arg(long)]
    pub no_setup: bool,
    /// Take the ignored files that are carried from that worktree instead of the main one
    #[arg(long, value_name = "NAME")]
    pub carry_from: Option<String>,
    /// Carry no ignored files
    #[arg(long, conflicts_with = "carry_from")]
    pub no_carry: bool,
    /// Do not run git's post-checkout hooks
    #[arg(long)]
    pub no_hooks: bool,
    /// Lock the worktree, as `git worktree lock` does
    #[arg(long, value_name = "REASON", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub lock: Option<String>,
    /// Change to the new worktree (needs the function of `wt shell-init`)
    #[arg(long)]
    pub switch: bool,
    /// Take the uncommitted changes of the worktree you stand in along; they stay there too
    #[arg(long)]
    pub with_changes: bool,
    /// Take the worktree of that name where it is there already, on that branch and with that purpose
    #[arg(long)]
    pub reuse: bool,
    /// Where somebody else of the team has claimed the branch, take it from them
    #[arg(long)]
    pub take_over: bool,
    /// Show what would be done, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Run the rest of the line in the new worktree, without a shell; its exit code is ours
    #[arg(short = 'x', value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    pub execute: Vec<OsString>,
}

/// Runs the command.
///
/// # Errors
///
/// Everything that stops a create, and what stops the command after `-x` from being started.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context =
        if arguments.dry_run { session.context_as_it_is()? } else { session.context_with_records_true()? };
    let wanted = pull_request(arguments)?;
    let request = wished(arguments, &context, session, wanted.is_some())?;
    if let Some(program) = arguments.execute.first()
        && let Some(failure) = run::find_missing(&context, program)
    {
        session.ui.fail(&failure);
        return Ok(run::NOT_FOUND);
    }
    if let Some(wanted) = wanted {
        let opened = create_pull::open(session, &context, &wanted, &request, arguments.dry_run)?;
        return opened.map_or(Ok(0), |opened| answer(session, arguments, &context, opened));
    }
    if arguments.reuse {
        return reuse(session, arguments, &context, &request);
    }
    let mut plan = create::plan(&context, &request)?;
    if let (Some(branch), false, true) = (&plan.namesake, arguments.dry_run, session.ui.is_interactive()) {
        let own = plan.branch.name().unwrap_or_default();
        let question = format!("There is a branch {branch}: check that one out instead of making {own}?");
        if prompt::confirm(session.ui, &question)? {
            plan = create::plan(&context, &Request { branch: Some(branch.clone()), ..request.clone() })?;
        } else {
            plan.namesake = None;
        }
    }
    if arguments.dry_run {
        show_plan(session, &create::preview(&context, plan)?)?;
        return Ok(0);
    }
    let bar = Bar::new(session.ui);
    let mut report = with_reclaimed(&context, &request, arguments.reclaim, tell(session), || {
        create::apply(&context, plan.clone(), &Watching(&bar))
    })?;
    drop(bar);
    made(session, arguments, &context, &mut report)
}

fn tell<'a>(session: &'a Session<'_>) -> impl Fn(&str) + 'a {
    move |said: &str| session.ui.say(&escape::line(said))
}

/// Asks again: what is there already is the answer.
fn reuse(session: &Session<'_>, arguments: &Arguments, context: &Context, request: &Request) -> Result<u8> {
    let ui = session.ui;
    if arguments.dry_run {
        match create::find_reusable(context, request)? {
            Some(plan) if ui.is_json() => ui.answer_json(&DryRun { plan })?,
            Some(plan) => ui.answer(&show::lines(ui.paint(), "Would reuse", &plan.worktree))?,
            None => show_plan(session, &create::preview(context, create::plan(context, request)?)?)?,
        }
        return Ok(0);
    }
    let bar = Bar::new(ui);
    let outcome = with_reclaimed(context, request, arguments.reclaim, tell(session), || {
        create::create_or_reuse(context, request, &Watching(&bar))
    })?;
    drop(bar);
    answer(session, arguments, context, outcome)
}

/// Shows what was made or found.
fn answer(
    session: &Session<'_>,
    arguments: &Arguments,
    context: &Context,
    outcome: CreateOutcome,
) -> Result<u8> {
    let ui = session.ui;
    let mut found = match outcome {
        CreateOutcome::Made(mut report) => return made(session, arguments, context, &mut report),
        CreateOutcome::Found(found) => found,
    };
    found.said.iter().for_each(|said| ui.say(&escape::line(said)));
    found.warnings.iter().for_each(|warning| ui.warn(warning));
    session.hint_at_own_configuration(context, &found.worktree.path);
    let outcome = setting_up::again(session, context, &found.worktree, !arguments.no_setup)?;
    found.worktree.setup = Some(outcome.setup);
    let failure = outcome.failure;
    if !arguments.execute.is_empty() && failure.is_none() {
        if !ui.is_json() {
            ui.say_shown(&show::lines(ui.talk_paint(), done(&found), &found.worktree));
        }
        return execute(session, context, arguments, &found.worktree, &found.variables, &*found);
    }
    if ui.is_json() {
        ui.answer_json_beside(&*found, failure.as_ref())?;
    } else {
        ui.answer(&show::lines(ui.paint(), done(&found), &found.worktree))?;
        if let Some(failure) = &failure {
            ui.complain(failure);
        }
    }
    if arguments.switch {
        session.go(context, &found.worktree.path, &found.worktree.path)?;
    }
    Ok(failure.map_or(0, |failure| failure.code().exit_status()))
}

fn done(found: &create::Reused) -> &'static str {
    if found.updated == Some(true) { "Moved forward" } else { "Reused" }
}

/// Returns the pull request that is asked for, and refuses what makes no sense with one.
fn pull_request(arguments: &Arguments) -> Result<Option<WantedPull>> {
    let id = arguments.id.as_deref().or(arguments.identifier.as_deref());
    let flags = [
        ("--base", arguments.base.is_some()),
        ("--new-branch", arguments.new_branch),
        ("--with-changes", arguments.with_changes),
    ];
    id.map_or(Ok(None), |id| create_pull::wanted(id, &flags))
}

/// Shows what was made, and runs the command after `-x`.
fn made(session: &Session<'_>, arguments: &Arguments, context: &Context, report: &mut Report) -> Result<u8> {
    if let Some(taken) = &report.with_changes {
        let files = counted(taken.files, "changed file");
        session.ui.say(&format!("took {files} along; the changes stay here too"));
    }
    report.said.iter().for_each(|said| session.ui.say(&escape::line(said)));
    report.warnings.iter().for_each(|warning| session.ui.warn(warning));
    report.carried.iter().for_each(|carried| show_carried::warn(session.ui, None, &carried.left_out));
    session.hint_at_own_configuration(context, &report.worktree.path);
    let outcome = setting_up::along(session, context, &report.worktree, !arguments.no_setup)?;
    report.worktree.setup = Some(outcome.setup);
    let failure = outcome.failure;
    if !arguments.execute.is_empty() && failure.is_none() {
        if !session.ui.is_json() {
            let ui = session.ui;
            ui.say_more(&format!("files written by {}{}", report.way, show::sources(report)));
            ui.say_shown(&show::created(ui.talk_paint(), report, context.now()));
            hint_at_namesake(session, context, report);
        }
        return execute(session, context, arguments, &report.worktree, &report.variables, report);
    }
    show_report(session, context, report, failure.as_ref())?;
    if arguments.switch {
        session.go(context, &report.worktree.path, &report.worktree.path)?;
    }
    Ok(failure.map_or(0, |failure| failure.code().exit_status()))
}

/// Runs the command after `-x`.
fn execute<R: Serialize>(
    session: &Session<'_>,
    context: &Context,
    arguments: &Arguments,
    worktree: &WorktreeView,
    variables: &[(String, String)],
    report: &R,
) -> Result<u8> {
    if arguments.switch {
        session.go(context, &worktree.path, &worktree.path)?;
    }
    executing::execute(session, &worktree.path, variables, &arguments.execute, report)
}

/// Another branch may have been meant: what to type for that one.
fn hint_at_namesake(session: &Session<'_>, context: &Context, report: &Report) {
    let Some(branch) = &report.namesake else { return };
    let again = context.host.typed.clone().with(&["--branch", branch]);
    session.ui.hint(&format!(
        "there is a branch `{branch}` too; if that one was meant: `{remove}`, then `{again}`",
        remove = wt("remove {} -D", &[&report.worktree.name])
    ));
}

/// A number right behind `--ports` was meant for it: nobody calls a worktree `3` there.
fn require_no_mistaken_number(arguments: &Arguments, context: &Context) -> Result<()> {
    let number = arguments.id.as_deref().filter(|id| id.bytes().all(|letter| letter.is_ascii_digit()));
    let Some(number) = number.filter(|_| arguments.ports.as_deref() == Some("")) else { return Ok(()) };
    let joined = format!("--ports={number}");
    let again = context.host.typed.joined("--ports", number).filter(|again| again.has_word(&joined));
    let Some(again) = again else { return Ok(()) };
    Err(Failure::new(
        Code::Usage,
        format!("`--ports {number}` would make a worktree called `{number}`, with the ports of its purpose"),
    )
    .hint(format!(
        "a value follows this flag with `=`: `{again}`; where `{number}` is the name, write it before `--ports`"
    )))
}

/// Returns what the flags wish for; somebody who is there is asked what they left open.
///
/// # Errors
///
/// `usage` and `name_invalid` for what cannot be meant; `interrupted` in a question.
pub fn request(arguments: &Arguments, context: &Context, session: &Session<'_>) -> Result<Request> {
    wished(arguments, context, session, false)
}

fn wished(arguments: &Arguments, context: &Context, session: &Session<'_>, is_pull: bool) -> Result<Request> {
    require_no_mistaken_number(arguments, context)?;
    let id = arguments.id.as_deref().or(arguments.identifier.as_deref()).filter(|_| !is_pull);
    let known = || context.config.purposes.iter().map(|(purpose, _)| purpose);
    let said = arguments.purpose.as_deref();
    let (purpose, identifier) = match id.and_then(|id| wishes::both(id, said, known())) {
        Some((purpose, identifier)) => (Some(purpose), Some(identifier)),
        None => (
            said.map(|text| wishes::purpose(text, known())).transpose()?,
            id.map(wishes::identifier).transpose()?,
        ),
    };
    let ports = wishes::ports(arguments.ports.as_deref(), arguments.port_count, "`--no-ports` is for none")?;
    let mut request = Request {
        identifier,
        purpose,
        branch: arguments.branch.clone(),
        take_over: arguments.take_over,
        reuse: arguments.reuse,
        with_changes: arguments.with_changes,
        base: arguments.base.clone(),
        pull: None,
        head: match (arguments.new_branch, arguments.detach) {
            (true, _) => HeadWish::NewBranch,
            (_, true) => HeadWish::Detached,
            _ => HeadWish::Branch,
        },
        ports: Some(ports).filter(|asked| arguments.no_ports || *asked != WantedPorts::None),
        on_conflict: arguments.on_conflict.map(ConflictPolicy::from),
        path: arguments.path.clone(),
        env: !arguments.no_env,
        carry: match &arguments.carry_from {
            Some(name) => carry::CarryWish::From(name.clone()),
            None if arguments.no_carry => carry::CarryWish::Nothing,
            None => carry::CarryWish::Usual,
        },
        hooks: !arguments.no_hooks,
        lock: arguments.lock.as_ref().map(|reason| Some(reason.clone()).filter(|reason| !reason.is_empty())),
    };
    if request.identifier.is_none() && request.branch.is_none() && !is_pull && session.ui.is_interactive() {
        create_pull::ask(&mut request, context, session)?;
    }
    Ok(request)
}

fn show_plan(session: &Session<'_>, plan: &Plan) -> Result<()> {
    plan.warnings.iter().for_each(|warning| session.ui.warn(warning));
    if session.ui.is_json() {
        return session.ui.answer_json(&DryRun { plan });
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

fn show_report(
    session: &Session<'_>,
    context: &Context,
    report: &Report,
    failure: Option<&Failure>,
) -> Result<()> {
    let ui = session.ui;
    if ui.is_json() {
        return ui.answer_json_beside(report, failure);
    }
    ui.say_more(&format!("files written by {}{}", report.way, show::sources(report)));
    ui.answer(&show::created(ui.paint(), report, context.now()))?;
    hint_at_namesake(session, context, report);
    if let Some(failure) = failure {
        ui.complain(failure);
    }
    Ok(())
}
