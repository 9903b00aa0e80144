//! Keeps the last results in the registry: one short change after all looks, and none where there is nothing new.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::gather::AskedService;
use crate::context::Context;
use crate::error::Result;
use crate::host::store::Store;
use crate::model::health::judgement::{self, Judgement};
use crate::model::health::recorded::HealthRecord;
use crate::model::health::state::Health;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;

/// How long to wait for the registry's lock: a result that is not kept is no harm, and the next one comes.
const PATIENCE: Duration = Duration::from_secs(1);

/// Records what was seen, where it is news, or what is on record is as old as `renewed`. `registry` is what was read before
/// the looks.
///
/// # Errors
///
/// Fails when the registry cannot be changed now; nothing was recorded then.
pub fn record(
    context: &Context,
    registry: &Registry,
    seen: &[(&AskedService, &Judgement)],
    at: Timestamp,
    renewed: SignedDuration,
) -> Result<()> {
    if context.config.policy.is_read_only() {
        return Ok(());
    }
    let is_news = |(subject, judgement): &&(&AskedService, &Judgement)| {
        let entry = registry.entries().find(|entry| entry.sequence == subject.entry.sequence);
        let known = entry.and_then(|entry| {
            entry
                .allocations
                .iter()
                .find(|known| known.service == subject.service && known.find_port() == Some(subject.port))
        });
        let before = known.and_then(|known| known.health.as_ref()).and_then(HealthRecord::find);
        HealthRecord::of(judgement, at).is_news(before.as_ref(), renewed)
    };
    let news: Vec<_> = seen.iter().filter(is_news).collect();
    if news.is_empty() {
        return Ok(());
    }
    let patience = PATIENCE.min(context.config.registry.lock_timeout);
    let store: Store<Registry> = Store::open(context.host.dirs()?, patience, context.host.interrupt.clone());
    store.writing(context.writing()).update(|registry| {
        let mut changes = Vec::new();
        for (subject, judgement) in &news {
            let Some(entry) = registry.find_by_sequence(subject.entry.sequence) else { continue };
            // What was moved or given to another service since is not what was looked at.
            let found = entry
                .allocations
                .iter_mut()
                .find(|known| known.service == subject.service && known.find_port() == Some(subject.port));
            if let Some(allocation) = found {
                let before = allocation.health.as_ref().and_then(HealthRecord::find);
                let recorded = HealthRecord::of(judgement, at);
                recorded.write(allocation);
                let is_change = before.as_ref().is_none_or(|before| before.state != recorded.state);
                if is_change {
                    let event = recorded.event(before.as_ref(), &subject.service, subject.port);
                    changes.push(event.of(&entry.repository, &entry.name));
                }
            }
        }
        for event in changes {
            registry.record_event(at, event);
        }
        Ok(())
    })
}

/// Records that services of a worktree do not run any more: what was seen of them before says nothing about now.
///
/// # Errors
///
/// As [`record`].
pub fn stopped(context: &Context, entry: &Entry, services: &[ServiceName]) -> Result<()> {
    let at = context.now();
    let is_meant = |allocation: &Allocation| {
        let before = allocation.health.as_ref().and_then(HealthRecord::find);
        services.contains(&allocation.service)
            && before.is_some_and(|before| !matches!(before.state, Health::NotRunning))
    };
    if !entry.allocations.iter().any(is_meant) {
        return Ok(());
    }
    let patience = PATIENCE.min(context.config.registry.lock_timeout);
    let store: Store<Registry> = Store::open(context.host.dirs()?, patience, context.host.interrupt.clone());
    store.writing(context.writing()).update(|registry| {
        let Some(entry) = registry.find_by_sequence(entry.sequence) else { return Ok(()) };
        for allocation in entry.allocations.iter_mut().filter(|known| is_meant(known)) {
            let Some(port) = allocation.find_port() else { continue };
            let reason = Some(judgement::nobody_listens(port));
            let (state, level) = (Health::NotRunning, 0);
            HealthRecord { state, level, pid: None, latency_ms: None, checked_at: at, reason }
                .write(allocation);
        }
        Ok(())
    })
}
