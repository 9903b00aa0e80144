//! What can go wrong with services and around their supervisor, in words: every service that failed, its reason, and its
//! last words.

use std::fmt::Write as _;
use std::mem::discriminant;

use serde_json::{Value, json};

use super::contact::FailedWish;
use super::place::ServicesPlace;
use crate::context::Context;
use crate::error::{Code, Failure};
use crate::host::services::{log_file, log_reader, record_file};
use crate::model::advised::wt;
use crate::model::excerpt::excerpt;
use crate::model::port::Port;
use crate::model::services::protocol::{Cause, Failing, ServiceFacts};
use crate::model::services::readiness;
use crate::ops::ports::advice::Adviser;

/// How many lines of its log are shown of a service that failed, where it is the only one.
const TAIL: usize = 20;

/// How many are looked at for the one that tells why.
const LOOKED_AT: usize = 200;

/// How many of each where it is not, and of how many services.
const TAILS: (usize, usize) = (8, 5);

/// Says why services did not start, and that what was started for it runs no more.
pub(super) fn of_start(context: &Context, place: &ServicesPlace, failed: FailedWish) -> Failure {
    of_wish(context, place, failed, "; nothing that this `wt up` started runs any more")
}

/// Says why services did not start anew.
pub(super) fn of_restart(context: &Context, place: &ServicesPlace, failed: FailedWish) -> Failure {
    of_wish(context, place, failed, "")
}

fn of_wish(context: &Context, place: &ServicesPlace, failed: FailedWish, and: &str) -> Failure {
    let of_causes = || failed.failures.iter().filter(|failing| !failing.is_consequence);
    // Several causes of different kinds have no more in common than that services failed.
    let is_mixed = of_causes().any(|failing| discriminant(&failing.cause) != discriminant(&failed.cause));
    let code = match failed.cause {
        _ if is_mixed => Code::ServiceFailed,
        Cause::Service | Cause::ExtraPort => Code::ServiceFailed,
        Cause::PortConflict(_) => Code::PortConflict,
        Cause::NotFound => Code::NotFound,
        Cause::Permission => Code::Permission,
        Cause::Untrusted => Code::Untrusted,
        Cause::DiskFull => Code::DiskFull,
    };
    if failed.failures.is_empty() {
        let failure = Failure::new(code, &failed.reason).detail("reason", failed.reason);
        return match failed.cause {
            Cause::PortConflict(port) => {
                failure.detail("port", port.number()).hint(taken(context, place, port))
            }
            _ => {
                failure.hint(format!("`{}` shows how the services stand", context.advised(wt("status", &[]))))
            }
        };
    }
    let looked_at: Vec<Vec<String>> =
        failed.failures.iter().map(|failing| last_words(place, failing)).collect();
    let lines: Vec<Vec<String>> = looked_at.iter().map(|lines| excerpt(lines, TAIL)).collect();
    let first = &failed.failures[0];
    let names: Vec<&str> = of_causes().map(|failing| failing.service.as_str()).collect();
    let said = if names.len() > 1 { "they said" } else { "it said" };
    let hint = match code {
        _ if let (Cause::PortConflict(port), false) = (failed.cause, is_mixed) => taken(context, place, port),
        _ if failed.cause == Cause::ExtraPort && !is_mixed => format!(
            "`{0}` is ready once it listens on its `extra_ports` too: raise `health.start_timeout` of [service.{0}], \
             or write `listens = false` in the further port's own section, as [service.{0}-debug], to not wait for it",
            first.service
        ),
        Code::NotFound => format!(
            "install it, or mend `run` under [service.{}]; no shell reads it unless it begins with `sh -c`",
            first.service
        ),
        Code::Untrusted => "look at its commands; `wt trust` allows them again".to_owned(),
        Code::DiskFull => "make room, then try again".to_owned(),
        _ if names.is_empty() => {
            format!("`{}` shows how the services stand{and}", context.advised(wt("status", &[])))
        }
        _ if let (false, Some(cure)) = (is_mixed, readiness::cure(first.service.as_str(), &first.reason)) => {
            format!(
                "{cure}; `{logs}` shows all {said}{and}",
                logs = context.advised(wt("logs", &[]).and(&names))
            )
        }
        _ => format!("`{logs}` shows all {said}{and}", logs = context.advised(wt("logs", &[]).and(&names))),
    };
    let failures: Vec<_> = failed
        .failures
        .iter()
        .zip(&lines)
        .map(|(failing, lines)| json!({ "service": failing.service, "reason": failing.reason, "log": lines }))
        .collect();
    let failure = Failure::new(code, message(&failed.failures, &looked_at)).hint(hint);
    let failure = match failed.cause {
        Cause::PortConflict(port) if !is_mixed => failure.detail("port", port.number()),
        _ => failure,
    };
    failure
        .detail("service", first.service.as_str())
        .detail("reason", first.reason.clone())
        .detail("log", lines.first().cloned().unwrap_or_default())
        .detail("failures", failures)
        .detail("services", failed.services.iter().map(view).collect::<Vec<_>>())
}

fn view(facts: &ServiceFacts) -> Value {
    json!({
        "service": facts.service, "state": facts.state, "port": facts.port, "pid": facts.pid,
        "restarts": facts.restarts, "reason": facts.reason,
    })
}

/// What to do about a port that somebody has: each command would go through now.
fn taken(context: &Context, place: &ServicesPlace, port: Port) -> String {
    let registry = context.store().and_then(|store| store.read()).unwrap_or_default();
    Adviser::new(context, &registry).way_past(place.wish.sequence, port, true)
}

/// What it wrote at the end, where that may tell more than the reason does.
fn last_words(place: &ServicesPlace, failing: &Failing) -> Vec<String> {
    if !matches!(failing.cause, Cause::Service | Cause::ExtraPort) || failing.is_consequence {
        return Vec::new();
    }
    let log = log_file::path(&record_file::logs(&place.wish.folder), failing.service.as_str());
    log_reader::last_lines(&log, LOOKED_AT).unwrap_or_default()
}

fn message(failures: &[Failing], lines: &[Vec<String>]) -> String {
    let mut message = String::new();
    let is_one = failures.len() == 1;
    if !is_one {
        let _ = write!(message, "{} services did not start", failures.len());
    }
    let tail = if is_one { TAIL } else { TAILS.0 };
    for (at, (failing, lines)) in failures.iter().zip(lines).enumerate() {
        let Failing { service, reason, .. } = failing;
        let _ = if is_one {
            write!(message, "service `{service}` did not start: {reason}")
        } else {
            write!(message, "\n`{service}`: {reason}")
        };
        let shown = excerpt(lines, tail);
        if shown.is_empty() || at >= TAILS.1 {
            continue;
        }
        let margin = if is_one { "" } else { "  " };
        let _ = write!(message, "\n{margin}its last words:");
        for line in shown {
            let _ = write!(message, "\n{margin}  {line}");
        }
    }
    message
}
