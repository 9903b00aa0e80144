//! `wt restart`: stops services and starts them as they are configured now; what they need is started where it does not
//! run.

use crate::context::Context;
use crate::error::Result;
use crate::model::service::ServiceName;
use crate::model::services::protocol::Request as Ask;
use crate::ops::env;

use super::contact::{self, Answer, Listener};
use super::failures;
use super::naming;
use super::place::Place;
use super::plans::{self, PortWish};
use super::report::Usages;
use super::up::Report;

/// Restarts the services called `names`, all where none is named, and waits until they are ready.
///
/// # Errors
///
/// As [`up`](super::up::up); what ran before and was not to be restarted runs on.
pub fn restart(context: &Context, names: &[ServiceName], listener: &mut dyn Listener) -> Result<Report> {
    let mut entry = env::require_entry(context, None)?;
    let chosen = plans::choose(context, &mut entry, names, PortWish::default())?;
    let place = Place::of(context, &entry)?;
    let ask = Ask::Restart { plans: chosen.plans, anew: chosen.wanted, named: names.to_vec() };
    let mut facts = match contact::ask(context, &place, &ask, listener)? {
        Answer::Done(facts) => facts,
        Answer::Failed(failed) => return Err(failures::of_restart(&place, failed)),
    };
    naming::leave_out_dropped(context, &mut facts);
    let services = Usages::default().views(&facts, context.now(), &place.wish.marker, None);
    Ok(Report {
        worktree: entry.name,
        path: entry.path,
        services,
        allocated: chosen.allocated,
        warnings: chosen.warnings,
    })
}
