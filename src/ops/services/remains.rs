//! Ending what runs of services without a supervisor.

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::process::stop::{Running, wait_for_end};
use crate::host::services::kin;
use crate::model::process::ProcessId;
use crate::model::signal::EndSignal;
use crate::ops::services::place::ServicesPlace;

/// How long what no supervisor knows may take to end before it is killed.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Ends what carries the worktree's mark, or is on record for it, and still runs; returns their pids. For whoever has the
/// seat: what a supervisor has just started would be ended too.
pub(super) fn end_remains(
    context: &Context,
    place: &ServicesPlace,
    recorded: &[ProcessId],
) -> Result<Vec<u32>> {
    let find = || kin::of_worktree(&place.wish.marker, recorded, None).map_err(unseen());
    let left = find()?;
    if left.is_empty() {
        return Ok(Vec::new());
    }
    // A check that was just being made is nothing to tell of.
    let pids: Vec<u32> = left.iter().filter(|kin| !kin.is_of_check()).map(|kin| kin.id.pid).collect();
    for signal in [EndSignal::Term, EndSignal::Kill] {
        let held: Vec<Running> = kin::held(&find()?).map_err(unseen())?;
        for process in &held {
            // Whoever has gone meanwhile needs none; whoever may not be signalled is told below.
            let _ = process.send(signal);
        }
        wait_for_end(&held.iter().collect::<Vec<_>>(), PATIENCE, &context.host.interrupt)?;
    }
    let left: Vec<String> = find()?.iter().map(|kin| kin.id.pid.to_string()).collect();
    if left.is_empty() {
        return Ok(pids);
    }
    let message = format!("processes of the services do not end, not even killed: pid {}", left.join(", "));
    Err(Failure::new(Code::ServiceFailed, message).hint("`wt status` shows what is left"))
}

/// Says that processes cannot be looked for.
pub(super) fn unseen() -> impl Fn(std::io::Error) -> Failure {
    super::internal::internal("the processes of the services cannot be looked for")
}
