//! Applies the fixes, each looked at again before it acts, and looks again until nothing is left that can be mended.

use std::collections::{HashMap, HashSet};

use super::believe::believe;
use super::grounds::Grounds;
use super::look::findings;
use super::report::{Report, Request};
use super::{claims, release, repair};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::finding::{Finding, Fix};
use crate::model::validity::ValiditySummary;
use crate::ops::validate::look::unique;

/// How often it is looked again: one fix may bring another finding to light, never many.
const ROUNDS: usize = 5;

/// Mends what can be mended, and returns everything that was found with what remains.
///
/// # Errors
///
/// Those of looking, and `interrupted`; what was mended by then stays mended.
pub fn fix(context: &Context, request: &Request) -> Result<Report> {
    let mut request = request.clone();
    let mut said = Vec::new();
    if context.store()?.is_backup() {
        // Somebody put it back by hand.
        said.extend(believe(context, &request)?);
    }
    let (mut remaining, mut looked_at) = findings(context, &request)?;
    claims::push_give_backs(&Grounds::new(context, context.store()?.read().ok().as_deref(), &request));
    let mut report = Report {
        findings: remaining.clone(),
        summary: ValiditySummary::default(),
        looked_at: looked_at.clone(),
        backup: None,
        plan: None,
        said,
    };
    let mut failed: HashMap<Fix, String> = HashMap::new();
    let mut done: HashSet<Fix> = HashSet::new();
    for _ in 0..ROUNDS {
        let todo: Vec<Fix> = unique(&remaining)
            .into_iter()
            .filter(|fix| !(request.leave_stale && matches!(fix, Fix::ReleasePort { .. })))
            .filter(|fix| !failed.contains_key(fix) && !done.contains(fix))
            .collect();
        if todo.is_empty() {
            break;
        }
        if report.backup.is_none() {
            report.backup = context.store()?.back_up()?;
        }
        // What a rebuild knows of other repositories is what git says there.
        request.all |= todo.contains(&Fix::RebuildRegistry);
        apply_all(context, &request, todo, &mut report.said, &mut failed, &mut done)?;
        (remaining, looked_at) = findings(context, &request)?;
        add_new(&mut report.findings, &remaining);
    }
    let left: HashSet<_> = remaining.iter().map(Finding::identity).collect();
    for finding in &mut report.findings {
        finding.fixed = !left.contains(&finding.identity());
        let reason = finding.fix.as_ref().and_then(|fix| failed.get(fix)).cloned();
        if let Some(reason) = reason.filter(|_| !finding.fixed) {
            finding.hint = Some(reason);
        }
    }
    report.summary = ValiditySummary::of(&report.findings);
    report.looked_at = looked_at;
    Ok(report)
}

fn apply_all(
    context: &Context,
    request: &Request,
    todo: Vec<Fix>,
    said: &mut Vec<String>,
    failed: &mut HashMap<Fix, String>,
    done: &mut HashSet<Fix>,
) -> Result<()> {
    let registry = context.store()?.read().ok();
    let grounds = Grounds::new(context, registry.as_deref(), request);
    let (releases, others): (Vec<Fix>, Vec<Fix>) =
        todo.into_iter().partition(|fix| matches!(fix, Fix::ReleaseEntry { .. }));
    // First, so that names and ports are free for the others.
    match release::release(context, &grounds, &releases) {
        Ok(words) => {
            said.extend(words);
            done.extend(releases);
        }
        Err(failure) if failure.code() == Code::Interrupted => return Err(failure),
        Err(failure) => failed.extend(releases.into_iter().map(|fix| (fix, not_mended(&failure)))),
    }
    for fix in others {
        context.host.interrupt.check()?;
        match repair::apply(context, &grounds, &fix, request) {
            Ok(words) => {
                said.extend(words);
                done.insert(fix);
            }
            Err(failure) => {
                failed.insert(fix, not_mended(&failure));
            }
        }
    }
    Ok(())
}

fn not_mended(failure: &Failure) -> String {
    let hint = failure.next_step().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("not mended: {failure}{hint}")
}

fn add_new(known: &mut Vec<Finding>, seen: &[Finding]) {
    let earlier: HashSet<_> = known.iter().map(Finding::identity).collect();
    known.extend(seen.iter().filter(|finding| !earlier.contains(&finding.identity())).cloned());
}
