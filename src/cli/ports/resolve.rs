//! `wt ports resolve`: settles conflicts over ports, and shows what it would do first.

use std::fmt::Write;

use clap::{Args, ValueEnum};

use crate::cli::session::Session;
use crate::error::{Code, Failure, Result};
use crate::model::config::settings::Strategy;
use crate::model::port::holder::Holder;
use crate::model::port::resolution::{DisputeAction, ResolutionStep};
use crate::ops::ports::resolve::{self, Plan, Report, StepOutcome};
use crate::ops::ports::settlement::{Settlement, SettlementPlan};
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
    let plan = resolve::plan(&context, arguments.strategy.map(Strategy::from))?;
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
    ended(session, &resolve::apply(&context, plan, is_agreed)?)
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
    Ok(u8::from(!plan.steps.is_empty()))
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
        DisputeAction::Leave { why } => format!("would leave it: {why}"),
    }
}

fn ended(session: &Session<'_>, report: &Report) -> Result<u8> {
    let ui = session.ui;
    let status = u8::from(!report.remaining.is_empty());
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
        let is_done = matches!(outcome, StepOutcome::Moved(_) | StepOutcome::Terminated);
        let line = escape::line(&line).into_owned();
        let _ = writeln!(text, "  {}", if is_done { paint.done(line) } else { paint.warning(line) });
    }
    ui.answer(&text)?;
    for (step, outcome) in &report.done {
        if let (DisputeAction::Move { tenant }, StepOutcome::Moved(to)) = (&step.action, outcome) {
            let (service, name) = (&tenant.service, &tenant.worktree.name);
            ui.hint(&format!("restart `{service}` of {name}: its port is {to} now, and .env says so"));
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
        (_, StepOutcome::Left(why)) => format!("left: {why}"),
        (_, StepOutcome::Failed(why)) => format!("not settled: {why}"),
        _ => "settled by itself".to_owned(),
    }
}
