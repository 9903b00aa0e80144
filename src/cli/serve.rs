//! `wt serve`: the dashboard and the same reports over HTTP.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::session::Session;
use super::units;
use crate::context::Context;
use crate::error::{Code, Result};
use crate::model::policy::{self, Before};
use crate::model::port::Port;
use crate::model::units::Served;
use crate::ops::forwarding::Book;
use crate::ops::serve::{self, Report, Request, ServerDoor};
use crate::ops::units::UnitsWish;
use crate::ui::output::Ui;
use crate::ui::prompt;
use crate::web::guard::AnswerPlace;
use crate::web::server::{self, Sockets};
use crate::web::site::{Open, ServerSite, Shown};

/// Show every worktree in a browser, and the same reports to programs, on loopback alone
#[derive(Args, Debug)]
#[command(after_help = "\
The page needs the token that stands behind `#` in the address; programs send it as `Authorization: Bearer TOKEN`. It is new at
each start. Nothing that is looked at changes anything. Exit codes: 0 it was told to end, 1 it cannot serve.")]
pub struct Arguments {
    /// Answer on this port of loopback [default: `serve.port`, 7373, or the next that is free]
    #[arg(long, value_name = "PORT", group = "place")]
    pub port: Option<Port>,
    /// Answer on a socket in the file system instead
    #[arg(long, value_name = "PATH", group = "place")]
    pub socket: Option<PathBuf>,
    /// Go on in the background
    #[arg(long)]
    pub detach: bool,
    /// Let whoever has the token start and stop services, settle conflicts, and remove what loses nothing
    #[arg(long)]
    pub actions: bool,
    /// Show what runs on the team's other hosts too, where its etcd has it
    #[arg(long)]
    pub team: bool,
    /// Keep the token of the last time
    #[arg(long)]
    pub keep_token: bool,
    /// Show where the one that runs answers
    #[arg(long, conflicts_with_all = ["place", "detach", "keep_token", "actions", "team", "stop"])]
    pub url: bool,
    /// End the one that runs
    #[arg(long, conflicts_with_all = ["place", "detach", "keep_token", "actions", "team"])]
    pub stop: bool,
    /// Write units for systemd, or an agent for launchd, that start it when somebody asks; you enable them
    #[arg(long, conflicts_with_all = ["detach", "keep_token", "url", "stop"])]
    pub install_unit: bool,
    /// Take those away again
    #[arg(long, conflicts_with_all = ["place", "detach", "keep_token", "actions", "team", "url", "stop", "install_unit"])]
    pub uninstall_unit: bool,
    /// Started by `--detach`
    #[arg(long, hide = true)]
    pub detached: bool,
}

impl Arguments {
    /// Answers whether nothing can be changed by it. One that stays in the foreground leaves nothing behind.
    pub fn shows(&self) -> bool {
        !(self.actions || self.detach || self.stop || self.install_unit || self.uninstall_unit)
    }
}

/// Runs the command.
///
/// # Errors
///
/// `already_running` where somebody serves; `not_found` with --url or --stop where nobody does.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    // A policy that is not understood is no leave to act.
    let context = if arguments.actions {
        session.context_as_it_is()?
    } else {
        session.context_as_it_is_whatever_is_configured()?
    };
    let ui = session.ui;
    if arguments.url {
        return show(&serve::find(&context)?, ui);
    }
    if arguments.stop {
        let report = serve::stop(&context)?;
        if ui.is_json() {
            ui.answer_json(&report)?;
        } else {
            ui.say(&format!("ended `wt serve` at {} (pid {})", report.url, report.pid));
        }
        return Ok(0);
    }
    if arguments.uninstall_unit {
        return units::uninstall(session, &UnitsWish::Serve { place: None, flags: Vec::new() });
    }
    if arguments.actions && !may_act(session, &context)? {
        ui.say("nothing was started");
        return Ok(1);
    }
    if arguments.install_unit {
        return units::install(session, &unit(arguments, &context));
    }
    if arguments.detach {
        return show(&serve::start_beside(&context, arguments.port, &words(arguments, &context))?, ui);
    }
    if arguments.detached {
        serve::leave_terminal();
    }
    stay(arguments, session, &context)
}

/// Decides whether pages may act, as the policy has it; asks where it says so.
fn may_act(session: &Session<'_>, context: &Context) -> Result<bool> {
    let (ui, leave) = (session.ui, context.config.policy.actions);
    match policy::before(leave, "policy.actions", session.global.yes, ui.is_interactive())? {
        Before::Asking => prompt::confirm(ui, "Let whoever has the token start, stop and remove things?"),
        Before::AsEver | Before::Nothing => Ok(true),
    }
}

fn stay(arguments: &Arguments, session: &Session<'_>, context: &Context) -> Result<u8> {
    let request =
        Request { port: arguments.port, socket: arguments.socket.clone(), keeps_token: arguments.keep_token };
    let ready = serve::begin(context, &request)?;
    let (sockets, place, socket) = match ready.door {
        ServerDoor::Loopback(listening) => {
            (Sockets::Loopback(listening.sockets), AnswerPlace::Port(listening.port), None)
        }
        ServerDoor::File(socket, path) => (Sockets::File(socket), AnswerPlace::Socket, path),
    };
    let is_open = |what: &str| context.config.serve.open.iter().any(|open| open == what);
    let open = Open { health: is_open("health"), metrics: is_open("metrics") };
    let shown = Shown { open, acts: arguments.actions, team: arguments.team };
    let mut viewpoint = session.viewpoint();
    let stands = stands(context).to_path_buf();
    viewpoint.global.config.clone_from(&context.config_file);
    let look = Box::new(move |folder: Option<&Path>| {
        let at = |folder: &Path| {
            let mut viewpoint = viewpoint.clone();
            viewpoint.global.directories = vec![folder.to_path_buf()];
            viewpoint.surroundings()
        };
        let seen = match at(folder.unwrap_or(&stands)) {
            // The repository that we were started in may go while we serve.
            Err(failure) if folder.is_none() && failure.code() == Code::NotFound => at(Path::new("/"))?,
            seen => seen?,
        };
        seen.into_lenient_context()
    });
    let book = Book::open(context)?;
    let site = Arc::new(ServerSite::new(place, ready.token, shown, book, look));
    let served = show(&ready.report, session.ui).and_then(|_| {
        let (changes, events) = (serve::changes(context)?, serve::events(context)?);
        server::serve(&site, sockets, changes, events, &context.host.interrupt)
    });
    serve::end(ready.seat, socket);
    served.map(|()| 0)
}

/// The units of a server with these flags.
fn unit(arguments: &Arguments, context: &Context) -> UnitsWish {
    let socket = arguments.socket.as_ref().map(|path| context.absolute(path).display().to_string());
    let port = arguments.port.map(|port| Served::Port(port.number()));
    let mut flags = Vec::new();
    if let Some(file) = &context.config_file {
        flags.extend(["--config".to_owned(), file.to_string_lossy().into_owned()]);
    }
    if arguments.actions {
        flags.extend(["--actions", "--yes"].map(str::to_owned));
    }
    if arguments.team {
        flags.push("--team".to_owned());
    }
    UnitsWish::Serve { place: socket.map(Served::Socket).or(port), flags }
}

/// The folder whose configuration counts for what is about all repositories. The worktree that we were started in may go.
fn stands(context: &Context) -> &Path {
    context.repository.as_ref().map_or(Path::new("/"), |repository| repository.root())
}

/// The flags of the server that goes on in the background.
fn words(arguments: &Arguments, context: &Context) -> Vec<OsString> {
    let mut words: Vec<OsString> =
        ["serve", "--detached", "--quiet", "--no-input", "-C"].map(Into::into).into();
    words.push(stands(context).into());
    if let Some(port) = arguments.port {
        words.extend(["--port".into(), port.to_string().into()]);
    }
    if let Some(socket) = &arguments.socket {
        words.extend(["--socket".into(), context.absolute(socket).into()]);
    }
    if let Some(file) = &context.config_file {
        words.extend(["--config".into(), file.into()]);
    }
    for (is_wanted, word) in [
        (arguments.keep_token, "--keep-token"),
        (arguments.actions, "--actions"),
        (arguments.team, "--team"),
        // It was asked here, on this terminal.
        (arguments.actions, "--yes"),
    ] {
        if is_wanted {
            words.push(word.into());
        }
    }
    words
}

/// The token is shown on a terminal alone: what is piped is kept somewhere.
fn show(report: &Report, ui: &Ui) -> Result<u8> {
    if ui.is_json() {
        ui.answer_json(report)?;
    } else {
        let page = report.page.as_ref().filter(|_| ui.width().is_some());
        ui.answer(page.unwrap_or(&report.url))?;
    }
    Ok(0)
}
