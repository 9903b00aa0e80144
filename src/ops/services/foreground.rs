//! `wt up --foreground`: the connection stays for as long as the services run, and everything ends with it.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::services::line::Talk;
use crate::model::services::protocol::{Reply, Request as Ask, ServiceFacts};
use crate::model::services::state::State;
use crate::ops::env;

use super::contact::{self, Failed, Listener};
use super::failures::internal;
use super::place::Place;
use super::plans;
use super::up::{Request, failure, settled};

/// How long everything may take to stop beside what each service may take.
const STOPPING: Duration = Duration::from_mins(5);

/// Starts services with terminals of their own and stays until they have ended.
///
/// # Errors
///
/// As [`up`](super::up::up); `interrupted` once the user ended it and everything has stopped; `service_failed` when a
/// service failed and nothing is left.
pub fn foreground(context: &Context, request: &Request, listener: &mut dyn Listener) -> Result<()> {
    let mut entry = env::require_entry(context, None)?;
    settled(context, &mut entry, request, listener)?;
    let mut chosen = plans::choose(context, &mut entry, &request.services, request.port)?;
    chosen.warnings.iter().for_each(|warning| listener.note(warning));
    let place = Place::of(context, &entry)?;
    chosen.plans.iter_mut().for_each(|plan| plan.terminal = true);
    let ask = Ask::Start { plans: chosen.plans, wait: request.wait, foreground: true };
    let mut talk = contact::require(context, &place)?;
    talk.say(&ask, contact::PATIENCE).map_err(internal("the supervisor cannot be talked with"))?;
    stay(context, &place, &mut talk, listener)
}

fn stay(context: &Context, place: &Place, talk: &mut Talk, listener: &mut dyn Listener) -> Result<()> {
    let lost = internal("the supervisor cannot be talked with");
    let mut is_started = false;
    let mut stopping: Option<Instant> = None;
    loop {
        if stopping.is_none() && context.host.interrupt.is_raised() {
            stopping = Some(context.host.clock.instant());
            talk.say(&Ask::Stop, contact::PATIENCE).map_err(&lost)?;
        }
        listener.idle()?;
        let reply = match talk.hear::<Reply>(Some(contact::GLANCE)) {
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                if stopping.is_some_and(|since| context.host.clock.since(since) > STOPPING) {
                    return Err(Failure::new(Code::ServiceFailed, "the services do not stop")
                        .hint("`wt status` shows which; `wt down` tries again"));
                }
                continue;
            }
            Err(error) if contact::is_gone(&error) => None,
            reply => reply.map_err(&lost)?,
        };
        match (reply, stopping) {
            (Some(Reply::Services { services }), _) => {
                listener.services(&services);
                if is_started && stopping.is_none() && services.iter().all(|known| known.state.is_resting()) {
                    listener.idle()?;
                    return ended(&services);
                }
            }
            (Some(Reply::Note { text }), _) => listener.note(&text),
            (Some(Reply::Done { .. }), None) => is_started = true,
            (Some(Reply::Failed { service, reason, cause, services }), None) => {
                listener.idle()?;
                return Err(failure(place, Failed { service, reason, cause, services }));
            }
            (Some(Reply::Done { .. }) | None, Some(_)) => {
                listener.idle()?;
                return Err(Failure::new(Code::Interrupted, "interrupted"));
            }
            (Some(Reply::Failed { .. }), Some(_)) => {}
            (None, None) => {
                return Err(Failure::new(Code::Internal, "the supervisor ended while the services ran")
                    .hint("`wt status` shows how the services stand"));
            }
        }
    }
}

fn ended(services: &[ServiceFacts]) -> Result<()> {
    match services.iter().find(|known| known.state == State::Failed) {
        None => Ok(()),
        Some(failed) => {
            let reason = failed.reason.clone().unwrap_or_default();
            let message = format!("service `{}` failed: {reason}", failed.service);
            Err(Failure::new(Code::ServiceFailed, message)
                .hint(format!("`wt logs {}` shows all it said", failed.service)))
        }
    }
}
