//! `wt restart`: stops services and starts them as they are configured now; what they need is started where it does not
//! run.

use super::contact::{self, WishAnswer, WishListener};
use super::place::ServicesPlace;
use super::plans::{self, MissingPorts};
use super::report::{self, Usages};
use super::up::Report;
use super::{elsewhere, failures, naming, taking_over};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::service::ServiceName;
use crate::model::services::protocol::Request as Ask;
use crate::ops::env;

/// Restarts the services called `names`, all where none is named, and waits until they are ready.
///
/// # Errors
///
/// As [`up`](super::up::up), and `service_failed` where a service that was named is served by a process that no `wt up`
/// started; what ran before and was not to be restarted runs on.
pub fn restart(context: &Context, names: &[ServiceName], listener: &mut dyn WishListener) -> Result<Report> {
    let wanted = context.config.with_instances(&plans::wanted(context, names)?);
    let is_further = |name: &ServiceName| {
        context.config.services.get(name).is_some_and(|settings| settings.instance_of.is_some())
    };
    let (further, first): (Vec<_>, Vec<_>) = wanted.into_iter().partition(is_further);
    if further.is_empty() {
        return restart_at_once(context, names, names, listener);
    }
    // One instance after the other: the rest of them answers all the while.
    let as_named = |some: &[ServiceName]| if names.is_empty() { Vec::new() } else { some.to_vec() };
    let mut rounds = further.chunks(1).collect::<Vec<_>>();
    if !first.is_empty() {
        rounds.insert(0, &first);
    }
    let mut whole: Option<Report> = None;
    for round in rounds {
        let report = restart_at_once(context, round, &as_named(round), listener)?;
        match &mut whole {
            None => whole = Some(report),
            Some(whole) => {
                for service in report.services {
                    match whole.services.iter_mut().find(|known| known.service == service.service) {
                        Some(known) => *known = service,
                        None => whole.services.push(service),
                    }
                }
                whole.allocated.extend(report.allocated);
                whole.warnings.extend(report.warnings);
            }
        }
    }
    whole.ok_or_else(|| Failure::new(Code::Internal, "no service was restarted"))
}

/// Restarts the services called `names`; `asked` are those that somebody named.
fn restart_at_once(
    context: &Context,
    names: &[ServiceName],
    asked: &[ServiceName],
    listener: &mut dyn WishListener,
) -> Result<Report> {
    let mut entry = env::require_entry(context, None)?;
    let mut chosen = plans::choose(context, &mut entry, names, MissingPorts::default())?;
    chosen.said.iter().for_each(|said| listener.say(said));
    let place = ServicesPlace::of(context, &entry)?;
    let elsewhere = elsewhere::part(context, &entry, &place, &mut chosen.plans);
    if let Some(known) = elsewhere.iter().find(|known| asked.contains(&known.service)) {
        let (service, pid) = (&known.service, known.pid);
        let message =
            format!("`{service}` is not restarted: it is served by pid {pid}, which no `wt up` started");
        return Err(Failure::new(Code::ServiceFailed, message)
            .hint(taking_over::hint(context, known))
            .detail("service", service.as_str())
            .detail("pid", pid));
    }
    for known in &elsewhere {
        listener.note(&elsewhere::is_left(context, known));
    }
    // What serves all worktrees is restarted by its name alone.
    let is_left = |name: &ServiceName| !asked.contains(name) && context.config.is_shared(name);
    chosen.wanted.retain(|name| elsewhere.iter().all(|known| known.service != *name) && !is_left(name));
    let ask = Ask::Restart { plans: chosen.plans, anew: chosen.wanted, named: asked.to_vec() };
    let mut facts = match contact::ask_where_any(context, &place, &ask, listener)? {
        WishAnswer::Done(facts) => facts,
        WishAnswer::Failed(failed) => return Err(failures::of_restart(context, &place, failed)),
    };
    naming::leave_out_dropped(context, &mut facts);
    let mut services = Usages::default().views(&facts, context.now(), &place.wish.marker, None);
    report::add_elsewhere(&mut services, &elsewhere);
    report::name_urls(context, &entry, &mut services);
    Ok(Report {
        worktree: entry.name,
        path: entry.path,
        services,
        allocated: chosen.allocated,
        warnings: chosen.warnings,
    })
}
