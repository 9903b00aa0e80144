//! `wt ports allocate`, and whatever gives a worktree that is there a port for a service: what it asks of the ledger, and
//! what it says of the answer.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::ledger::{self, Gift, RefusedPorts};
use super::{kill, passing};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::config::settings::ConflictPolicy;
use crate::model::port::Port;
use crate::model::port::selection::Selection;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::ops::choose::Passing;
use crate::ops::create::{WayOut, refused_after};
use crate::ops::sharing::Sharing;
use crate::ops::vanished::room;
use crate::ops::{claims, env, main_worktree};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Request {
    /// The one we stand in when nobody is named.
    pub worktree: Option<String>,
    pub services: Vec<ServiceName>,
    /// A definite port for the one service.
    pub port: Option<Port>,
    /// To take the next free port instead of a busy one, whatever the configuration says of conflicts.
    pub gives_way: bool,
    /// What a refusal over a busy port recommends.
    pub way_out: WayOut,
}

/// What the worktree has now.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub worktree: String,
    pub ports: Vec<GivenPort>,
    /// The env block that was written.
    pub env: Option<PathBuf>,
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// Busy ports that were passed over (`--on-conflict retry`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<Port>,
    /// Who held these, in words.
    #[serde(skip)]
    pub said: Vec<String>,
}

/// One service's port.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct GivenPort {
    pub port: Port,
    pub service: ServiceName,
    pub url: Option<String>,
    pub pinned: bool,
    /// The last health result; `None` when nobody looked yet.
    pub health: Option<Value>,
    /// False for what it had before.
    pub new: bool,
}

/// Allocates.
///
/// # Errors
///
/// `usage`, `not_found`, `port_conflict`, `port_excluded`, `port_denied`, `range_exhausted`, and what stops the env
/// files; nothing was changed then.
pub fn allocate(context: &Context, request: &Request) -> Result<Report> {
    if request.port.is_some() && request.services.len() != 1 {
        return Err(
            Failure::new(Code::Usage, "one port is for one service").hint("name one service with `--port`")
        );
    }
    let told = main_worktree::follow(context);
    claims::see(context, false);
    let known = env::require_entry(context, request.worktree.as_deref())?;
    if let Some(report) = of_all(context, request, &known)? {
        return Ok(report);
    }
    let settings = &context.config.conflict;
    let retries = request.port.is_none() && (request.gives_way || settings.policy == ConflictPolicy::Retry);
    if let Some(port) = request.port {
        room::make_for(context, port)?;
    }
    let repository = context.require_repository()?;
    let gift = Gift {
        sequence: known.sequence,
        services: &request.services,
        port: request.port,
        // All that are met are passed over: nobody waits for what a stranger holds.
        passing: if retries { Passing::Held } else { Passing::Nothing },
        place: &known.path,
    };
    let ledger::GivenPorts { entry, new, passed, written } = match ledger::give(context, repository, gift)? {
        Ok(given) => given,
        Err(refused) => return Err(in_words(context, &known, request, &refused)?),
    };
    let of = |service: &ServiceName| {
        let mut all = entry.allocations.iter().filter(|known| known.service == *service);
        let (port, known) = all.find_map(|known| Some((known.find_port()?, known)))?;
        let url = env::url(context, &repository.name(), &entry, service, port);
        let (pinned, health) = (known.pinned, known.health.clone());
        Some(GivenPort { port, service: service.clone(), url, pinned, health, new: new.contains(service) })
    };
    let ports: Vec<GivenPort> = request.services.iter().filter_map(of).collect();
    let chosen: Vec<Port> = ports.iter().filter(|given| given.new).map(|given| given.port).collect();
    // Words alone: the ports are given by now.
    let said = passing::said(context, &passed, &chosen).unwrap_or_default();
    let mut warnings = Vec::new();
    if !new.is_empty() && !entry.env && !entry.is_main() {
        warnings.push(format!("`{}` was made without an env block, so nothing names the port", entry.name));
    }
    let env = written.map(|written| {
        warnings = written.warnings;
        written.path
    });
    warnings.splice(0..0, told);
    warnings.extend(context.config.unconfigured(&new));
    Ok(Report { worktree: entry.name, ports, env, warnings, passed_over: passed, said })
}

/// Answers for services that serve all worktrees: their ports are the main worktree's. `None` where none of them is asked for.
fn of_all(context: &Context, request: &Request, entry: &Entry) -> Result<Option<Report>> {
    let sharing = Sharing::of(context, entry);
    let (shared_ones, own) = sharing.part(&request.services);
    if shared_ones.is_empty() {
        return Ok(None);
    }
    let Some(main) = sharing.main()? else {
        let message =
            format!("`{}` serves all worktrees, and the main worktree has no port for it", shared_ones[0]);
        return Err(Failure::new(Code::NotFound, message)
            .hint("`wt adopt --main` makes it a member, and says what stops that"));
    };
    let of = |services: Vec<ServiceName>, worktree: Option<String>| Request {
        worktree,
        services,
        ..request.clone()
    };
    let given = allocate(context, &of(shared_ones, Some(main.path.display().to_string())))?;
    let mut report = if own.is_empty() {
        Report {
            worktree: entry.name.clone(),
            ports: Vec::new(),
            env: None,
            warnings: Vec::new(),
            passed_over: Vec::new(),
            said: Vec::new(),
        }
    } else {
        allocate(context, &of(own, request.worktree.clone()))?
    };
    report.ports.extend(given.ports);
    report.warnings.extend(given.warnings);
    report.passed_over.extend(given.passed_over);
    report.said.extend(given.said);
    Ok(Some(report))
}

/// In the words of a create; a port that was named has no other that could be tried.
fn in_words(context: &Context, entry: &Entry, request: &Request, refused: &RefusedPorts) -> Result<Failure> {
    let RefusedPorts { selection, seen, held } = refused;
    let most = context.config.conflict.max_retries;
    let failure =
        refused_after(context.config.drawing_purpose(entry), selection, seen, held, most, &request.way_out)?;
    Ok(match request.port {
        Some(port) if matches!(selection, Selection::Busy { .. }) => {
            let is_endable = !kill::endable(seen, &[port])?.is_empty();
            let kill = if is_endable {
                format!(", `{kill}` ends that", kill = wt("ports kill {}", &[&port]))
            } else {
                String::new()
            };
            failure.hint(format!(
                "`{owner}` shows who holds it{kill};\nwithout `--port` another port is chosen",
                owner = wt("ports owner {}", &[&port])
            ))
        }
        _ => failure,
    })
}
