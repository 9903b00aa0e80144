//! When a receiver that did not take a notice is tried again, and when it is given up.

use std::time::Duration;

use jiff::Timestamp;

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST: Duration = Duration::from_mins(10);

/// How long it is tried, from the first try on.
const PATIENCE: Duration = Duration::from_hours(1);

/// The tries that fit into that: a clock that stands still or jumps back makes no more of them.
const MOST: u32 = 16;

/// Returns when it is tried again after `tries` tries, the first of which was at `first`; `None` where it is given up.
#[must_use]
pub fn next(tries: u32, first: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let passed = Duration::try_from(now.duration_since(first)).unwrap_or_default();
    // A clock that jumped ahead takes nobody's second try.
    if tries >= MOST || passed >= PATIENCE && tries > 1 {
        return None;
    }
    now.checked_add(FIRST.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(LONGEST)).ok()
}

/// Answers whether a time lies further ahead than any pause: the clock was put back since.
#[must_use]
pub fn is_out_of_reach(at: Timestamp, now: Timestamp) -> bool {
    Duration::try_from(at.duration_since(now)).is_ok_and(|ahead| ahead > LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_an_hour_ends_it() {
        let begin = Timestamp::from_second(1_000_000).unwrap();
        let (mut now, mut tries, mut pauses) = (begin, 1, Vec::new());
        while let Some(next) = next(tries, begin, now) {
            pauses.push(next.as_second() - now.as_second());
            (now, tries) = (next, tries + 1);
        }
        assert_eq!(pauses[..5], [1, 2, 4, 8, 16]);
        let all: i64 = pauses.iter().sum();
        assert!((3600..4300).contains(&all) && tries <= MOST, "{all} {tries}");
        let jumped = begin.checked_add(Duration::from_hours(50)).unwrap();
        assert!(next(1, begin, jumped).is_some() && next(2, begin, jumped).is_none());
        assert!(next(MOST, begin, begin).is_none() && next(3, jumped, begin).is_some());
        assert!(is_out_of_reach(jumped, begin) && !is_out_of_reach(begin, jumped));
    }

    #[test]
    fn the_hour_and_the_longest_pause_end_to_the_second() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(next(2, at(0), at(3599)), Some(at(3601)));
        assert_eq!(next(2, at(0), at(3600)), None);
        assert_eq!(next(1, at(0), at(3600)), Some(at(3601)));
        assert_eq!(next(0, at(0), at(0)), Some(at(1)));
        assert_eq!(next(15, at(0), at(0)), Some(at(600)));
        assert!(!is_out_of_reach(at(600), at(0)) && is_out_of_reach(at(601), at(0)));
    }
}
