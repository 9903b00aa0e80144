//! Stops our own strays in our ranges: looked for again right before anything is ended, and never anybody else's.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::kill::{self, KillWay, Killed, RefusedHolder, Survivor};
use super::strays::{Stray, strays};
use crate::context::Context;
use crate::error::Result;
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::registry::table::Registry;
use crate::model::signal::EndSignal;

/// Who would be stopped, and who would not although it is a stray.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub strays: Vec<Stray>,
    pub refused: Vec<RefusedHolder>,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub strays: Vec<Stray>,
    pub killed: Vec<Killed>,
    pub survivors: Vec<Survivor>,
    pub refused: Vec<RefusedHolder>,
    /// Ports that were held by strays, and are free now.
    pub free: Vec<Port>,
}

impl Report {
    /// Answers whether no stray is left.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.survivors.is_empty() && self.refused.is_empty()
    }
}

/// Looks for strays.
///
/// # Errors
///
/// Fails when the registry or the kernel's sockets cannot be read.
pub fn plan(context: &Context) -> Result<Plan> {
    let registry = context.store()?.read()?;
    let ourselves = kill::ourselves();
    let mut plan = Plan::default();
    for stray in strays(context, &registry)? {
        match kill::refusal(&stray.holder, &ourselves, false) {
            Some(refusal) => plan.refused.push(kill::refused(&stray.holder, refusal)),
            None => plan.strays.push(stray),
        }
    }
    Ok(plan)
}

/// Stops the strays of `plan` that still are some.
///
/// # Errors
///
/// `interrupted`; fails when the machine cannot be asked.
pub fn apply(context: &Context, plan: Plan) -> Result<Report> {
    let now = self::plan(context)?;
    let mut report = Report { strays: plan.strays, refused: now.refused, ..Report::default() };
    let is_agreed = |stray: &Stray| report.strays.iter().any(|agreed| agreed.holder.is(&stray.holder));
    let mut left: Vec<Stray> = now.strays.into_iter().filter(is_agreed).collect();
    while let Some(port) = left.first().map(|stray| stray.port) {
        let (here, elsewhere): (Vec<Stray>, Vec<Stray>) =
            left.into_iter().partition(|stray| stray.port == port);
        left = elsewhere;
        let targets: Vec<_> = here.into_iter().map(|stray| stray.holder).collect();
        let ended = kill::end(context, port, &targets, KillWay::default())?;
        // One that held several ports was asked for all of them.
        left.retain(|stray| !targets.iter().any(|target| target.is(&stray.holder)));
        report.killed.extend(ended.killed);
        report.survivors.extend(ended.survivors);
        report.refused.extend(ended.refused);
    }
    let mut ports: Vec<Port> = report.strays.iter().map(|stray| stray.port).collect();
    ports.dedup();
    for port in ports {
        if kill::is_free(port)? {
            report.free.push(port);
        }
    }
    record(context, &report);
    Ok(report)
}

fn record(context: &Context, report: &Report) {
    let now = context.now();
    let written = context.store().and_then(|store| {
        store.update(|registry| {
            for killed in &report.killed {
                let mut of = report.strays.iter().filter(|stray| stray.holder.pid == Some(killed.pid));
                let Some(stray) = of.next() else { continue };
                let mut event = Event::new("stray_terminated")
                    .with("port", stray.port.number())
                    .with("pid", killed.pid)
                    .with("command", killed.command.clone())
                    .with("signal", killed.signal.map(EndSignal::as_str))
                    .with("reason", stray.why.as_str());
                event.worktree = Some(stray.stray_of.clone());
                event.repository = repository_of(registry, &stray.stray_of);
                registry.record_event(now, event);
            }
            Ok(())
        })
    });
    // What was done is done: a log that cannot be written must not make it look otherwise.
    drop(written);
}

/// The repository whose worktree had that name; `None` where nobody remembers it, or two do.
fn repository_of(registry: &Registry, name: &str) -> Option<PathBuf> {
    let mut of = registry.entries().filter(|entry| entry.name == name).map(|entry| &entry.repository);
    let first = of.next()?;
    of.all(|other| other == first).then(|| first.clone())
}
