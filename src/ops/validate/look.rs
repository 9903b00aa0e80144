//! What a look answers: the findings with their counts, the plan to mend them, and what was looked at.

use std::path::PathBuf;

use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::model::checks;
use crate::model::config::problem::Problem;
use crate::model::finding::{Finding, Fix};
use crate::model::validity::Summary;

use super::grounds::Grounds;
use super::{fix, gather};

/// What to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Also at listeners.
    pub verify_ports: bool,
    /// At every repository in the registry.
    pub all: bool,
    /// With a fix: leave the ports of worktrees alone that are there and of which nothing listens.
    pub leave_stale: bool,
    /// What was found wrong with the configuration when it was loaded.
    pub config_problems: Vec<Problem>,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Looked {
    pub registry: PathBuf,
    pub repositories: Vec<PathBuf>,
    /// How many recorded worktrees.
    pub worktrees: usize,
    pub allocations: usize,
    /// How many sockets that listen or are bound; absent when listeners were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listeners: Option<usize>,
}

/// What was found, and what was done about it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
    pub summary: Summary,
    pub looked_at: Looked,
    /// The copy of the registry from before the fixes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<PathBuf>,
    /// What would be done, where only the plan was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Vec<Fix>>,
    /// What happened on the way.
    #[serde(skip)]
    pub said: Vec<String>,
}

/// Looks for what is wrong, and changes nothing.
///
/// # Errors
///
/// `not_a_repository` outside of one, unless all are asked for; and when git's own records cannot be read.
pub fn validate(context: &Context, request: &Request) -> Result<Report> {
    let (findings, looked_at) = look(context, request)?;
    let summary = Summary::of(&findings);
    Ok(Report { findings, summary, looked_at, backup: None, plan: None, said: Vec::new() })
}

/// As [`validate`], with everything that a fix would do.
///
/// # Errors
///
/// As [`validate`].
pub fn plan(context: &Context, request: &Request) -> Result<Report> {
    let mut report = validate(context, request)?;
    report.plan = Some(fix::unique(&report.findings));
    Ok(report)
}

pub(super) fn look(context: &Context, request: &Request) -> Result<(Vec<Finding>, Looked)> {
    if !request.all {
        context.require_repository()?;
    }
    let registry = context.store()?.read();
    let grounds = Grounds::new(context, registry.as_deref().ok(), request);
    let facts = gather::gather(context, &grounds, registry, request)?;
    let looked_at = Looked {
        registry: context.store()?.path(),
        repositories: grounds.roots(),
        worktrees: facts.asked().count(),
        allocations: facts.asked().map(|(entry, _)| entry.allocations.len()).sum(),
        listeners: request.verify_ports.then_some(facts.listeners.len()),
    };
    Ok((checks::findings(&facts), looked_at))
}
