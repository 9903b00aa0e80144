//! A registry in which every worktree's row is an entry, as nearly every one is: read in one go. Where a row may be
//! something else, each has to be looked at twice.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::debt::Debt;
use super::entry::Entry;
use super::former::Former;
use super::note::Note;
use super::record::RegistryRow;
use super::repository::RepositoryRecord;
use super::rows::Rows;
use super::table::{Counter, Registry};
use crate::model::passage::OverdueSince;
use crate::model::port::exclusion::Exclusion;

/// The fields of [`Registry`], with the same defaults.
#[derive(Deserialize)]
pub(super) struct WholeRegistry {
    schema: u64,
    #[serde(default)]
    sequence: u64,
    #[serde(default)]
    repositories: Rows<RepositoryRecord>,
    #[serde(default)]
    worktrees: Vec<Entry>,
    #[serde(default)]
    exclusions: Rows<Exclusion>,
    #[serde(default)]
    former: Rows<Former>,
    #[serde(default)]
    counters: Rows<Counter>,
    #[serde(default)]
    debts: Rows<Debt>,
    #[serde(default)]
    history_over: Note<OverdueSince>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl From<WholeRegistry> for Registry {
    fn from(read: WholeRegistry) -> Self {
        Self {
            schema: read.schema,
            sequence: read.sequence,
            repositories: read.repositories,
            worktrees: read.worktrees.into_iter().map(|entry| RegistryRow::Entry(Box::new(entry))).collect(),
            exclusions: read.exclusions,
            former: read.former,
            counters: read.counters,
            debts: read.debts,
            history_over: read.history_over,
            extra: read.extra,
            events: Vec::new(),
        }
    }
}
