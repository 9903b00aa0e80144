//! The marks that sessions of agents leave on a worktree. One counts as long as its process lives; where that cannot be
//! told, for twelve hours.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::process::ProcessId;

/// How long a mark counts whose process cannot be seen.
const LIMIT: SignedDuration = SignedDuration::from_hours(12);

/// How many marks a worktree has at most: the oldest give way.
const MOST: usize = 32;

/// What a session does; what draws the eye most comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Doing {
    /// It did what it was asked.
    Done,
    Working,
    /// It waits for its person.
    Waiting,
}

impl Doing {
    /// Returns the word used in the file, on the command line and in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Working => "working",
            Self::Waiting => "waiting",
        }
    }
}

/// Tells whether a process lives; `None` where nobody can tell, as of one in another container.
pub type Lives<'a> = &'a dyn Fn(&ProcessId) -> Option<bool>;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallingAgent {
    /// The program's name, as shown.
    pub program: String,
    /// As the program names its session.
    pub session: Option<String>,
    pub process: Option<ProcessId>,
}

/// The mark of one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    pub program: String,
    pub state: Doing,
    /// When it came to that.
    pub since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessId>,
}

impl Marker {
    /// Answers whether it counts now; `lives` tells of a process, where that can be told.
    #[must_use]
    pub fn counts(&self, now: Timestamp, lives: Lives<'_>) -> bool {
        let told = self.process.as_ref().and_then(lives);
        told.unwrap_or_else(|| now.duration_since(self.since) < LIMIT)
    }

    /// Answers whether it is the caller's own: the same session where both name one, else the same process. One process may
    /// have several sessions, and may call twice for one, by the hooks of two programs.
    fn is_of(&self, caller: &CallingAgent) -> bool {
        match (&self.session, &caller.session) {
            (Some(own), Some(session)) => own == session,
            _ => self.process.is_some() && self.process == caller.process,
        }
    }

    /// As it stands of a caller who begins: a session that goes on in another process is another mark.
    fn is_the_beginning_of(&self, caller: &CallingAgent) -> bool {
        let is_elsewhere =
            self.process.is_some() && caller.process.is_some() && self.process != caller.process;
        !is_elsewhere && self.is_of(caller)
    }
}

/// Returns the marks once the caller began; those that count no more are left out. A second call changes nothing.
#[must_use]
pub fn entered(marks: Vec<Marker>, caller: &CallingAgent, now: Timestamp, lives: Lives<'_>) -> Vec<Marker> {
    let mut marks = living(marks, now, lives);
    if caller.session.is_none() && caller.process.is_none() {
        return marks;
    }
    match marks.iter_mut().find(|mark| mark.is_the_beginning_of(caller)) {
        Some(own) => {
            own.session = own.session.take().or_else(|| caller.session.clone());
            own.process = own.process.take().or_else(|| caller.process.clone());
        }
        None => marks.push(new(caller, Doing::Working, now)),
    }
    let further = marks.len().saturating_sub(MOST);
    marks.drain(..further);
    marks
}

/// Returns the marks once the caller said what it does; `None` where none is its own.
#[must_use]
pub fn told(marks: &[Marker], caller: &CallingAgent, state: Doing, now: Timestamp) -> Option<Vec<Marker>> {
    let mut marks = marks.to_vec();
    let mut is_any = false;
    for mark in marks.iter_mut().filter(|mark| mark.is_of(caller)) {
        is_any = true;
        if mark.state != state {
            mark.state = state;
            mark.since = now;
        }
    }
    is_any.then_some(marks)
}

/// Returns the marks without those of the caller; `None` where none is its own.
#[must_use]
pub fn left(marks: &[Marker], caller: &CallingAgent) -> Option<Vec<Marker>> {
    let rest: Vec<Marker> = marks.iter().filter(|mark| !mark.is_of(caller)).cloned().collect();
    (rest.len() < marks.len()).then_some(rest)
}

/// Returns a mark of a caller who said what it does before it began.
#[must_use]
pub fn new(caller: &CallingAgent, state: Doing, now: Timestamp) -> Marker {
    Marker {
        program: caller.program.clone(),
        state,
        since: now,
        session: caller.session.clone(),
        process: caller.process.clone(),
    }
}

/// Returns the marks that count now.
#[must_use]
pub fn living(marks: Vec<Marker>, now: Timestamp, lives: Lives<'_>) -> Vec<Marker> {
    marks.into_iter().filter(|mark| mark.counts(now, lives)).collect()
}

/// A session as `--json` shows it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SessionView {
    pub program: String,
    pub state: Doing,
    pub since: Timestamp,
    /// As the program names its session; `null` where it did not.
    pub session: Option<String>,
    /// `null` where no process was found.
    pub pid: Option<u32>,
}

/// The busiest session of a worktree.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct AgentView {
    pub program: String,
    pub state: Doing,
    pub since: Timestamp,
}

/// Returns what is shown of marks that count.
#[must_use]
pub fn views(marks: &[Marker]) -> Vec<SessionView> {
    let shown = marks.iter().map(|mark| SessionView {
        program: mark.program.clone(),
        state: mark.state,
        since: mark.since,
        session: mark.session.clone(),
        pid: mark.process.as_ref().map(|process| process.pid),
    });
    shown.collect()
}

/// Returns the one that draws the eye: waiting before working before done, of equal ones the one that is so for longest.
#[must_use]
pub fn busiest(sessions: &[SessionView]) -> Option<AgentView> {
    let found = sessions.iter().max_by_key(|session| (session.state, std::cmp::Reverse(session.since)))?;
    Some(AgentView { program: found.program.clone(), state: found.state, since: found.since })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32) -> ProcessId {
        ProcessId { pid, started: 1, boot: "b".to_owned(), namespace: "n".to_owned() }
    }

    fn caller(session: Option<&str>, pid: Option<u32>) -> CallingAgent {
        CallingAgent {
            program: "claude".to_owned(),
            session: session.map(str::to_owned),
            process: pid.map(process),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn enter(marks: Vec<Marker>, session: Option<&str>, pid: Option<u32>) -> Vec<Marker> {
        entered(marks, &caller(session, pid), at(10), &|_| Some(true))
    }

    #[test]
    fn a_second_call_changes_nothing_and_another_session_is_another_mark() {
        let one = enter(Vec::new(), Some("a"), Some(7));
        assert_eq!(one.len(), 1);
        // By the hooks of two programs, with the session's id or without.
        let other = CallingAgent { program: "cursor".to_owned(), ..caller(Some("a"), Some(7)) };
        assert_eq!(entered(one.clone(), &other, at(99), &|_| Some(true)), one);
        assert_eq!(enter(one.clone(), None, Some(7)), one);
        let without = enter(Vec::new(), None, Some(7));
        assert_eq!(enter(without, Some("a"), Some(7))[0].session.as_deref(), Some("a"));
        for (session, pid) in [(Some("b"), Some(7)), (Some("a"), Some(8)), (None, Some(8)), (Some("b"), None)]
        {
            assert_eq!(enter(one.clone(), session, pid).len(), 2, "{session:?} {pid:?}");
        }
        assert!(enter(Vec::new(), None, None).is_empty(), "nobody could ever take it away");
        let many = (0..40).fold(Vec::new(), |marks, pid| enter(marks, None, Some(pid)));
        assert_eq!((many.len(), many[0].process.clone()), (32, Some(process(8))));
    }

    #[test]
    fn only_the_session_that_calls_is_touched() {
        let two = enter(enter(Vec::new(), Some("a"), Some(7)), Some("b"), Some(7));
        let said = told(&two, &caller(Some("b"), Some(7)), Doing::Waiting, at(20)).unwrap();
        let states: Vec<(Doing, Timestamp)> = said.iter().map(|mark| (mark.state, mark.since)).collect();
        assert_eq!(states, [(Doing::Working, at(10)), (Doing::Waiting, at(20))]);
        // The same again is not news.
        assert_eq!(told(&said, &caller(Some("b"), Some(7)), Doing::Waiting, at(30)), Some(said.clone()));
        assert_eq!(told(&two, &caller(Some("c"), Some(7)), Doing::Done, at(20)), None);
        let rest = left(&said, &caller(Some("a"), None)).unwrap();
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].session.as_deref(), Some("b"));
        assert_eq!(left(&rest, &caller(Some("a"), Some(7))), None);
        assert_eq!(left(&rest, &caller(None, Some(7))), Some(Vec::new()));
        assert_eq!(left(&rest, &caller(None, None)), None);
    }

    #[test]
    fn a_dead_process_takes_its_mark_with_it_and_one_without_counts_for_twelve_hours() {
        let marks = enter(enter(Vec::new(), Some("a"), Some(7)), Some("b"), None);
        let left_over = |now: i64| living(marks.clone(), at(now), &|process| Some(process.pid != 7)).len();
        let elsewhere = |now: i64| living(marks.clone(), at(now), &|_| None).len();
        assert_eq!((elsewhere(12 * 3600 + 9), elsewhere(12 * 3600 + 10)), (2, 0));
        assert_eq!((left_over(10), left_over(12 * 3600 + 9), left_over(12 * 3600 + 10)), (1, 1, 0));
        assert_eq!(
            entered(marks, &caller(Some("c"), Some(9)), at(11), &|process| Some(process.pid != 7)).len(),
            2
        );
    }

    #[test]
    fn the_busiest_waits_before_it_works_before_it_is_done() {
        let mark = |state, second| Marker {
            state,
            since: at(second),
            ..new(&caller(Some("x"), None), state, at(second))
        };
        let busy = |marks: &[Marker]| busiest(&views(marks)).map(|agent| (agent.state, agent.since));
        assert_eq!(busy(&[]), None);
        let all =
            [mark(Doing::Done, 1), mark(Doing::Working, 3), mark(Doing::Waiting, 5), mark(Doing::Waiting, 4)];
        assert_eq!(busy(&all), Some((Doing::Waiting, at(4))));
        assert_eq!(busy(&all[..2]), Some((Doing::Working, at(3))));
    }
}
