//! Ports that people keep out of every allocation, and take back in.

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::event::Event;
use crate::model::port::exclusion::{self, Exclusion};
use crate::model::port::{Port, PortRange};

/// The key of the configuration that excludes ports too.
const KEY: &str = "ports.exclude";

/// What became of a wish.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub first: Port,
    pub last: Port,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub changed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Excludes `range` because of `reason`; allocations inside stay, with a warning.
///
/// # Errors
///
/// Fails when the registry cannot be written.
pub fn exclude(context: &Context, range: PortRange, reason: &str) -> Result<Report> {
    let now = context.now();
    context.store()?.update(|registry| {
        let is_it = |known: &Exclusion| {
            known.first == range.first() && known.last == range.last() && known.reason == reason
        };
        let changed = !registry.exclusions.iter().any(is_it);
        if changed {
            let mut kept = exclusion::without(&registry.exclusions, range);
            kept.push(Exclusion::new(range, reason));
            *registry.exclusions = kept;
            registry.record_event(now, event("port_excluded", range).with("reason", reason));
        }
        let mut warnings = Vec::new();
        for entry in registry.entries().filter(|entry| entry.is_living()) {
            for port in entry.ports().filter(|port| range.contains(*port)) {
                warnings.push(format!(
                    "`{}` has port {port} and keeps it: `{release}` gives it up",
                    entry.name,
                    release = wt("ports release {} --worktree {}", &[&port, &entry.name])
                ));
            }
        }
        let reason = Some(reason.to_owned());
        Ok(Report { first: range.first(), last: range.last(), reason, changed, warnings })
    })
}

/// Takes `range` out of what people excluded, splitting exclusions that reach over it.
///
/// # Errors
///
/// `port_excluded` when only a built-in or a configured exclusion covers it.
pub fn include(context: &Context, range: PortRange) -> Result<Report> {
    let now = context.now();
    context.store()?.update(|registry| {
        let kept = exclusion::without(&registry.exclusions, range);
        let changed = kept != **registry.exclusions;
        if changed {
            *registry.exclusions = kept;
            registry.record_event(now, event("port_included", range));
        }
        let others = others(context, range);
        if !changed && !others.is_empty() {
            return Err(Failure::new(Code::PortExcluded, others.join("\n"))
                .hint("`exclude` under [ports] is in the configuration: `wt config show ports.exclude`; a service's own range may name a well-known port"));
        }
        Ok(Report { first: range.first(), last: range.last(), reason: None, changed, warnings: others })
    })
}

/// Exclusions of `range` that the registry does not hold, each with where it comes from.
pub(super) fn others(context: &Context, range: PortRange) -> Vec<String> {
    let told = |known: &Exclusion, origin: &str| {
        let ports =
            PortRange::new(known.first, known.last).map(|range| range.to_string()).unwrap_or_default();
        format!("{ports} stays excluded ({origin}): {}", known.reason)
    };
    let origin = context.config.values.iter().find(|value| value.key == KEY);
    let origin = origin.map_or_else(|| KEY.to_owned(), |value| format!("{KEY}, {}", value.origin));
    let built_in = exclusion::built_in(std::env::consts::OS);
    let built_in = exclusion::touching(&built_in, range).map(|known| told(known, "built in"));
    let configured = exclusion::touching(&context.config.exclusions, range).map(|known| told(known, &origin));
    built_in.chain(configured).collect()
}

fn event(name: &str, range: PortRange) -> Event {
    Event::new(name).with("first", range.first().number()).with("last", range.last().number())
}
