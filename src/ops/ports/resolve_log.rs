//! What the log of events says of settling: what is planned for a port and what came of it, each with the worktree whose port
//! it is, so that its repository hears of it and no other one.

use serde_json::json;

use crate::context::Context;
use crate::model::config::settings::Strategy;
use crate::model::event::Event;
use crate::model::port::dispute::Level;
use crate::model::port::matter::Matter;
use crate::model::port::resolution::{DisputeAction, ResolutionStep};

/// An event, and the number of the record whose worktree it is about.
pub type StepEvent = (Event, u64);

/// The event of a step that is about to be done.
pub fn planned(step: &ResolutionStep, strategy: Strategy) -> StepEvent {
    let action = word(&step.action);
    let event = about("resolve_planned", &step.matter, strategy)
        .with("action", action)
        .with("level", step.level.as_str())
        .with("reason", format!("plan: {action}; {}", step.reason));
    (event, step.matter.sequence)
}

/// The event of what came of `step`, where there was one: settled, or still in `trouble` so bad and for this reason.
pub fn ended(
    (matter, step): (&Matter, Option<&ResolutionStep>),
    strategy: Strategy,
    trouble: Option<(Level, &str)>,
) -> StepEvent {
    let mut event = match trouble {
        Some((level, reason)) => about("resolve_failed", matter, strategy)
            .with("outcome", "not_settled")
            .with("level", level.as_str())
            .with("reason", format!("not settled: {reason}")),
        None => {
            about("resolve_verified", matter, strategy).with("outcome", "settled").with("reason", "settled")
        }
    };
    if let Some(step) = step {
        event = event.with("action", word(&step.action));
    }
    (event, matter.sequence)
}

fn word(action: &DisputeAction) -> &'static str {
    match action {
        DisputeAction::Restart { .. } => "restart",
        DisputeAction::Move { .. } => "move",
        DisputeAction::Terminate { .. } => "terminate",
        DisputeAction::Leave { .. } => "leave",
    }
}

fn about(event: &str, matter: &Matter, strategy: Strategy) -> Event {
    let strategy = json!(strategy);
    matter.told(Event::new(event)).with("strategy", strategy.clone()).with("policy", strategy)
}

/// What was done is done: a log that cannot be written must not stop it half-way.
pub fn log(context: &Context, events: &[StepEvent]) {
    if events.is_empty() {
        return;
    }
    let now = context.now();
    let written = context.store().and_then(|store| {
        store.update(|registry| {
            for (event, sequence) in events {
                let mut event = event.clone();
                let of = registry.entries().find(|entry| entry.sequence == *sequence);
                event.repository = of.map(|entry| entry.repository.clone());
                registry.record_event(now, event);
            }
            Ok(())
        })
    });
    drop(written);
}
