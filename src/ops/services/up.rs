//! `wt up`: everything is settled before anything is started, and the supervisor does the rest.

use std::path::PathBuf;

use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::services::{log_file, log_reader, record_file};
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::protocol::{Cause, Request as Ask};
use crate::model::view::as_text;
use crate::ops::env;
use crate::ops::ports::allocate::Given;

use super::contact::{self, Answer, Failed, Listener};
use super::place::Place;
use super::plans;
use super::report::{ServiceView, Usages};
use super::settling;

/// How many lines of its log are shown of a service that failed.
const TAIL: usize = 20;

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// All that can be run where none is named.
    pub services: Vec<ServiceName>,
    /// To wait until everything has stayed well for a while.
    pub wait: bool,
    /// A definite port for the one service.
    pub port: Option<Port>,
    /// How conflicts over ports are settled first.
    pub resolve: Option<settling::Wish>,
}

/// What runs now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub worktree: String,
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    pub services: Vec<ServiceView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allocated: Vec<Given>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Starts services and waits until they are ready.
///
/// # Errors
///
/// What stops the plans; `service_failed`, `port_conflict`, `not_found`, `permission` and `disk_full` for a service that
/// does not start: what was started for it was stopped again then.
pub fn up(context: &Context, request: &Request, listener: &mut dyn Listener) -> Result<Report> {
    let mut entry = env::require_entry(context, None)?;
    settled(context, &mut entry, request, listener)?;
    let chosen = plans::choose(context, &mut entry, &request.services, request.port)?;
    let place = Place::of(context, &entry)?;
    let moved = match request.resolve {
        Some(_) => settling::moved(context, &place, &chosen.plans)?,
        None => Vec::new(),
    };
    let ask = if moved.is_empty() {
        Ask::Start { plans: chosen.plans, wait: request.wait, foreground: false }
    } else {
        Ask::Restart { plans: chosen.plans, anew: moved }
    };
    let facts = match contact::ask(context, &place, &ask, listener)? {
        Answer::Done(facts) => facts,
        Answer::Failed(failed) => return Err(failure(&place, failed)),
    };
    let services = Usages::default().views(&facts, context.now(), &place.wish.marker, None);
    Ok(Report {
        worktree: entry.name,
        path: entry.path,
        services,
        allocated: chosen.allocated,
        warnings: chosen.warnings,
    })
}

/// Settles conflicts over the worktree's ports where that is asked for.
pub(super) fn settled(
    context: &Context,
    entry: &mut Entry,
    request: &Request,
    listener: &mut dyn Listener,
) -> Result<()> {
    let Some(wish) = request.resolve else { return Ok(()) };
    let ports: Vec<Port> = entry.ports().collect();
    for said in settling::settle(context, &ports, wish)? {
        listener.note(&said);
    }
    let path = std::mem::take(&mut entry.path);
    *entry = env::require_entry(context, Some(&entry.name))?;
    entry.path = path;
    Ok(())
}

/// What to do about a port that somebody has. One of this worktree is no conflict between worktrees, so that none is resolved.
const TAKEN: &str = "`wt up --resolve intelligent` moves away from a stranger, and `wt ports kill PORT` ends what this \
                     worktree itself left there; `wt ports list --all` shows who holds what";

/// Says why services did not start, with the last words of the one that failed.
pub(super) fn failure(place: &Place, failed: Failed) -> Failure {
    let code = match failed.cause {
        Cause::Service => Code::ServiceFailed,
        Cause::PortConflict => Code::PortConflict,
        Cause::NotFound => Code::NotFound,
        Cause::Permission => Code::Permission,
        Cause::DiskFull => Code::DiskFull,
    };
    let Some(service) = failed.service else {
        let failure = Failure::new(code, failed.reason);
        return match code {
            Code::PortConflict => failure.hint(TAKEN),
            _ => failure.hint("`wt status` shows how the services stand"),
        };
    };
    let log = log_file::path(&record_file::logs(&place.wish.folder), service.as_str());
    let lines = log_reader::last_lines(&log, TAIL).unwrap_or_default();
    let mut message = format!("service `{service}` did not start: {}", failed.reason);
    if !lines.is_empty() && failed.cause == Cause::Service {
        message.push_str("\nits last words:");
        for line in &lines {
            message.push_str("\n  ");
            message.push_str(line);
        }
    }
    let hint = match code {
        Code::PortConflict => TAKEN.to_owned(),
        Code::NotFound => format!(
            "install it, or mend `run` under [service.{service}]; no shell reads it unless it begins with `sh -c`"
        ),
        Code::DiskFull => "make room, then try again".to_owned(),
        _ => {
            format!("`wt logs {service}` shows all it said; nothing that this `wt up` started runs any more")
        }
    };
    let services = serde_json::to_value(&failed.services).unwrap_or_default();
    Failure::new(code, message)
        .hint(hint)
        .detail("service", service.as_str())
        .detail("reason", failed.reason)
        .detail("log", lines)
        .detail("services", services)
}
