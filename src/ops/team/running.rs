//! What runs where: this host's services are shown to the team in its etcd, and those of all hosts are read there.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Result};
use crate::host::claims::NetworkClaims;
use crate::host::git::Repository;
use crate::model::claim_ref::without_user;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::model::running_entry::{RunningService, RunningWords};
use crate::model::services::protocol::ServiceFacts;
use crate::model::services::state::ServiceState;
use crate::ops::recorded_repositories::others;
use crate::ops::services::{report, supervision};

/// How long the supervisors of one repository are waited for, all at once.
const ANSWERS: Duration = Duration::from_secs(1);

/// A service that runs on a host of the team.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RunningRow {
    pub host: String,
    pub user: String,
    /// As the team's clones call it.
    pub repository: String,
    pub worktree: String,
    pub branch: Option<String>,
    pub service: String,
    pub state: String,
    pub port: Option<Port>,
    /// Where it is reached on its own host.
    pub url: Option<String>,
    /// When that was written.
    pub seen: Timestamp,
    /// Whether it is of this host and user.
    pub own: bool,
}

/// What runs on all hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RunningReport {
    pub services: Vec<RunningRow>,
    /// Why nobody shows what runs, or who does not answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Reads what runs in this repository on all hosts of its team; with `all` in all repositories of the teams of those on record.
///
/// # Errors
///
/// `claims_unreachable` where one repository is asked about; fails when the registry cannot be read.
pub fn running(context: &Context, all: bool) -> Result<RunningReport> {
    let mut found = RunningReport::default();
    let mut asked: HashSet<PathBuf> = HashSet::new();
    if all {
        if let Some(claims) = context.network_claims() {
            gather(claims, &mut asked, &mut found)?;
        }
        let registry = context.store()?.read()?;
        for known in others(context, &registry) {
            context.host.interrupt.check()?;
            let Some((there, _)) = known.sight(context) else { continue };
            if let Some(claims) = there.network_claims() {
                gather(claims, &mut asked, &mut found)?;
            }
        }
    } else {
        context.require_repository_unless("wt team running --all")?;
        if let Some(claims) = context.network_claims().filter(|claims| claims.keeper.has_rows()) {
            asked.insert(claims.pulse.book.folder().to_path_buf());
            let rows = claims.running()?;
            add(&mut found, claims, rows.into_iter().filter(|words| words.repository == claims.repository));
        }
    }
    if asked.is_empty() {
        let why = "no etcd has the claims here: what runs on other hosts is seen in one alone (`claims = \"etcd\"`)";
        found.warnings.push(why.to_owned());
    }
    let place = |row: &RunningRow| {
        (
            row.host.clone(),
            row.user.clone(),
            row.repository.clone(),
            row.worktree.clone(),
            row.service.clone(),
        )
    };
    found.services.sort_by_key(place);
    Ok(found)
}

/// Adds the rows of a team that was not asked yet. One that does not answer hides no other.
fn gather(claims: &NetworkClaims, asked: &mut HashSet<PathBuf>, found: &mut RunningReport) -> Result<()> {
    if !claims.keeper.has_rows() || !asked.insert(claims.pulse.book.folder().to_path_buf()) {
        return Ok(());
    }
    match claims.running() {
        Ok(rows) => add(found, claims, rows.into_iter()),
        Err(failure) if failure.code() == Code::ClaimsUnreachable => {
            found.warnings.push(failure.message().to_owned());
        }
        Err(failure) => return Err(failure),
    }
    Ok(())
}

fn add(found: &mut RunningReport, claims: &NetworkClaims, rows: impl Iterator<Item = RunningWords>) {
    for words in rows {
        let own = words.host_id == claims.pulse.host.id;
        found.services.extend(words.services.iter().map(|service| RunningRow {
            host: words.host.clone(),
            user: words.user.clone(),
            repository: words.repository.clone(),
            worktree: words.worktree.clone(),
            branch: words.branch.clone(),
            service: service.service.clone(),
            state: service.state.clone(),
            port: service.port,
            url: service.url.clone(),
            seen: words.at,
            own,
        }));
    }
}

/// Has the team see what runs here in the repository of `context`.
///
/// # Errors
///
/// `claims_unreachable`; fails when the registry cannot be read.
pub fn tell(context: &Context, claims: &NetworkClaims) -> Result<()> {
    let Some(id) = context.repository.as_ref().and_then(Repository::find_id) else { return Ok(()) };
    claims.tell_running(&id, || here(context, claims, &id))
}

fn here(context: &Context, claims: &NetworkClaims, id: &RepositoryId) -> Result<Vec<RunningWords>> {
    let registry = context.store()?.read()?;
    let entries: Vec<&Entry> = registry.living(id).collect();
    let until = context.host.clock.instant() + ANSWERS;
    let said = supervision::facts_of(context, &entries, until);
    let mut runs = Vec::new();
    for (entry, facts) in entries.into_iter().zip(said) {
        let services: Vec<RunningService> =
            facts.iter().filter(|facts| is_shown(facts)).map(|facts| shown(context, entry, facts)).collect();
        if services.is_empty() {
            continue;
        }
        runs.push(RunningWords {
            host_id: claims.pulse.host.id.clone(),
            host: claims.pulse.host.name.clone(),
            user: claims.pulse.user.clone(),
            repository: claims.repository.clone(),
            repository_id: id.clone(),
            worktree: entry.name.clone(),
            branch: entry.branch.clone(),
            at: context.now(),
            services,
        });
    }
    Ok(runs)
}

/// What was stopped, or did what it had to do, is no news to others; what failed is.
fn is_shown(facts: &ServiceFacts) -> bool {
    !facts.state.is_resting() || facts.state == ServiceState::Failed
}

fn shown(context: &Context, entry: &Entry, facts: &ServiceFacts) -> RunningService {
    RunningService {
        service: facts.service.to_string(),
        state: facts.state.to_string(),
        port: facts.port,
        // A password in it stays on this host.
        url: report::url(context, entry, &facts.service, facts.state, facts.port)
            .map(|url| without_user(&url)),
    }
}
