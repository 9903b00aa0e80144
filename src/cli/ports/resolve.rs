//! `wt ports resolve`: settles conflicts over ports, and shows what it would do first.

use std::fmt::Write;

use clap::{Args, ValueEnum};

use crate::cli::session::Session;
use crate::error::{Code, Failure, Result};
use crate::model::config::settings::Strategy;
use crate::model::port::Port;
use crate::model::port::dispute::Level;
use crate::model::port::holder::Holder;
use crate::model::port::resolution::{DisputeAction, ResolutionStep};
use crate::ops::ports::resolve::{Plan, Report, StepOutcome};
use crate::ops::ports::settings::require_allowed;
use crate::ops::ports::settlement::{Settlement, SettlementPlan};
use crate::ops::resolving;
use crate::ui::{escape, prompt};

/// Settle conflicts over ports: move our service, or end who holds its port
#[derive(Args, Debug)]
pub struct Arguments {
    /// How; without it as configured (resolve.strategy)
    #[arg(long, value_name = "STRATEGY", value_enum)]
    pub strategy: Option<StrategyFlag>,
    /// Show what would be done, change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// The values of `--strategy`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum StrategyFlag {
    /// Move our service to another port
    Conservative,
    /// End the holder, with the safety of `wt ports kill`
    Aggressive,
    /// End our own strays, move away from everybody else
    Intelligent,
}

impl From<StrategyFlag> for Strategy {
    fn from(wish: StrategyFlag) -> Self {
        match wish {
            StrategyFlag::Conservative => Self::Conservative,
            StrategyFlag::Aggressive => Self::Aggressive,
            StrategyFlag::Intelligent => Self::Intelligent,
        }
    }
}

/// Runs the command; exit 0 when no conflict is left (with `--dry-run`: none is there).
///
/// # Errors
///
/// `interrupted`; fails when the machine cannot be asked.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context =
        if arguments.dry_run { session.context_as_it_is()? } else { session.context_with_records_true()? };
    let ui = session.ui;
    let strategy = arguments.strategy.map(Strategy::from);
    if !arguments.dry_run {
        require_allowed(&context, strategy)?;
    }
    let plan = resolving::plan(&context, strategy, None)?;
    if arguments.dry_run {
        return shown(session, &plan);
    }
    let mut is_agreed = session.global.yes;
    if plan.needs_agreement() && !is_agreed && ui.is_interactive() {
        ui.say(&listed(&plan));
        if !prompt::confirm(ui, "Do this?")? {
            ui.say("nothing was changed");
            return Ok(1);
        }
        is_agreed = true;
    }
    ended(session, &resolving::apply(&context, plan, is_agreed)?)
}

fn shown(session: &Session<'_>, plan: &Plan) -> Result<u8> {
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(&SettlementPlan::from(plan))?;
    } else if plan.steps.is_empty() {
        ui.say("no conflicts over ports");
    } else {
        ui.answer(&listed(plan))?;
    }
    plan.faults.iter().for_each(|fault| ui.warn(fault));
    // A server of ours that no `wt up` started is no conflict.
    Ok(u8::from(!plan.faults.is_empty() || plan.steps.iter().any(|step| step.level > Level::Low)))
}

fn listed(plan: &Plan) -> String {
    plan.steps.iter().fold(String::new(), |mut text, step| {
        let _ = writeln!(text, "{}", headline(step));
        let _ = writeln!(text, "  {}", escape::line(&intent(&step.action)));
        text
    })
}

/// `5001 high: held by python3 (pid 4242)`.
fn headline(step: &ResolutionStep) -> String {
    format!("{} {}: {}", step.port, step.level.as_str(), escape::line(&step.reason))
}

fn intent(action: &DisputeAction) -> String {
    match action {
        DisputeAction::Move { tenant } => {
            format!("would move `{}` of {} to a free port", tenant.service, tenant.worktree.name)
        }
        DisputeAction::Terminate { holders, needs_agreement, .. } => {
            let named: Vec<String> = holders.iter().map(Holder::told).collect();
            let asked = if *needs_agreement { ", once somebody agrees" } else { "" };
            format!("would end {}{asked}", named.join(", "))
        }
        DisputeAction::Restart { server, needs_agreement } => {
            let asked = if *needs_agreement { ", once somebody agrees" } else { "" };
            format!(
                "would end pid {} and start `{}` of {}{asked}",
                server.pid, server.service, server.worktree
            )
        }
        DisputeAction::Leave { why } => format!("would leave it: {why}"),
    }
}

fn ended(session: &Session<'_>, report: &Report) -> Result<u8> {
    let ui = session.ui;
    let status = u8::from(!is_well(report));
    if ui.is_json() {
        ui.answer_json(&Settlement::from(report))?;
        return Ok(status);
    }
    if report.done.is_empty() && report.remaining.is_empty() {
        ui.say("no conflicts over ports");
        return Ok(0);
    }
    let paint = ui.paint();
    let mut text = String::new();
    for (step, outcome) in &report.done {
        let _ = writeln!(text, "{}", headline(step));
        let line = told(&step.action, outcome);
        let is_done =
            matches!(outcome, StepOutcome::Moved(_) | StepOutcome::Terminated | StepOutcome::Restarted);
        let line = escape::line(&line).into_owned();
        let _ = writeln!(text, "  {}", if is_done { paint.done(line) } else { paint.warning(line) });
    }
    for one in &report.revived {
        let reason = one.reason.as_deref().unwrap_or_default();
        let end = if one.healthy { "ready there".to_owned() } else { format!("not ready: {reason}") };
        let line = format!("restarted `{}` of {} on {}: {end}", one.service, one.worktree, one.port);
        let line = escape::line(&line).into_owned();
        let _ = writeln!(text, "  {}", if one.healthy { paint.done(line) } else { paint.warning(line) });
    }
    ui.answer(&text)?;
    report.faults.iter().for_each(|fault| ui.warn(fault));
    let is_revived = |port: &Port| report.revived.iter().any(|one| one.port == *port);
    for (step, outcome) in &report.done {
        if let (DisputeAction::Move { tenant }, StepOutcome::Moved(to)) = (&step.action, outcome)
            && !is_revived(to)
        {
            let (service, name) = (&tenant.service, &tenant.worktree.name);
            ui.hint(&format!("`{service}` of {name} has port {to} from its next start on, and .env says so"));
        }
    }
    if !report.remaining.is_empty() {
        let lines: Vec<String> = report
            .remaining
            .iter()
            .map(|left| format!("{} {}: {}", left.port, left.level.as_str(), left.reason))
            .collect();
        let message = format!("conflicts are left\n{}", lines.join("\n"));
        ui.complain(&Failure::new(Code::PortConflict, message).hint(next_step(report)));
    }
    Ok(status)
}

/// Nothing is left, what was started is ready, and whoever was asked answered.
fn is_well(report: &Report) -> bool {
    let has_failed = |(step, outcome): &(ResolutionStep, StepOutcome)| {
        matches!((&step.action, outcome), (DisputeAction::Restart { .. }, StepOutcome::Failed(_)))
    };
    report.remaining.is_empty()
        && report.faults.is_empty()
        && report.revived.iter().all(|one| one.healthy)
        && !report.done.iter().any(has_failed)
}

fn next_step(report: &Report) -> String {
    let mut fixes: Vec<String> = report
        .remaining
        .iter()
        .map(|left| if left.fix.starts_with("wt ") { format!("`{}`", left.fix) } else { left.fix.clone() })
        .collect();
    fixes.dedup();
    fixes.join("\n")
}

fn told(action: &DisputeAction, outcome: &StepOutcome) -> String {
    match (action, outcome) {
        (DisputeAction::Move { tenant }, StepOutcome::Moved(to)) => {
            format!("moved `{}` of {} to {to}", tenant.service, tenant.worktree.name)
        }
        (DisputeAction::Terminate { holders, .. }, StepOutcome::Terminated) => {
            let named: Vec<String> = holders.iter().map(Holder::told).collect();
            format!("ended {}", named.join(", "))
        }
        (DisputeAction::Restart { server, .. }, StepOutcome::Restarted) => {
            format!("ended pid {} and started `{}` of {}", server.pid, server.service, server.worktree)
        }
        (_, StepOutcome::Left(why)) => format!("left: {why}"),
        (_, StepOutcome::Failed(why)) => format!("not settled: {why}"),
        _ => "settled by itself".to_owned(),
    }
}
