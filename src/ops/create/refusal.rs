//! Why a create is refused, in words: each refusal names the thing and the next command.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;

use serde_json::json;

use super::planned::Plan;
use super::request::Request;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::owner;
use crate::model::advised::wt;
use crate::model::branch::{BranchHold, BranchUse};
use crate::model::command_line::CommandLine;
use crate::model::config::settings::{ConflictPolicy, ConflictSettings};
use crate::model::port::listener::Busy;
use crate::model::port::selection::Selection;
use crate::model::port::words::Words;
use crate::model::port::{Port, PortRanges, compressed};
use crate::model::purpose::Purpose;
use crate::model::registry::table::Registry;
use crate::ops::choose::Passing;
use crate::ops::ports::holders::connection;
use crate::ops::ports::kill;
use crate::ops::ports::ledger::RefusedPorts;

/// How many busy ports are shown with their holders.
const SHOWN: usize = 5;

/// Returns what is done about a busy port: as asked for, else as configured.
pub fn policy(context: &Context, plan: &Plan) -> ConflictSettings {
    let mut settings = context.config.conflict.clone();
    if let Some(policy) = plan.request.on_conflict {
        settings.policy = policy;
    }
    settings
}

/// How the command that was refused gets past a busy port itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WayOut {
    /// It takes `--on-conflict retry`.
    #[default]
    OnConflict,
    /// This start, typed once more as it is here, does.
    Resolve(String),
    /// All was tried, at most that many losses being allowed.
    GivenUp(u32),
    /// It has no such flag: the port can be left out for good.
    Exclude,
}

impl WayOut {
    fn words(&self, port: &str) -> String {
        match self {
            Self::OnConflict => "pass `--on-conflict retry`".to_owned(),
            Self::Resolve(up) => format!("let `{up}` take the next free port"),
            Self::GivenUp(_) => "widen the range in the configuration".to_owned(),
            Self::Exclude => format!(
                "leave it out for good: `{exclude}`",
                exclude = wt("ports exclude {} --reason WHY", &[&port])
            ),
        }
    }
}

/// Returns the failure for a selection that found no ports.
///
/// # Errors
///
/// Fails when the machine cannot be asked who holds the ports.
pub fn refused_selection(
    purpose: Option<&Purpose>,
    selection: &Selection,
    registry: &Registry,
    way_out: &WayOut,
) -> Result<Failure> {
    // The range is the purpose's, unless the service has one of its own.
    let own = service_of(selection).filter(|_| purpose.is_none() || is_own_range(selection));
    let named = own.or_else(|| purpose.map(Purpose::as_str)).unwrap_or("no purpose");
    Ok(match selection {
        Selection::Chosen(_) => Failure::new(Code::Internal, "a port selection that succeeded was refused"),
        Selection::Busy { ranges, busy, denied, service, .. } if busy.is_empty() => {
            port_denied(ranges, denied).detail("service", service.as_str())
        }
        Selection::Busy { ranges, busy, service, .. } => {
            let holders = owner::attribute(busy, registry)?;
            let endable = kill::endable(registry, busy)?.first().copied();
            let failure = port_conflict(named, ranges, &holders, endable, way_out);
            let failure = failure.detail("service", service.as_str());
            match purpose.filter(|_| own.is_none()) {
                Some(purpose) => failure.detail("purpose", purpose.as_str()),
                None => failure,
            }
        }
        Selection::Excluded { service, port, reason } => {
            Failure::new(Code::PortExcluded, format!("port {port} for `{service}` is excluded: {reason}"))
                .hint("choose another port")
        }
        Selection::Owned { service, port } => Failure::new(
            Code::PortConflict,
            format!("port {port} for `{service}` belongs to another worktree"),
        )
        .hint("`wt list --all` shows whose it is"),
        Selection::Exhausted { ranges, owned, foreign, excluded, reasons, service, .. } => {
            let idle = idle_allocations(registry, ranges)?;
            let message = format!(
                "no free port for `{service}` in {named} range {ranges}: {owned} allocated by wt, {foreign} held by others, {excluded} excluded{}",
                why_excluded(reasons)
            );
            let section = if own.is_some() { "service" } else { "purpose" };
            let hint = if idle.is_empty() {
                format!(
                    "remove worktrees that are done (`wt list --all`), or widen `ports` under [{section}.{named}]"
                )
            } else {
                format!(
                    "nothing listens for {}: `wt remove` what is done, or widen the range",
                    idle.join(", ")
                )
            };
            Failure::new(Code::RangeExhausted, message)
                .hint(hint)
                .detail("ranges", ranges.to_string())
                .detail("owned", *owned)
                .detail("foreign", *foreign)
                .detail("excluded", *excluded)
                .detail("reasons", reasons.iter().map(|(why, _)| why.clone()).collect::<Vec<_>>())
                .detail("idle", idle)
        }
    })
}

/// Returns the failure of whoever was refused a port, `held` being those that were passed over on the way.
///
/// # Errors
///
/// As [`refused_selection`].
pub fn refused_after(
    purpose: Option<&Purpose>,
    selection: &Selection,
    seen: &Registry,
    held: &[Port],
    most: u32,
    way_out: &WayOut,
) -> Result<Failure> {
    match selection {
        Selection::Exhausted { ranges, service, own_range, .. } if !held.is_empty() => {
            let mut busy = held.to_vec();
            busy.sort_unstable();
            let (ranges, service) = (ranges.clone(), service.clone());
            let all = Selection::Busy { ranges, busy, denied: Vec::new(), service, own_range: *own_range };
            let failure = refused_selection(purpose, &all, seen, &WayOut::GivenUp(most))?;
            Ok(failure.detail("tried", json!(held)).detail("max_retries", most))
        }
        Selection::Exhausted { .. } => {
            let failure = refused_selection(purpose, selection, seen, way_out)?;
            Ok(failure.detail("tried", json!(held)).detail("max_retries", most))
        }
        _ => refused_selection(purpose, selection, seen, way_out),
    }
}

/// Returns the same for a create.
///
/// # Errors
///
/// As [`refused_selection`].
pub fn refused_create(context: &Context, plan: &Plan, refused: &RefusedPorts) -> Result<Failure> {
    let RefusedPorts { selection, seen, held } = refused;
    let most = policy(context, plan).max_retries;
    if let Selection::Exhausted { ranges, service, own_range: false, .. } = selection {
        let wished = plan.wishes.iter().filter(|wish| wish.ranges == *ranges).count();
        let size = ranges.ports().count();
        if wished > size {
            let message =
                format!("{wished} ports never fit into {} range {ranges}, which has {size}", plan.purpose);
            return Ok(Failure::new(Code::RangeExhausted, message)
                .hint(format!("ask for fewer, or widen `ports` under [purpose.{}]", plan.purpose))
                .detail("ranges", ranges.to_string())
                .detail("service", service.as_str()));
        }
    }
    refused_after(Some(&plan.purpose), selection, seen, held, most, &WayOut::OnConflict)
}

fn is_own_range(selection: &Selection) -> bool {
    matches!(
        selection,
        Selection::Busy { own_range: true, .. } | Selection::Exhausted { own_range: true, .. }
    )
}

fn service_of(selection: &Selection) -> Option<&str> {
    match selection {
        Selection::Chosen(_) => None,
        Selection::Busy { service, .. }
        | Selection::Exhausted { service, .. }
        | Selection::Excluded { service, .. }
        | Selection::Owned { service, .. } => Some(service.as_str()),
    }
}

/// Allocations of these ranges for which nothing listens: `feature-login (web 5001)`.
fn idle_allocations(registry: &Registry, ranges: &PortRanges) -> Result<Vec<String>> {
    let listening: HashSet<Port> =
        crate::host::net::listeners::listeners()?.into_iter().map(|listener| listener.port).collect();
    let idle = registry.entries().filter(|entry| entry.is_living()).flat_map(|entry| {
        let listening = &listening;
        entry.allocations.iter().filter_map(move |allocation| {
            let port = allocation.find_port()?;
            let looks_idle = ranges.contains(port) && !listening.contains(&port);
            looks_idle.then(|| format!("{} ({} {port})", entry.name, allocation.service))
        })
    });
    Ok(idle.take(SHOWN).collect())
}

fn port_denied(ranges: &PortRanges, denied: &[Port]) -> Failure {
    let listed: Vec<String> = denied.iter().take(SHOWN).map(ToString::to_string).collect();
    Failure::new(
        Code::PortDenied,
        format!("the system does not let us bind {} (range {ranges})", listed.join(", ")),
    )
    .hint("choose a range above 1023 in the configuration, or run with the right to bind it")
}

/// ` (3 browsers refuse to connect to it, 1 the office printer)`.
fn why_excluded(reasons: &[(String, usize)]) -> String {
    let counted: Vec<String> =
        reasons.iter().take(SHOWN).map(|(reason, count)| format!("{count}: {reason}")).collect();
    if counted.is_empty() { String::new() } else { format!(" ({})", counted.join("; ")) }
}

/// Ports that the registry calls free and the machine does not. What helps comes first; the command that cleans up after
/// worktrees helps against no stranger and stands last.
fn port_conflict(
    named: &str,
    ranges: &PortRanges,
    busy: &[Busy],
    endable: Option<Port>,
    way_out: &WayOut,
) -> Failure {
    let shown: Vec<String> =
        busy.iter().take(SHOWN).map(|busy| format!("{} ({})", busy.port, holder(busy))).collect();
    let more = busy.len().saturating_sub(SHOWN);
    let rest = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    let first = busy.first().map_or_else(String::new, |busy| busy.port.to_string());
    let stop = endable
        .map(|port| format!("stop the holder (`{kill}`), ", kill = wt("ports kill {}", &[&port])))
        .unwrap_or_default();
    let noun = if ranges.0.len() > 1 { "ranges" } else { "range" };
    let details: Vec<serde_json::Value> = busy
        .iter()
        .map(|busy| json!({ "port": busy.port, "owners": owners(busy), "holder": holder(busy) }))
        .collect();
    let ports: Vec<Port> = busy.iter().map(|busy| busy.port).collect();
    let given_up = match way_out {
        WayOut::GivenUp(most) => format!(
            "\nTried {} and gave up: nothing else of it is free (max_retries = {most})",
            PortRanges(compressed(&ports))
        ),
        _ => String::new(),
    };
    Failure::new(
        Code::PortConflict,
        format!(
            "Port conflict detected in {named} {noun} {ranges}.\nPorts free in registry but occupied on system: {}{rest}{given_up}",
            shown.join(", ")
        ),
    )
    .hint(format!(
        "{}, {stop}or see who listens (`wt ports scan`);\nrun `wt validate --verify-ports` to find and clean stale allocations",
        way_out.words(&first)
    ))
    .detail("range", ranges.to_string())
    .detail("ports", details)
}

fn owners(busy: &Busy) -> Vec<serde_json::Value> {
    let owners = busy.listeners.iter().flat_map(|listener| {
        listener.owners.iter().map(|owner| {
            json!({
                "pid": owner.pid,
                "command": owner.command,
                "folder": owner.folder,
                "user": listener.user,
                "worktree": owner.worktree,
            })
        })
    });
    owners.collect()
}

/// Who holds a port, as short as it can be said: `python3, pid 4242, /srv/demo`.
pub fn holder(busy: &Busy) -> String {
    let named = busy.listeners.iter().flat_map(|listener| &listener.owners).next();
    if let Some(owner) = named {
        return Words::of(owner).list();
    }
    match busy.listeners.first() {
        Some(listener) => {
            let user = listener.user.to_string();
            let bound = if listener.listening { "" } else { ", bound and not listening" };
            format!("{}{bound}", Words { user: Some(&user), ..Words::default() }.list())
        }
        None => connection(busy.port).unwrap_or("holder not shown by the system").to_owned(),
    }
}

/// The refusal of a branch that is checked out, rebased or bisected elsewhere.
pub fn branch_in_use(
    context: &Context,
    branch: &str,
    used: &BranchUse,
    purpose: &Purpose,
    request: &Request,
) -> Failure {
    let how = used.hold.as_str();
    if used.path.symlink_metadata().is_err() {
        let name = used.admin.as_deref().unwrap_or("NAME");
        return Failure::new(
            Code::BranchCheckedOut,
            format!("branch `{branch}` is {how} in {}, which is gone", used.path.display()),
        )
        .hint(format!(
            "`{remove}` drops the records of that worktree, then create again",
            remove = wt("remove {}", &[&name])
        ))
        .detail("branch", branch)
        .detail("path", used.path.display().to_string());
    }
    let again = from_branch(context, branch, purpose, request);
    // A rebase that holds it has another one checked out, or none: its worktree is not called after it.
    let place = if used.hold == BranchHold::CheckedOut {
        wt("switch {}", &[&branch])
    } else {
        wt("switch {}", &[&used.path.display()])
    };
    Failure::new(Code::BranchCheckedOut, format!("branch `{branch}` is {how} in {}", used.path.display()))
        .hint(format!("`{place}` goes there; to start a new branch from it: `{again}`"))
        .detail("branch", branch)
        .detail("path", used.path.display().to_string())
}

/// The command that was typed, for a new branch that starts at `branch`: everything else as it was asked for.
pub fn from_branch(context: &Context, branch: &str, purpose: &Purpose, request: &Request) -> CommandLine {
    again(context, branch, purpose, request, false)
}

/// The refusal of a name that a worktree has already, at `path`.
pub fn name_taken(name: &str, path: &Path) -> Failure {
    let message = format!("worktree `{name}` exists already, at {}", path.display());
    Failure::new(Code::WorktreeExists, message).detail("path", path.display().to_string())
}

/// The command line that was typed, where it is one of `word`; else that command alone.
pub fn typed(context: &Context, word: &str) -> CommandLine {
    let typed = &context.host.typed;
    if typed.is_of(word) { typed.clone() } else { CommandLine::of(&["wt", word].map(OsString::from)) }
}

/// The same where a worktree has the identifier already, whatever its branch is called.
pub fn beside(context: &Context, branch: &str, purpose: &Purpose, request: &Request) -> CommandLine {
    again(context, branch, purpose, request, request.identifier.is_some())
}

fn again(
    context: &Context,
    branch: &str,
    purpose: &Purpose,
    request: &Request,
    is_taken: bool,
) -> CommandLine {
    let typed = typed(context, "create");
    let identifier = request.identifier.as_ref().map_or_else(|| "ID".to_owned(), ToString::to_string);
    // The same identifier would mean the same branch again.
    let is_same = is_taken || branch.rsplit('/').next() == Some(&identifier);
    let other = if is_same { format!("{identifier}-2") } else { identifier };
    let names_both = typed.name("create").is_some_and(|name| name.contains('/'));
    let name = if names_both { format!("{purpose}/{other}") } else { other };
    let again = typed
        .without(&["-b", "--branch", "--base", "--identifier"])
        .with_name("create", &name)
        .with(&["--base", branch]);
    let tells_purpose = names_both || again.has(&["-p", "--purpose"]) || purpose.as_str() == "feature";
    if tells_purpose { again } else { again.with(&["--purpose", purpose.as_str()]) }
}

/// Returns the ports that are passed over rather than fatal.
pub fn passing(settings: &ConflictSettings) -> Passing {
    if settings.policy == ConflictPolicy::Retry { Passing::Held } else { Passing::Nothing }
}
