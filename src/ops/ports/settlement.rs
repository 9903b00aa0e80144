//! The answers of `wt ports resolve`: each step in the words of `--json`, planned or done.

use schemars::JsonSchema;
use serde::Serialize;

use super::resolve::{Plan, Remaining, Report, Revival, StepOutcome};
use crate::model::config::settings::Strategy;
use crate::model::port::Port;
use crate::model::port::dispute::Level;
use crate::model::port::resolution::{DisputeAction, ResolutionStep};
use crate::model::service::ServiceName;

/// What would be done.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SettlementPlan {
    pub strategy: Strategy,
    pub plan: Vec<PlannedStep>,
    /// Answers of the command that chooses which are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// What was done, and what is left.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Settlement {
    pub strategy: Strategy,
    pub steps: Vec<SettledStep>,
    pub remaining: Vec<Remaining>,
    /// Services that ran, and were started anew on the port that they were moved to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub restarted: Vec<Revival>,
    /// Answers of the command that chooses which are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// One step for one port.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct PlannedStep {
    pub port: Port,
    pub level: Level,
    pub reason: String,
    #[serde(flatten)]
    pub action: PlannedAction,
}

/// A step, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SettledStep {
    #[serde(flatten)]
    pub step: PlannedStep,
    #[serde(flatten)]
    pub end: StepEnd,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum PlannedAction {
    /// Our service gets another port.
    Move { worktree: String, service: ServiceName },
    /// Whoever holds the port is ended.
    Terminate { worktree: String, service: ServiceName, pids: Vec<Option<u32>>, needs_agreement: bool },
    /// A server of the worktree that no `wt up` started is ended, and started as the service.
    Restart { worktree: String, service: ServiceName, pid: u32, needs_agreement: bool },
    /// Nothing.
    Leave { why: String },
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum StepEnd {
    Done {
        /// The port that a service was moved to.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<Port>,
    },
    /// It was settled before its turn came.
    NotDue,
    Left {
        /// Absent where the step was to leave it: that says why.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    Failed {
        why: String,
    },
}

impl From<&Plan> for SettlementPlan {
    fn from(plan: &Plan) -> Self {
        let steps = plan.steps.iter().map(PlannedStep::from).collect();
        Self { strategy: plan.strategy, plan: steps, faults: plan.faults.clone() }
    }
}

impl From<&Report> for Settlement {
    fn from(report: &Report) -> Self {
        let steps = report.done.iter();
        let steps = steps.map(|(step, outcome)| SettledStep { step: step.into(), end: end(step, outcome) });
        Self {
            strategy: report.strategy,
            steps: steps.collect(),
            remaining: report.remaining.clone(),
            restarted: report.revived.clone(),
            faults: report.faults.clone(),
        }
    }
}

impl From<&ResolutionStep> for PlannedStep {
    fn from(step: &ResolutionStep) -> Self {
        let action = match &step.action {
            DisputeAction::Move { tenant } => PlannedAction::Move {
                worktree: tenant.worktree.name.clone(),
                service: tenant.service.clone(),
            },
            DisputeAction::Terminate { holders, of, needs_agreement } => PlannedAction::Terminate {
                worktree: of.worktree.name.clone(),
                service: of.service.clone(),
                pids: holders.iter().map(|holder| holder.pid).collect(),
                needs_agreement: *needs_agreement,
            },
            DisputeAction::Restart { server, needs_agreement } => PlannedAction::Restart {
                worktree: server.worktree.clone(),
                service: server.service.clone(),
                pid: server.pid,
                needs_agreement: *needs_agreement,
            },
            DisputeAction::Leave { why } => PlannedAction::Leave { why: why.clone() },
        };
        Self { port: step.port, level: step.level, reason: step.reason.clone(), action }
    }
}

/// Both have one object, in which each key stands once.
fn end(step: &ResolutionStep, outcome: &StepOutcome) -> StepEnd {
    match outcome {
        StepOutcome::Moved(to) => StepEnd::Done { to: Some(*to) },
        StepOutcome::Terminated | StepOutcome::Restarted => StepEnd::Done { to: None },
        StepOutcome::NotDue => StepEnd::NotDue,
        StepOutcome::Left(_) if matches!(step.action, DisputeAction::Leave { .. }) => {
            StepEnd::Left { why: None }
        }
        StepOutcome::Left(why) => StepEnd::Left { why: Some(why.clone()) },
        StepOutcome::Failed(why) => StepEnd::Failed { why: why.clone() },
    }
}
