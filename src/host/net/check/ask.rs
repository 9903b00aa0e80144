//! Asks services whether they answer, many at once, each within its own deadline.

use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::calls::OwnCalls;
use super::conversation::{ConversationTrouble, Deadline, ServiceConversation, waiting};
use super::{command, http, postgres, redis, tcp};
use crate::host::interrupt::Interrupt;
use crate::model::health::check::{CheckKind, CheckOutcome};
use crate::model::port::Port;

/// How many are asked at the same time.
const AT_ONCE: usize = 512;

/// The stack of each of them, in bytes: they read into buffers on the heap.
const STACK: usize = 256 * 1024;

/// One service to be asked.
#[derive(Clone, Debug)]
pub struct ServiceQuestion {
    /// Where it listens; the first address that takes the connection is asked.
    pub addresses: Vec<IpAddr>,
    pub port: Port,
    pub check: CheckKind,
    pub timeout: Duration,
    /// What a command check runs; the other checks need none.
    pub command: Option<command::CommandToRun>,
    /// Who wants to know from where it was asked.
    pub calls: OwnCalls,
}

/// Asks all of them and returns their outcomes, in the same order.
#[must_use]
pub fn ask_all(questions: &[ServiceQuestion], interrupt: &Interrupt) -> Vec<CheckOutcome> {
    let next = AtomicUsize::new(0);
    let outcomes: Vec<Mutex<Option<CheckOutcome>>> = questions.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..questions.len().min(AT_ONCE) {
            let asking = || {
                while let Some((question, slot)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    questions.get(index).zip(outcomes.get(index))
                } {
                    let outcome = ask(question, interrupt);
                    *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(outcome);
                }
            };
            // Where the system gives no more threads, those that there are ask everybody; the first may be ourselves.
            if std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, asking).is_err() {
                if next.load(Ordering::Relaxed) == 0 {
                    asking();
                }
                break;
            }
        }
    });
    let taken =
        outcomes.into_iter().map(|slot| slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
    taken.map(|outcome| outcome.unwrap_or_else(|| CheckOutcome::Fails("was not asked".to_owned()))).collect()
}

/// Asks one service.
#[must_use]
pub fn ask(question: &ServiceQuestion, interrupt: &Interrupt) -> CheckOutcome {
    let deadline = Deadline { begun: Instant::now(), timeout: question.timeout, interrupt };
    let (answer, address) = match (&question.check, &question.command) {
        (CheckKind::Command(_), Some(run)) => (Ok(command::ask(run, deadline)), None),
        (CheckKind::Command(_), None) => (Ok(Err("has no command to run".to_owned())), None),
        _ => match ServiceConversation::begin(&question.addresses, question.port, deadline) {
            Ok(mut conversation) => {
                conversation.find_own_address().into_iter().for_each(|own| question.calls.note(own));
                (converse(&question.check, &mut conversation), Some(conversation.address))
            }
            Err(trouble) => (Err(trouble), None),
        },
    };
    match answer {
        Ok(Ok(())) => CheckOutcome::Responds { latency_ms: tenths(deadline.begun.elapsed()) },
        Ok(Err(reason)) => CheckOutcome::Fails(reason),
        Err(ConversationTrouble::NoConnection) => CheckOutcome::NotAccepting,
        // Not a byte, and our connection still waits: nobody took it.
        Err(ConversationTrouble::Late { read: 0 })
            if address.and_then(waiting).is_some_and(|count| count > 0) =>
        {
            CheckOutcome::NotAccepting
        }
        Err(trouble) => CheckOutcome::Fails(words(&trouble, question.timeout)),
    }
}

fn converse(
    check: &CheckKind,
    conversation: &mut ServiceConversation<'_>,
) -> Result<Result<(), String>, ConversationTrouble> {
    match check {
        CheckKind::Http(check) => http::ask(conversation, check),
        CheckKind::Postgres { user, database } => postgres::ask(conversation, user, database),
        CheckKind::Redis => redis::ask(conversation),
        CheckKind::Tcp | CheckKind::Command(_) => tcp::ask(conversation).map(Ok),
    }
}

fn words(trouble: &ConversationTrouble, timeout: Duration) -> String {
    match trouble {
        ConversationTrouble::NoConnection => "takes no connection".to_owned(),
        ConversationTrouble::Late { read: 0 } => format!("did not answer within {timeout:?}"),
        ConversationTrouble::Late { .. } => format!("did not finish its answer within {timeout:?}"),
        ConversationTrouble::TooLong => "sent more than 64 KiB without an end".to_owned(),
        ConversationTrouble::Closed { read: 0 } => {
            "closed the connection without an answer (so does a server that wants TLS)".to_owned()
        }
        ConversationTrouble::Closed { .. } => "closed the connection in the middle of its answer".to_owned(),
        ConversationTrouble::Io(error) => format!("cannot be reached: {error}"),
    }
}

/// Milliseconds with one digit behind the point: what a person compares.
fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}
