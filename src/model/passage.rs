//! Whether time has really passed: a clock can be set to any day, so what goes for good goes by more than one look at it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How far a clock may be set without anybody being told.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How long the machine must have run since the clock alone said for the first time that it is over.
const SECOND_LOOK: Duration = Duration::from_hours(1);

/// How long a registry may well lie unused.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(24 * 90);

/// A moment by how long the machine has run, which no setting of its clock moves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The kernel's boot id; empty where there is none.
    #[serde(default)]
    pub boot: String,
    /// Since that boot, the time asleep included.
    #[serde(default)]
    pub seconds: i64,
}

impl Moment {
    /// Returns how long ago it was; `None` in another boot.
    #[must_use]
    pub fn age(&self, here: &Self) -> Option<SignedDuration> {
        let is_same = !here.boot.is_empty() && self.boot == here.boot;
        is_same.then(|| SignedDuration::from_secs(here.seconds.saturating_sub(self.seconds)))
    }
}

/// When the clock alone said for the first time that something is over, and how long to wait for a second look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverdueSince {
    #[serde(flatten)]
    pub at: Moment,
    /// In seconds.
    pub wait: i64,
}

/// What tells the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnesses {
    /// By the clock.
    pub now: Timestamp,
    pub here: Moment,
    /// When the registry was last written.
    pub written: Option<Timestamp>,
    /// The time of a file that was made just now.
    pub made: Option<Timestamp>,
}

/// What ends by time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term<'a> {
    /// By the clock.
    pub until: Timestamp,
    /// How long it lasts altogether.
    pub lasts: SignedDuration,
    /// When it began; absent where that was not written down.
    pub began: Option<&'a Moment>,
    pub seen: Option<&'a OverdueSince>,
}

/// Whether it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage {
    NotYet,
    Over,
    /// The clock says so, and nothing else does.
    ByClockAlone(OverdueDoubt),
}

/// Why it is not taken for over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverdueDoubt {
    /// To be written down.
    pub sighting: OverdueSince,
    /// Whether this is the first look in this boot.
    pub is_first: bool,
    /// How far ahead the clock seems to be, where it is so far that somebody should know.
    pub ahead: Option<SignedDuration>,
}

impl Witnesses {
    /// Judges whether `term` is over.
    #[must_use]
    pub fn judge(&self, term: &Term<'_>) -> Passage {
        if self.now < term.until {
            return Passage::NotYet;
        }
        let apart = self.made.map(|made| self.now.duration_since(made)).filter(|apart| apart.abs() > DAY);
        let ran = term.began.and_then(|began| began.age(&self.here));
        if let (None, Some(ran)) = (apart, ran) {
            if ran >= term.lasts {
                return Passage::Over;
            }
            let by_clock = term.lasts.saturating_add(self.now.duration_since(term.until));
            let ahead = Some(by_clock.saturating_sub(ran)).filter(|ahead| *ahead > DAY);
            return ahead.map_or(Passage::NotYet, |ahead| self.doubt(term, term.lasts, Some(ahead)));
        }
        let unused = self.written.map(|written| self.now.duration_since(written));
        let ahead = apart.or(unused.filter(|unused| *unused > LONGEST_PAUSE));
        let is_seen = match term.seen {
            _ if self.here.boot.is_empty() => ahead.is_none(),
            Some(seen) => seen.at.age(&self.here).is_some_and(|ran| ran.as_secs() >= seen.wait),
            None => false,
        };
        if is_seen && apart.is_none() {
            return Passage::Over;
        }
        let second_look = SignedDuration::try_from(SECOND_LOOK).unwrap_or(DAY);
        let wait = if ahead.is_some() { term.lasts.max(second_look) } else { second_look };
        self.doubt(term, wait, ahead)
    }

    fn doubt(&self, term: &Term<'_>, wait: SignedDuration, ahead: Option<SignedDuration>) -> Passage {
        let known = term.seen.filter(|seen| seen.at.boot == self.here.boot);
        let is_first = known.is_none();
        let now = || OverdueSince { at: self.here.clone(), wait: wait.as_secs() };
        Passage::ByClockAlone(OverdueDoubt { sighting: known.cloned().unwrap_or_else(now), is_first, ahead })
    }
}

/// Says that the clock is not believed, and what is not done for that.
#[must_use]
pub fn said(ahead: SignedDuration, undone: &str) -> String {
    let days = ahead.abs().as_hours() / 24;
    let (count, unit) = match days {
        ..730 => (days, "days"),
        _ => (days / 365, "years"),
    };
    format!("the clock differs by {count} {unit} from what else tells the time: {undone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;
    const WEEK: i64 = 7 * 24 * HOUR;
    const YEARS: i64 = 10 * 365 * 24 * HOUR;

    /// At `now` by the clock, `ran` seconds into boot `b`; the registry was written, and the file made, just then.
    fn at(now: i64, ran: i64) -> Witnesses {
        let now = Timestamp::from_second(now).unwrap();
        Witnesses { now, here: moment("b", ran), written: Some(now), made: Some(now) }
    }

    fn moment(boot: &str, seconds: i64) -> Moment {
        Moment { boot: boot.to_owned(), seconds }
    }

    /// A week from the epoch on.
    fn week<'a>(began: Option<&'a Moment>, seen: Option<&'a OverdueSince>) -> Term<'a> {
        let lasts = SignedDuration::from_secs(WEEK);
        Term { until: Timestamp::from_second(WEEK).unwrap(), lasts, began, seen }
    }

    fn doubt(passage: Passage) -> OverdueDoubt {
        match passage {
            Passage::ByClockAlone(doubt) => doubt,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn within_one_boot_the_machine_must_have_run_as_long() {
        let began = moment("b", 100);
        let term = week(Some(&began), None);
        assert_eq!(at(WEEK - 1, 100 + 2 * WEEK).judge(&term), Passage::NotYet, "the clock must say so too");
        assert_eq!(at(WEEK, 100 + WEEK).judge(&term), Passage::Over);
        assert_eq!(at(WEEK, 100 + WEEK - HOUR).judge(&term), Passage::NotYet, "a clock that was put right");
        let jumped = doubt(at(YEARS, 160).judge(&term));
        assert_eq!((jumped.is_first, jumped.ahead), (true, Some(SignedDuration::from_secs(YEARS - 60))));
        assert_eq!(jumped.sighting.at, moment("b", 160));
        let term = week(Some(&began), Some(&jumped.sighting));
        let again = doubt(at(YEARS, 100 + WEEK - 1).judge(&term));
        assert_eq!((again.is_first, &again.sighting), (false, &jumped.sighting), "it is said once");
        assert_eq!(at(YEARS, 100 + WEEK).judge(&term), Passage::Over, "the week did pass");
    }

    #[test]
    fn nothing_is_over_at_once_that_began_in_another_boot_or_at_no_known_moment() {
        let elsewhere = moment("a", 5);
        for began in [None, Some(&elsewhere), Some(&Moment::default())] {
            let first = doubt(at(WEEK, 50).judge(&week(began, None)));
            assert_eq!((first.is_first, first.ahead, first.sighting.wait), (true, None, HOUR));
            let term = week(began, Some(&first.sighting));
            assert!(!doubt(at(WEEK, 50 + HOUR - 1).judge(&term)).is_first);
            assert_eq!(at(WEEK, 50 + HOUR).judge(&term), Passage::Over);
            assert_eq!(at(WEEK - 1, 50 + HOUR).judge(&term), Passage::NotYet, "the clock was put right");
            let restarted = Witnesses { here: moment("c", 50 + HOUR), ..at(WEEK, 0) };
            assert!(doubt(restarted.judge(&term)).is_first, "each boot looks anew");
        }
    }

    #[test]
    fn a_registry_that_was_not_written_for_long_makes_the_wait_as_long_as_the_term() {
        let written = Some(Timestamp::UNIX_EPOCH);
        let late = |ran| Witnesses { written, ..at(YEARS, ran) };
        let first = doubt(late(0).judge(&week(None, None)));
        assert_eq!((first.ahead, first.sighting.wait), (Some(SignedDuration::from_secs(YEARS)), WEEK));
        let term = week(None, Some(&first.sighting));
        assert!(!doubt(at(YEARS, WEEK - 1).judge(&term)).is_first, "also once it was written again");
        assert_eq!(at(YEARS, WEEK).judge(&term), Passage::Over);
        let short = Term { lasts: SignedDuration::ZERO, ..week(None, None) };
        assert_eq!(doubt(late(0).judge(&short)).sighting.wait, HOUR);
    }

    #[test]
    fn a_clock_that_files_do_not_bear_out_is_never_believed() {
        let began = moment("b", 0);
        let seen = OverdueSince { at: moment("b", 0), wait: 0 };
        for made in [0, 2 * YEARS] {
            let made = Timestamp::from_second(made).ok();
            let witnesses = Witnesses { made, ..at(YEARS, 2 * YEARS) };
            for term in [week(None, None), week(Some(&began), None), week(None, Some(&seen))] {
                assert!(doubt(witnesses.judge(&term)).ahead.is_some());
            }
        }
        let unknown = Witnesses { made: None, ..at(YEARS, 2 * YEARS) };
        assert_eq!(unknown.judge(&week(Some(&began), None)), Passage::Over);
    }

    #[test]
    fn where_boots_have_no_names_the_clock_counts_unless_the_registry_is_old() {
        let nameless = Witnesses { here: Moment::default(), ..at(WEEK, 0) };
        assert_eq!(nameless.judge(&week(Some(&Moment::default()), None)), Passage::Over);
        let old = Witnesses { now: Timestamp::from_second(YEARS).unwrap(), made: None, ..nameless };
        assert!(doubt(old.judge(&week(None, None))).ahead.is_some());
    }

    #[test]
    fn what_is_not_believed_is_told_with_its_size() {
        let days = |days: i64| said(SignedDuration::from_hours(24 * days), "nothing goes");
        assert_eq!(days(9), "the clock differs by 9 days from what else tells the time: nothing goes");
        assert!(days(3650).contains("by 10 years") && days(-3650).contains("by 10 years"));
    }

    #[test]
    fn a_day_of_difference_and_ninety_without_a_change_are_believed_and_a_second_more_is_not() {
        const PAUSE: i64 = 90 * 24 * HOUR;
        let unused = |seconds| Witnesses { written: Some(Timestamp::UNIX_EPOCH), ..at(seconds, 0) };
        for (seconds, ahead, wait) in [(PAUSE, None, HOUR), (PAUSE + 1, Some(PAUSE + 1), WEEK)] {
            let found = doubt(unused(seconds).judge(&week(None, None)));
            assert_eq!((found.ahead, found.sighting.wait), (ahead.map(SignedDuration::from_secs), wait));
        }
        let began = moment("b", 0);
        let term = week(Some(&began), None);
        for (apart, is_over) in [(24 * HOUR, true), (24 * HOUR + 1, false)] {
            for made in [WEEK + apart, WEEK - apart] {
                let made = Timestamp::from_second(made).ok();
                let witnesses = Witnesses { made, ..at(WEEK, WEEK) };
                assert_eq!(witnesses.judge(&term) == Passage::Over, is_over, "{apart} {made:?}");
            }
        }
        let ran = |ran| at(WEEK, ran).judge(&term);
        assert_eq!(ran(WEEK - 24 * HOUR), Passage::NotYet);
        assert_eq!(doubt(ran(WEEK - 24 * HOUR - 1)).ahead, Some(SignedDuration::from_secs(24 * HOUR + 1)));
    }

    #[test]
    fn a_moment_has_an_age_in_its_own_boot_alone() {
        let nameless = Moment::default();
        for (then, here, age) in [
            (moment("b", 5), moment("b", 12), Some(7)),
            (moment("b", 5), moment("c", 12), None),
            (nameless.clone(), nameless, None),
        ] {
            assert_eq!(then.age(&here), age.map(SignedDuration::from_secs), "{then:?}");
        }
        let days = |days: i64| said(SignedDuration::from_hours(24 * days), "x");
        assert!(days(729).contains("by 729 days") && days(730).contains("by 2 years"));
    }
}
