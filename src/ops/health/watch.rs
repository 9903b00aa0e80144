//! Looking again and again: what changed since the last look, several bad answers in a row being one change.

use std::collections::HashMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::model::health::judgement::Judgement;
use crate::model::health::recorded::RENEWAL;
use crate::model::health::state::Health;
use crate::model::health::threshold::Streak;
use crate::model::port::Port;
use crate::model::service::ServiceName;
use crate::model::view::as_text;
use crate::ops::notify::start;

use super::gather::{AskedService, Request, gather};
use super::report::{Report, ServiceHealth, report, view};
use super::{look, record};

/// A service that is another than at the last look.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct HealthChange {
    pub worktree: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub repository: PathBuf,
    #[serde(flatten)]
    pub service: ServiceHealth,
    /// The state before; `None` at the first look.
    pub previous: Option<Health>,
}

/// One look.
#[derive(Clone, Debug)]
pub struct Round {
    pub report: Report,
    /// At the first look every service is one.
    pub changes: Vec<HealthChange>,
}

/// The worktree's entry, the service, its port.
type Key = (u64, ServiceName, Port);

/// What is remembered from look to look.
#[derive(Debug)]
pub struct Watcher<'a> {
    context: &'a Context,
    request: Request,
    streaks: HashMap<Key, Streak>,
    shown: HashMap<Key, (Health, Option<u32>)>,
}

impl<'a> Watcher<'a> {
    /// A watcher that has not looked yet.
    #[must_use]
    pub fn new(context: &'a Context, request: Request) -> Self {
        Self { context, request, streaks: HashMap::new(), shown: HashMap::new() }
    }

    /// Looks once more, and records what was seen.
    ///
    /// # Errors
    ///
    /// Those of gathering and of looking.
    pub fn look_once(&mut self) -> Result<Round> {
        let gathered = gather(self.context, &self.request)?;
        let seen = look::judge_all(self.context, &gathered)?;
        let at = self.context.now();
        let pairs = gathered.subjects.iter().zip(seen);
        let settled: Vec<Judgement> =
            pairs.map(|(subject, judgement)| self.counted(subject, judgement)).collect();
        let pairs: Vec<(&AskedService, &Judgement)> = gathered.subjects.iter().zip(&settled).collect();
        // The next look records again; nobody who watches needs to hear of it.
        let _ = record::record(self.context, &gathered.registry, &pairs, at, RENEWAL);
        start::wake(&self.context.host);
        let mut changes = Vec::new();
        for (subject, judgement) in pairs {
            let now = (judgement.health, judgement.pid);
            let before = self.shown.insert(key(subject), now);
            if before != Some(now) {
                changes.push(HealthChange {
                    worktree: subject.entry.name.clone(),
                    repository: subject.entry.repository.clone(),
                    service: view(subject, judgement, at),
                    previous: before.map(|(health, _)| health),
                });
            }
        }
        Ok(Round { report: report(&gathered, &settled, at), changes })
    }

    fn counted(&mut self, subject: &AskedService, judgement: Judgement) -> Judgement {
        self.streaks.entry(key(subject)).or_default().count(subject.threshold, judgement)
    }
}

fn key(subject: &AskedService) -> Key {
    (subject.entry.sequence, subject.service.clone(), subject.port)
}
