//! One look of the monitor at everything: health, conflicts, drift of the records, teardowns that are due.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::announcing::Announcing;
use super::beats::Beats;
use super::mend::{Permit, mend};
use super::naming::WatchedRepositories;
use super::tell::{KnownConflicts, tell};
use crate::context::Context;
use crate::error::Result;
use crate::model::finding::{Finding, Severity};
use crate::model::news::{News, NewsOf, Seen, Subject, differences};
use crate::ops::health::gather::Request;
use crate::ops::health::report::HealthSummary;
use crate::ops::health::watch::{HealthChange, Watcher};
use crate::ops::ports::conflicts::{self, Conflict, ConflictKind};
use crate::ops::validate;

/// What was seen.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Look {
    pub health: HealthSummary,
    /// Those that something should be done about.
    pub conflicts: Vec<Conflict>,
    /// Errors of the records.
    pub findings: Vec<Finding>,
    /// Worktrees that are gone and whose teardown has not succeeded yet.
    pub debts: Vec<String>,
    /// What is other than at the look before; at the first look everything that is wrong, and each service.
    pub news: Vec<News>,
}

impl Look {
    /// Answers whether there is nothing that somebody should look at.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.health.unhealthy == 0
            && self.conflicts.is_empty()
            && self.findings.is_empty()
            && self.debts.is_empty()
    }
}

/// What is remembered from look to look.
#[derive(Debug)]
pub struct MonitorMemory<'a> {
    context: &'a Context,
    watcher: Watcher<'a>,
    permit: Permit,
    conflicts: Seen,
    told: KnownConflicts,
    findings: Seen,
    debts: Seen,
    beats: Beats,
    /// Of one who stays, where that is wanted.
    announcing: Option<Announcing>,
}

impl<'a> MonitorMemory<'a> {
    /// A watch over every repository that has not looked yet. `context` is of none.
    #[must_use]
    pub fn new(context: &'a Context, permit: Permit) -> Self {
        let watcher = Watcher::new(context, Request { all: true, ..Request::default() });
        let (conflicts, findings, debts) = (Seen::new(), Seen::new(), Seen::new());
        Self {
            context,
            watcher,
            permit,
            conflicts,
            told: KnownConflicts::new(),
            findings,
            debts,
            beats: Beats::default(),
            announcing: None,
        }
    }

    /// The same, which announces what is healthy on the local network, where that is configured.
    #[must_use]
    pub fn announcing(mut self) -> Self {
        self.announcing = self.context.config.discovery.dns_sd.then(Announcing::default);
        self
    }

    /// Looks once more.
    ///
    /// # Errors
    ///
    /// `interrupted`, and when the registry or the machine cannot be read.
    pub fn look_once(&mut self) -> Result<Look> {
        let context = self.context;
        let done = mend(context, self.permit)?;
        let at = context.now();
        let deed =
            |text: String| News { at, subject: Subject::Deed, gone: false, text, of: NewsOf::default() };
        let mut news: Vec<News> = done.into_iter().map(deed).collect();
        let round = self.watcher.look_once()?;
        let mut conflicts = conflicts::conflicts(context)?.conflicts;
        conflicts.retain(|one| one.kind != ConflictKind::Mismatch && one.counts());
        let request = validate::Request { all: true, ..validate::Request::default() };
        let mut findings = validate::validate(context, &request)?.findings;
        findings.retain(|finding| matches!(finding.severity, Severity::Error | Severity::Critical));
        let registry = context.store()?.read()?;
        let watched = WatchedRepositories::of(&registry);
        let told = |text: String, of: NewsOf| (watched.told(text, &of), of);
        news.extend(round.changes.iter().map(|change| {
            let (text, of) = told(words(change), watched.change(change));
            News { at, subject: Subject::Service, gone: false, text, of }
        }));
        let seen = conflicts.iter().map(|one| {
            let text = format!("port {}: {} ({})", one.ruling.port, one.level_reason, one.fix);
            (format!("{:?} {}", one.kind, one.ruling.port), told(text, watched.conflict(one)))
        });
        news.extend(differences(Subject::Conflict, &mut self.conflicts, seen.collect(), at));
        let seen = findings.iter().map(|one| {
            let of = one.repository.as_ref().map(|root| watched.about(root, one.worktree.as_deref()));
            let root = one.repository.as_deref().unwrap_or(Path::new("")).display();
            let key = format!("{} {root} {} {}", one.code.code(), one.subject, one.message);
            (key, told(one.message.clone(), of.unwrap_or_default()))
        });
        news.extend(differences(Subject::Finding, &mut self.findings, seen.collect(), at));
        tell(context, &mut self.told, &conflicts, &registry);
        let debts: Vec<String> = registry.debts.iter().map(|debt| debt.name.clone()).collect();
        let seen = registry.debts.iter().map(|debt| {
            let text = format!("the teardown of `{}` has not succeeded yet", debt.name);
            (debt.number.to_string(), told(text, watched.about(&debt.repository, Some(&debt.name))))
        });
        news.extend(differences(Subject::Debt, &mut self.debts, seen.collect(), at));
        news.extend(self.beats.beat(context)?.map(deed));
        if let Some(announcing) = &mut self.announcing {
            // The news of the look stand without it.
            let said = announcing.follow(context, &registry, &round.report);
            news.extend(said.unwrap_or_else(|failure| Some(failure.to_string())).map(deed));
        }
        Ok(Look { health: round.report.summary, conflicts, findings, debts, news })
    }
}

fn words(change: &HealthChange) -> String {
    let service = &change.service;
    let before = change.previous.map(|before| format!("{} → ", before.as_str())).unwrap_or_default();
    let reason = service.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} of {} {before}{}{reason}", service.service, change.worktree, service.health.as_str())
}
