//! `wt up --foreground`: the connection stays for as long as the services run, and everything ends with it.

use std::time::{Duration, Instant};

use super::contact::{self, FailedWish, WishListener};
use super::conversation::{SupervisorConversation, SupervisorSays};
use super::place::ServicesPlace;
use super::up::{Request, settled, told};
use super::{considered, elsewhere, failures, plans, setting_up};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::services::line::LineEnd;
use crate::model::advised::wt;
use crate::model::service::ServiceName;
use crate::model::services::protocol::{Reply, Request as Ask, ServiceFacts};
use crate::model::services::state::ServiceState;
use crate::ops::env;
use crate::ops::services::conversation;

/// How long everything may take to stop beside what each service may take.
const STOPPING: Duration = Duration::from_mins(5);

/// Starts services with terminals of their own and stays until they have ended.
///
/// # Errors
///
/// As [`up`](super::up::up); `interrupted` once the user ended it and everything has stopped; `service_failed` when a
/// service failed and nothing is left.
pub fn foreground(context: &Context, request: &Request, listener: &mut dyn WishListener) -> Result<()> {
    let request = &Request { services: context.config.with_instances(&request.services), ..request.clone() };
    let mut entry = env::require_entry(context, None)?;
    entry = setting_up::await_setup(context, &entry, listener)?;
    settled(context, &mut entry, request, listener)?;
    let mut chosen = plans::choose(context, &mut entry, &request.services, request.ports())?;
    chosen.warnings.iter().for_each(|warning| listener.note(warning));
    chosen.said.iter().for_each(|said| listener.say(said));
    let place = ServicesPlace::of(context, &entry)?;
    for known in elsewhere::part(context, &entry, &place, &mut chosen.plans) {
        listener.say(&told(&known));
    }
    // What serves all worktrees was started before, and does not end with us.
    let spared = context.config.shared_services();
    chosen.plans.retain(|plan| !spared.contains(&plan.name));
    if chosen.plans.is_empty() {
        return Ok(());
    }
    considered::tell(&place, &chosen.plans, listener);
    chosen.plans.iter_mut().for_each(|plan| plan.terminal = true);
    let named = request.services.clone();
    let spared = if entry.is_main() { spared } else { Vec::new() };
    let own: Vec<ServiceName> = chosen.plans.iter().map(|plan| plan.name.clone()).collect();
    let staying = Staying { place: &place, own: &own, spared: &spared };
    let ask = Ask::Start {
        plans: chosen.plans,
        wait: request.wait,
        foreground: true,
        spared: spared.clone(),
        named,
    };
    let begun = context.host.clock.instant();
    loop {
        let talk = contact::require(context, &place)?;
        if stay(context, staying, talk, &ask, listener)? {
            return Ok(());
        }
        // It was just about to end when we came.
        if context.host.clock.since(begun) > conversation::PATIENCE {
            return Err(contact::ends_before_it_answers(&place));
        }
    }
}

/// Where somebody stays, and what goes on without them.
#[derive(Clone, Copy)]
struct Staying<'a> {
    place: &'a ServicesPlace,
    /// Those that were started.
    own: &'a [ServiceName],
    spared: &'a [ServiceName],
}

impl Staying<'_> {
    /// Those that end with them, among all that are known; none means all.
    fn ending(self, known: &[ServiceFacts]) -> Vec<ServiceName> {
        if self.spared.is_empty() {
            return Vec::new();
        }
        let names = self.own.iter().chain(known.iter().map(|facts| &facts.service));
        names.filter(|name| !self.spared.contains(name)).cloned().collect()
    }
}

/// Stays until all have ended; false when the supervisor ended before it heard us.
fn stay(
    context: &Context,
    staying: Staying<'_>,
    talk: LineEnd,
    ask: &Ask,
    listener: &mut dyn WishListener,
) -> Result<bool> {
    let Staying { place, spared, .. } = staying;
    let _held = context.host.interrupt.hold();
    let mut conversation = SupervisorConversation::new(context, talk);
    let mut size = listener.size();
    say_size(&mut conversation, size)?;
    let start = conversation.say(ask)?;
    let (mut is_started, mut was_heard) = (false, false);
    // Since when, and as which request.
    let mut stopping: Option<(Instant, u64)> = None;
    let mut known: Vec<ServiceFacts> = Vec::new();
    loop {
        if context.host.interrupt.take() {
            if stopping.is_some() {
                listener.waiting(&known);
            } else {
                let number = conversation.say(&Ask::Stop { services: staying.ending(&known) })?;
                stopping = Some((context.host.clock.instant(), number));
            }
        }
        listener.idle()?;
        if stopping.is_none() && listener.size() != size {
            size = listener.size();
            say_size(&mut conversation, size)?;
        }
        let (answered, reply) = match conversation.hear()? {
            SupervisorSays::Reply(answered, reply) => (answered, reply),
            SupervisorSays::Nothing => {
                if stopping.is_some_and(|(since, _)| context.host.clock.since(since) > STOPPING) {
                    return Err(Failure::new(Code::ServiceFailed, "the services do not stop")
                        .hint("`wt status` shows which; `wt down` tries again"));
                }
                continue;
            }
            SupervisorSays::End if stopping.is_some() => {
                listener.idle()?;
                return Err(Failure::new(Code::Interrupted, "interrupted"));
            }
            SupervisorSays::End if was_heard => {
                return Err(Failure::new(Code::Internal, "the supervisor ended while the services ran")
                    .hint("`wt status` shows how the services stand"));
            }
            SupervisorSays::End => return Ok(false),
        };
        was_heard = true;
        let is_stopped = stopping.is_some_and(|(_, number)| answered == number);
        match reply {
            Reply::Services { services } => {
                listener.services(&services);
                known.clone_from(&services);
                let mut ours = services.iter().filter(|facts| !spared.contains(&facts.service));
                if is_started && stopping.is_none() && ours.all(|known| known.state.is_resting()) {
                    listener.idle()?;
                    return ended(context, &services).map(|()| true);
                }
            }
            Reply::Note { text } => listener.note(&text),
            Reply::Done { services } if answered == start || answered == 0 => {
                is_started = true;
                listener.started(&services);
            }
            Reply::Done { .. } if is_stopped => {
                listener.idle()?;
                return Err(Failure::new(Code::Interrupted, "interrupted"));
            }
            Reply::Failed { failures, reason, cause, services }
                if is_stopped || (stopping.is_none() && (answered == start || answered == 0)) =>
            {
                listener.idle()?;
                let failed = FailedWish { failures, reason, cause, services };
                return Err(failures::of_start(context, place, failed));
            }
            // The start that was cut off by our own stop.
            Reply::Done { .. } | Reply::Failed { .. } => {}
        }
    }
}

/// Services see the terminal that they are watched on.
fn say_size(conversation: &mut SupervisorConversation<'_>, size: Option<(u16, u16)>) -> Result<()> {
    let Some((rows, columns)) = size else { return Ok(()) };
    conversation.say(&Ask::Resize { rows, columns }).map(drop)
}

fn ended(context: &Context, services: &[ServiceFacts]) -> Result<()> {
    match services.iter().find(|known| known.state == ServiceState::Failed) {
        None => Ok(()),
        Some(failed) => {
            let reason = failed.reason.clone().unwrap_or_default();
            let message = format!("service `{}` failed: {reason}", failed.service);
            Err(Failure::new(Code::ServiceFailed, message).hint(format!(
                "`{logs}` shows all it said",
                logs = context.advised(wt("logs {}", &[&failed.service]))
            )))
        }
    }
}
