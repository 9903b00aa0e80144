//! `wt forward`: ports of a worktree on another host, reached here.

use std::fmt::Write;

use clap::Args;

use super::endless;
use super::session::Session;

use crate::error::Result;
use crate::ops::far::{self, Forwarded};
use crate::ui::escape;

/// Reach the ports of a worktree on another host as if it were here, until Ctrl-C
#[derive(Args, Debug)]
#[command(after_help = "\
A port has the same number here where that is free. Exit codes: 130 by Ctrl-C, 1 it could not be forwarded, or the connection \
was lost.")]
pub struct Arguments {
    /// A host of `wt team hosts`, and a worktree there
    #[arg(value_name = "HOST:NAME")]
    pub place: String,
    /// Only the port of this service
    pub service: Option<String>,
}

/// Runs the command.
///
/// # Errors
///
/// As [`far::forward`].
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_as_it_is_whatever_is_configured()?;
    context.host.interrupt.install()?;
    let forwarding = far::forward(&context, &arguments.place, arguments.service.as_deref());
    let ended = forwarding.and_then(|forwarding| {
        show(session, &forwarding.what)?;
        forwarding.wait(&context)
    });
    endless::ended(ended)
}

fn show(session: &Session<'_>, what: &Forwarded) -> Result<()> {
    let ui = session.ui;
    if ui.is_json() {
        return ui.answer_json(what);
    }
    let mut text = String::new();
    for port in &what.ports {
        let (service, worktree) = (escape::line(&port.service), escape::line(&what.worktree));
        let other =
            if port.here == port.there { String::new() } else { format!(", {} is taken here", port.there) };
        // A string takes every word.
        let _ = writeln!(
            text,
            "localhost:{} leads to {service} of {worktree} on {} (port {}{other})",
            port.here, what.host, port.there
        );
    }
    ui.answer(&text)?;
    ui.hint("Ctrl-C ends it");
    Ok(())
}
