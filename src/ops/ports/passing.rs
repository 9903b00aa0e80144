//! Held ports that are met on the way to a free one, in words.

use crate::context::Context;
use crate::error::Result;
use crate::host::net::owner;
use crate::model::port::Port;
use crate::model::port::listener::Busy;
use crate::model::port::words::sentence_of;
use crate::ops::create::holder;

/// Returns a line for each of the `passed` ports: `5000 is held by python3 (pid 4242, /srv/demo): trying 5001`.
///
/// # Errors
///
/// Fails when the registry or the kernel's sockets cannot be read.
pub fn said(context: &Context, passed: &[Port], chosen: &[Port]) -> Result<Vec<String>> {
    if passed.is_empty() {
        return Ok(Vec::new());
    }
    let held = owner::attribute(passed, &*context.store()?.read()?)?;
    let next = |port: Port| {
        let all = passed.iter().chain(chosen).copied();
        all.filter(|other| *other > port).min().or(chosen.first().copied())
    };
    let line = |busy: &Busy| {
        let who = busy.listeners.first().map_or_else(|| holder(busy), sentence_of);
        let then = next(busy.port).map(|next| format!(": trying {next}")).unwrap_or_default();
        format!("{} is held by {who}{then}", busy.port)
    };
    Ok(held.iter().map(line).collect())
}
