//! Has events kept for whoever wants to be told, and has them sent by a process of its own: nobody waits for a receiver.

use std::path::Path;

use crate::context::Context;
use crate::host::machine::Host;
use crate::host::notify::{notifier_seat, spool};
use crate::host::process::spawn;

/// What the process that sends is started with.
pub const WORDS: [&str; 4] = ["notify", "deliver", "--quiet", "--no-input"];

/// From now on events are kept, where the configuration says that somebody wants to be told.
pub fn begin(context: &Context) {
    if !context.config.notify.is_wanted() || context.config.policy.is_read_only() {
        return;
    }
    if let Ok(dirs) = context.host.dirs()
        && let Ok(state) = dirs.require_state()
    {
        // What cannot be kept stops no command.
        let _ = spool::begin(state);
    }
}

/// Starts whoever sends where something is to be sent and nobody does.
pub fn wake(host: &Host) {
    if let Ok(dirs) = host.dirs() {
        // In our own group, which it leaves with the session: a leader could not.
        wake_in(dirs.state(), true);
    }
}

/// The same, as a supervisor does: what stays in its session is no orphan that it adopted.
pub fn wake_beside(state: &Path) {
    wake_in(state, false);
}

fn wake_in(state: &Path, leaves: bool) {
    let is_wanted = spool::path(state).symlink_metadata().is_ok();
    if is_wanted && spool::is_waiting(state) && !notifier_seat::is_taken(state) {
        // Whoever runs next tries again.
        let _ = spawn::detach(&WORDS, state, leaves);
    }
}
