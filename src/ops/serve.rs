//! `wt serve` beside the server itself: where it will answer, who serves already, and having that end.

use std::ffi::OsString;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::process::{identity, open_files, spawn};
use crate::host::serve::change::StateWatch;
use crate::host::serve::handed::{self, Handed};
use crate::host::serve::listen::{self, ServerSockets};
use crate::host::serve::seat::{self, ServerSeat};
use crate::model::event::filter::EventFilter;
use crate::model::port::Port;
use crate::ops::choose;
use crate::ops::events::Follower;
use crate::ops::ports::ranges;

/// Where a server answers. Its token is shown to people, and is in no answer for programs.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub url: String,
    pub pid: u32,
    /// The address with the token, for whoever opens the page.
    #[serde(skip)]
    pub page: Option<String>,
}

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// This very port, instead of the configured one or the next.
    pub port: Option<Port>,
    /// A socket in the file system, instead of loopback.
    pub socket: Option<PathBuf>,
    /// Whether the token of the last time goes on counting.
    pub keeps_token: bool,
}

/// What a server begins with.
#[derive(Debug)]
pub struct ReadyServer {
    pub seat: ServerSeat,
    pub token: String,
    pub report: Report,
    pub door: ServerDoor,
}

/// What it accepts on.
#[derive(Debug)]
pub enum ServerDoor {
    Loopback(ServerSockets),
    /// With the path to take away at the end, where it is ours.
    File(UnixListener, Option<PathBuf>),
}

/// Takes the place of the user's server, and listens.
///
/// # Errors
///
/// `already_running` where somebody serves; `port_conflict`, `path_not_empty`, `permission`.
pub fn begin(context: &Context, request: &Request) -> Result<ReadyServer> {
    let dirs = context.host.dirs()?;
    let state = dirs.require_state()?;
    let Some(seat) = ServerSeat::take(state)? else { return Err(already(state)) };
    let (door, url) = open(context, request)?;
    let token = seat.announce(state, &url, request.keeps_token)?;
    // A forwarded request takes two, one for each side.
    let _ = open_files::raise();
    let page = matches!(door, ServerDoor::Loopback(_)).then(|| with_token(&url, &token));
    let report = Report { url, pid: identity::current()?.pid, page };
    Ok(ReadyServer { seat, token, report, door })
}

/// Takes down what was announced.
pub fn end(seat: ServerSeat, socket: Option<PathBuf>) {
    if let Some(socket) = socket {
        // The next one would have to take it away.
        let _ = std::fs::remove_file(socket);
    }
    seat.leave();
}

fn already(state: &Path) -> Failure {
    let failure = match seat::find(state) {
        Some(serving) => {
            let pid = serving.process.pid;
            Failure::new(
                Code::AlreadyRunning,
                format!("`wt serve` runs already: {} (pid {pid})", serving.url),
            )
            .detail("url", serving.url)
            .detail("pid", pid)
        }
        None => Failure::new(Code::AlreadyRunning, "`wt serve` is being started by somebody else just now"),
    };
    failure.hint("`wt serve --url` shows its address, `wt serve --stop` ends it")
}

fn open(context: &Context, request: &Request) -> Result<(ServerDoor, String)> {
    if let Some(handed) = handed::take(&context.host.environment)? {
        if request.port.is_some() || request.socket.is_some() {
            return Err(Failure::new(
                Code::Usage,
                "sockets were handed over, and a flag names another place",
            ));
        }
        return Ok(match handed {
            Handed::Loopback(listening) => {
                let url = url(listening.port);
                (ServerDoor::Loopback(listening), url)
            }
            Handed::File(socket, path) => (ServerDoor::File(socket, None), path.display().to_string()),
        });
    }
    if let Some(socket) = &request.socket {
        let socket = context.absolute(socket);
        return Ok((
            ServerDoor::File(listen::file(&socket)?, Some(socket.clone())),
            socket.display().to_string(),
        ));
    }
    let listening = match request.port {
        Some(port) => {
            require_outside(context, port)?;
            listen::on(port)?
        }
        None => first_free(context)?,
    };
    let url = url(listening.port);
    Ok((ServerDoor::Loopback(listening), url))
}

/// 127.0.0.1 and no name: a name may lead to the other family.
fn url(port: Port) -> String {
    format!("http://127.0.0.1:{port}/")
}

/// Refuses a port that a worktree has, whether its server runs just now or not, or may come to have, and one that is nobody's.
fn require_outside(context: &Context, port: Port) -> Result<()> {
    let registry = context.store()?.read()?;
    let exclusions = choose::exclusions(context, &registry);
    let ranges = ranges::all(context);
    let message = if let Some(owner) = registry.find_owner(port) {
        format!("port {port} is allocated to `{}` of {}", owner.name, owner.repository.display())
    } else if let Some((_, range)) = ranges.iter().find(|(_, range)| range.contains(port)) {
        format!("port {port} is in the range {range}, which worktrees are given theirs from")
    } else if exclusions.iter().any(|exclusion| exclusion.applies_to(port, false)) {
        format!("port {port} is excluded")
    } else {
        return Ok(());
    };
    Err(Failure::new(Code::PortConflict, message).hint("name another one, or none: `wt serve`"))
}

/// The configured port or the next one, never one that belongs to worktrees or to nobody.
fn first_free(context: &Context) -> Result<ServerSockets> {
    let registry = context.store()?.read()?;
    let exclusions = choose::exclusions(context, &registry);
    let ranges = ranges::all(context);
    let wanted = u16::try_from(context.config.serve.port).ok().and_then(Port::new);
    let wanted = wanted.ok_or_else(|| Failure::new(Code::ConfigInvalid, "`serve.port` is not a port"))?;
    let is_ours = |port: Port| {
        ranges.iter().any(|(_, range)| range.contains(port))
            || exclusions.iter().any(|exclusion| exclusion.applies_to(port, false))
            || registry.find_owner(port).is_some()
    };
    listen::first_free(wanted, is_ours)
}

/// Returns word of what changes in the registry, the events and the services.
///
/// # Errors
///
/// `internal` where the system gives none.
pub fn changes(context: &Context) -> Result<StateWatch> {
    let dirs = context.host.dirs()?;
    StateWatch::watch(dirs.require_state()?)
        .map_err(|error| Failure::from_io(error, Code::Internal, "changes cannot be watched"))
}

/// Returns what reads every event that comes.
///
/// # Errors
///
/// `permission` where the log cannot be read.
pub fn events(context: &Context) -> Result<Follower> {
    Follower::begin(context, EventFilter::default())
}

/// Returns who serves.
///
/// # Errors
///
/// `not_found` where nobody does.
pub fn find(context: &Context) -> Result<Report> {
    let dirs = context.host.dirs()?;
    let Some(serving) = seat::find(dirs.state()) else {
        return Err(Failure::new(Code::NotFound, "no `wt serve` runs").hint("`wt serve --detach` starts one"));
    };
    let token = seat::find_token(dirs.state()).filter(|_| serving.url.starts_with("http"));
    let page = token.map(|token| with_token(&serving.url, &token));
    Ok(Report { url: serving.url, pid: serving.process.pid, page })
}

/// Starts a server beside us that no terminal's end reaches and that stands in no worktree, and waits for it. `words` are its
/// flags, with each path in them as a whole one; `port` is the one among them.
///
/// # Errors
///
/// `already_running`; `port_conflict`; `internal` where it does not come up.
pub fn start_beside(context: &Context, port: Option<Port>, words: &[OsString]) -> Result<Report> {
    let state = context.host.dirs()?.require_state()?.to_path_buf();
    match ServerSeat::take(&state)? {
        Some(seat) => drop(seat),
        None => return Err(already(&state)),
    }
    if let Some(port) = port {
        // Nobody would hear the server say so.
        require_outside(context, port)?;
        drop(listen::on(port)?);
    }
    // In our own group, which it leaves: a leader could not.
    let started = spawn::detach(words, Path::new("/"), true)
        .map_err(|error| Failure::from_io(error, Code::Internal, "the server cannot be started"))?;
    let report = await_start(context)?;
    // Somebody else started one at the same moment, and was faster: theirs is not as ours was to be.
    if report.pid == started { Ok(report) } else { Err(already(&state)) }
}

/// Leaves the terminal we were started from.
pub fn leave_terminal() {
    spawn::leave_terminal();
}

/// How long a server that was told to end may take.
const END: Duration = Duration::from_secs(5);

/// Ends who serves, and waits for that.
///
/// # Errors
///
/// `not_found` where nobody serves; `locked` where it does not end.
pub fn stop(context: &Context) -> Result<Report> {
    let report = find(context)?;
    let dirs = context.host.dirs()?;
    let state = dirs.state();
    let Some(serving) = seat::find(state) else { return Ok(report) };
    seat::stop(&serving)?;
    let clock = context.host.clock;
    let began = clock.instant();
    while seat::find(state).is_some_and(|found| found.process == serving.process) {
        if clock.since(began) > END {
            let message = format!("`wt serve` (pid {}) does not end", serving.process.pid);
            return Err(Failure::new(Code::Locked, message));
        }
        clock.wait(Duration::from_millis(10), &context.host.interrupt)?;
    }
    Ok(report)
}

fn await_start(context: &Context) -> Result<Report> {
    let clock = context.host.clock;
    let began = clock.instant();
    loop {
        if let Ok(report) = find(context) {
            return Ok(report);
        }
        if clock.since(began) > END {
            return Err(Failure::new(Code::Internal, "`wt serve` did not come up")
                .hint("run it in the foreground to see why: `wt serve`"));
        }
        clock.wait(Duration::from_millis(10), &context.host.interrupt)?;
    }
}

/// The fragment of an address never leaves the browser.
fn with_token(url: &str, token: &str) -> String {
    format!("{url}#{token}")
}
