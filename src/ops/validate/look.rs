//! One look at everything that was asked about: it changes nothing.

use std::collections::HashSet;

use super::gather;
use super::grounds::Grounds;
use crate::context::Context;
use crate::error::Result;
use crate::model::finding::{Finding, Fix};
use crate::model::port::listener::Listener;
use crate::model::validity::ValiditySummary;
use crate::ops::checks;
use crate::ops::validate::{Looked, Report, Request};

/// Looks for what is wrong, and changes nothing.
///
/// # Errors
///
/// `not_a_repository` outside of one, unless all are asked for; and when git's own records cannot be read.
pub fn validate(context: &Context, request: &Request) -> Result<Report> {
    Ok(report(findings(context, request)?))
}

/// As [`validate`], where the sockets of the machine were seen already.
///
/// # Errors
///
/// As [`validate`].
pub fn validate_among(context: &Context, request: &Request, sockets: &[Listener]) -> Result<Report> {
    Ok(report(findings_among(context, request, Some(sockets))?))
}

fn report((findings, looked_at): (Vec<Finding>, Looked)) -> Report {
    let summary = ValiditySummary::of(&findings);
    Report { findings, summary, looked_at, backup: None, plan: None, said: Vec::new() }
}

/// As [`validate`], with everything that a fix would do.
///
/// # Errors
///
/// As [`validate`].
pub fn plan(context: &Context, request: &Request) -> Result<Report> {
    let mut report = validate(context, request)?;
    report.plan = Some(unique(&report.findings));
    Ok(report)
}

pub(super) fn findings(context: &Context, request: &Request) -> Result<(Vec<Finding>, Looked)> {
    findings_among(context, request, None)
}

fn findings_among(
    context: &Context,
    request: &Request,
    sockets: Option<&[Listener]>,
) -> Result<(Vec<Finding>, Looked)> {
    if !request.all {
        context.require_repository()?;
    }
    let registry = context.store()?.read();
    let grounds = Grounds::new(context, registry.as_deref().ok(), request);
    let facts = gather::gather(context, &grounds, registry, request, sockets)?;
    let looked_at = Looked {
        registry: context.store()?.path(),
        repositories: grounds.roots(),
        worktrees: facts.asked().count(),
        allocations: facts.asked().map(|(entry, _)| entry.allocations.len()).sum(),
        listeners: request.verify_ports.then_some(facts.listeners.len()),
        left_out: facts.unreached.clone(),
    };
    Ok((checks::findings(&facts), looked_at))
}

/// Returns what there is to do, each thing once.
pub fn unique(findings: &[Finding]) -> Vec<Fix> {
    let mut seen = HashSet::new();
    let fixes = findings.iter().filter_map(|finding| finding.fix.clone());
    fixes.filter(|fix| seen.insert(fix.clone())).collect()
}
