//! Talks with the supervisor of a worktree: finds it, or starts it, and waits for what it says.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::conversation::{SupervisorConversation, SupervisorSays};
use super::internal::internal;
use super::place::ServicesPlace;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::process::open_files;
use crate::host::services::line::LineEnd;
use crate::host::services::{record_file, start};
use crate::model::process::ProcessId;
use crate::model::process::attribution::WT_MARKER;
use crate::model::services::protocol::{Cause, Failing, Reply, Request, SUPERVISE, ServiceFacts};
use crate::model::services::record::ServicesRecord;
use crate::ops::services::conversation::PATIENCE;

/// The hidden command that supervises.
pub const WORD: &str = SUPERVISE;

/// How long a supervisor may be silent once the user gave up, beside the time that a service may take to stop.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// How many files a supervisor must be able to have open: its own dozen, and a few for each service and caller.
const OPEN_FILES: u64 = 32;

/// Between two looks whether it listens.
const PAUSE: Duration = Duration::from_millis(1);

/// Before another supervisor is started, where the seat of one was taken.
const SEAT: Duration = Duration::from_millis(50);

/// Hears what happens while something is waited for.
pub trait WishListener {
    /// How all services stand now.
    fn services(&mut self, services: &[ServiceFacts]);
    /// Something worth saying.
    fn note(&mut self, text: &str);
    /// Something that is as it should be.
    fn say(&mut self, text: &str) {
        self.note(text);
    }
    /// Something that was looked at, for whoever asked to hear more.
    fn looked_at(&mut self, _: &str) {}
    /// All that was asked for is there: how the services stand then.
    fn started(&mut self, _: &[ServiceFacts]) {}
    /// Somebody who gave up asks again: these are still waited for.
    fn waiting(&mut self, _: &[ServiceFacts]) {}
    /// Returns the rows and columns of the terminal that is looked at; `None` where there is none.
    fn size(&self) -> Option<(u16, u16)> {
        None
    }
    /// Called again and again while nothing happens.
    ///
    /// # Errors
    ///
    /// What makes it no use to wait any longer.
    fn idle(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deaf;

impl WishListener for Deaf {
    fn services(&mut self, _: &[ServiceFacts]) {}
    fn note(&mut self, _: &str) {}
}

/// How a wish ended.
#[derive(Debug)]
pub enum WishAnswer {
    Done(Vec<ServiceFacts>),
    Failed(FailedWish),
}

/// A wish that failed.
#[derive(Debug)]
pub struct FailedWish {
    /// The services that it failed over, the causes first; none where it failed for another reason.
    pub failures: Vec<Failing>,
    pub reason: String,
    pub cause: Cause,
    pub services: Vec<ServiceFacts>,
}

/// Says `request` to the supervisor and waits for its answer; starts one where none is.
///
/// # Errors
///
/// `interrupted` once the user gave up and what was begun is taken back; `internal` when no supervisor can be had.
pub fn ask(
    context: &Context,
    place: &ServicesPlace,
    request: &Request,
    listener: &mut dyn WishListener,
) -> Result<WishAnswer> {
    let begun = context.host.clock.instant();
    loop {
        let talk = require(context, place)?;
        match converse(context, talk, request, listener)? {
            Some(answer) => return Ok(answer),
            // It was just about to end when we came.
            None if context.host.clock.since(begun) < PATIENCE => {
                context.host.clock.wait(PAUSE, &context.host.interrupt)?;
            }
            None => return Err(ends_before_it_answers(place)),
        }
    }
}

pub(super) fn ends_before_it_answers(place: &ServicesPlace) -> Failure {
    let log = place.wish.folder.join("supervisor.log");
    Failure::new(Code::Internal, "the supervisor ends before it answers")
        .hint(format!("its own words are in {}", log.display()))
}

/// Says `request` where there are plans to start; for nothing no supervisor is started, and only how it stands is asked.
///
/// # Errors
///
/// As [`ask`].
pub fn ask_where_any(
    context: &Context,
    place: &ServicesPlace,
    request: &Request,
    listener: &mut dyn WishListener,
) -> Result<WishAnswer> {
    match request {
        Request::Start { plans, .. } | Request::Restart { plans, .. } if plans.is_empty() => {
            let answer = ask_if_there(context, place, &Request::Status, listener)?;
            Ok(answer.unwrap_or(WishAnswer::Done(Vec::new())))
        }
        _ => ask(context, place, request, listener),
    }
}

/// Says `request` to the supervisor and waits for its answer; `None` where there is none.
///
/// # Errors
///
/// As [`ask`].
pub fn ask_if_there(
    context: &Context,
    place: &ServicesPlace,
    request: &Request,
    listener: &mut dyn WishListener,
) -> Result<Option<WishAnswer>> {
    match find(place)? {
        Some(talk) => converse(context, talk, request, listener),
        None => Ok(None),
    }
}

/// Connects to the supervisor; `None` where there is none.
///
/// # Errors
///
/// `permission` when it is not ours.
pub fn find(place: &ServicesPlace) -> Result<Option<LineEnd>> {
    let found = place.endpoint.connect().map_err(internal("the supervisor cannot be reached"))?;
    Ok(found.map(LineEnd::new))
}

/// Answers whether processes that are on record may live without a supervisor.
#[must_use]
pub fn is_abandoned(place: &ServicesPlace, record: &ServicesRecord) -> bool {
    let is_alive = |id: &ProcessId| record_file::is_alive(&place.wish.folder, id);
    let is_left = record.supervisor.as_ref().is_some_and(|supervisor| !is_alive(supervisor));
    let is_adopted = || record.adopted.iter().any(is_alive);
    is_left
        && (is_adopted()
            || record.services.iter().any(|kept| !kept.state.is_resting() || !kept.processes.is_empty()))
}

/// Connects to the supervisor, which is started where there is none.
///
/// # Errors
///
/// `internal` when none can be started, or it does not answer in time; `interrupted`.
pub fn require(context: &Context, place: &ServicesPlace) -> Result<LineEnd> {
    if let Some(talk) = find(place)? {
        return Ok(talk);
    }
    let wish = &place.wish;
    let failed = internal("the supervisor cannot be started");
    require_open_files()?;
    record_file::make_folder(&wish.folder).map_err(&failed)?;
    let log = record_file::open_own_log(&wish.folder).map_err(&failed)?;
    let arguments: Vec<OsString> = vec![
        WORD.into(),
        "--folder".into(),
        wish.folder.clone().into(),
        "--worktree".into(),
        wish.worktree.clone().into(),
        "--marker".into(),
        wish.marker.clone().into(),
        "--sequence".into(),
        wish.sequence.to_string().into(),
    ];
    let marker = [(WT_MARKER.to_owned(), wish.marker.clone())];
    let again = log.try_clone().map_err(&failed)?;
    let mut started = start::start(&arguments, &wish.folder, &marker, log).map_err(&failed)?;
    let begun = context.host.clock.instant();
    loop {
        if let Some(talk) = find(place)? {
            return Ok(talk);
        }
        let end = started.find_end();
        if end == Some(true) {
            // Somebody had its seat for a moment, and is not there to be talked with: to end what was left, say.
            context.host.clock.wait(SEAT, &context.host.interrupt)?;
            let log = again.try_clone().map_err(&failed)?;
            started = start::start(&arguments, &wish.folder, &marker, log).map_err(&failed)?;
        }
        if end == Some(false) || context.host.clock.since(begun) > PATIENCE {
            let log = wish.folder.join("supervisor.log");
            return Err(Failure::new(Code::Internal, "the supervisor does not start")
                .hint(format!("its own words are in {}", log.display())));
        }
        context.host.clock.wait(PAUSE, &context.host.interrupt)?;
    }
}

/// Refuses to supervise where too few files may be open: whoever cannot let anybody in, or write its record, is only in the
/// way of whoever comes later.
///
/// # Errors
///
/// `service_failed`, with how to raise the limit.
pub(super) fn require_open_files() -> Result<()> {
    let Some(maximum) = open_files::find_shortage(OPEN_FILES) else { return Ok(()) };
    let message = format!(
        "services cannot be supervised where a process may have only {maximum} files open; {OPEN_FILES} are needed"
    );
    Err(Failure::new(Code::ServiceFailed, message)
        .hint("call `wt` from where the hard limit is higher: `ulimit -Hn` shows it"))
}

/// `None` when the supervisor ended before it heard us.
fn converse(
    context: &Context,
    talk: LineEnd,
    request: &Request,
    listener: &mut dyn WishListener,
) -> Result<Option<WishAnswer>> {
    let is_look = matches!(request, Request::Status | Request::Samples { .. });
    let _held = (!is_look).then(|| context.host.interrupt.hold());
    let mut conversation = SupervisorConversation::new(context, talk);
    let number = conversation.say(request)?;
    let mut was_heard = false;
    // When it was last heard of, once the user gave up, and as which request that was said.
    let mut given_up: Option<(Instant, u64)> = None;
    let interrupted = || Failure::new(Code::Interrupted, "interrupted");
    loop {
        if is_look {
            context.host.interrupt.check()?;
        }
        if given_up.is_none() && context.host.interrupt.is_raised() {
            given_up = Some((context.host.clock.instant(), conversation.say(&Request::TakeBack)?));
        }
        let (answered, reply) = match conversation.hear()? {
            SupervisorSays::Reply(answered, reply) => (answered, reply),
            SupervisorSays::Nothing => {
                listener.idle()?;
                if given_up.is_some_and(|(since, _)| context.host.clock.since(since) > silence(request)) {
                    // It hangs: it takes back what it has to once it goes on.
                    return Err(interrupted());
                }
                continue;
            }
            SupervisorSays::End if given_up.is_some() => return Err(interrupted()),
            SupervisorSays::End if was_heard => {
                return Err(Failure::new(Code::Internal, "the supervisor ended while it was at work")
                    .hint("`wt status` shows how the services stand"));
            }
            SupervisorSays::End => return Ok(None),
        };
        was_heard = true;
        given_up = given_up.map(|(_, number)| (context.host.clock.instant(), number));
        // What is no answer to us is none: others may be at work as well.
        let is_ours = answered == number || answered == 0;
        let is_taken_back = given_up.is_some_and(|(_, number)| answered == number);
        match reply {
            Reply::Services { services } => listener.services(&services),
            Reply::Note { text } => listener.note(&text),
            // Also when it was too late to take it back.
            Reply::Done { services } if is_ours => return Ok(Some(WishAnswer::Done(services))),
            Reply::Done { .. } | Reply::Failed { .. } if is_taken_back => return Err(interrupted()),
            Reply::Failed { .. } if is_ours && given_up.is_some() => return Err(interrupted()),
            Reply::Failed { failures, reason, cause, services } if is_ours => {
                return Ok(Some(WishAnswer::Failed(FailedWish { failures, reason, cause, services })));
            }
            Reply::Done { .. } | Reply::Failed { .. } => {}
        }
    }
}

/// Returns how long nothing may be heard while what was begun is taken back.
fn silence(request: &Request) -> Duration {
    let stopping = match request {
        Request::Start { plans, .. } => plans.iter().map(|plan| plan.stop.timeout).max(),
        _ => None,
    };
    stopping.unwrap_or_default() + LAST_PATIENCE
}
