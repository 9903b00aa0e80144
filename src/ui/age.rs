//! How long ago, in the one unit that matters: `now`, `5m`, `3h`, `12d`, `2y`.

use jiff::{SignedDuration, Timestamp};

use crate::model::counted::counted;

/// Returns how long before `now` the moment `then` was; a moment in the future is `now`.
#[must_use]
pub fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second());
    match seconds {
        ..60 => "now".to_owned(),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..31_536_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// Returns how long it is until `then`. A minute is added: right after the beginning of a week there are seven days left,
/// not six.
#[must_use]
pub fn left(then: Timestamp, now: Timestamp) -> String {
    age(now, then.checked_add(SignedDuration::from_mins(1)).unwrap_or(then))
}

/// Returns an age as it is said: `just now`, `3h ago`.
#[must_use]
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    match age(then, now) {
        now if now == "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

/// Returns the moment to the second, which is all that a person reads.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// Returns the same in words: `3 weeks`.
#[must_use]
pub fn in_words(then: Timestamp, now: Timestamp) -> String {
    const DAY: i64 = 86_400;
    let seconds = now.as_second().saturating_sub(then.as_second());
    let (count, unit) = match seconds {
        ..3_600 => (seconds.max(0) / 60, "minute"),
        3_600..DAY => (seconds / 3_600, "hour"),
        DAY..1_209_600 => (seconds / DAY, "day"),
        1_209_600..5_184_000 => (seconds / (7 * DAY), "week"),
        5_184_000..63_072_000 => (seconds / (30 * DAY), "month"),
        _ => (seconds / (365 * DAY), "year"),
    };
    counted(count, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_no_fractions() {
        assert_eq!(moment(Timestamp::new(0, 123_456_789).unwrap()), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn an_age_in_words_has_the_unit_that_people_use() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let ages =
            [0, 60, 7_200, 259_200, 1_814_400, 7_776_000, 94_608_000].map(|then| in_words(at(0), at(then)));
        assert_eq!(ages, ["0 minutes", "1 minute", "2 hours", "3 days", "3 weeks", "3 months", "3 years"]);
    }

    #[test]
    fn of_a_week_that_has_just_begun_seven_days_are_left() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(left(at(604_800), at(59)), "7d");
        assert_eq!(left(at(604_800), at(3_600)), "6d");
        assert_eq!(left(at(0), at(604_800)), "now");
    }

    #[test]
    fn an_age_is_one_number_and_one_unit() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let ages = [30, 300, 7_200, 259_200, 63_072_000].map(|then| age(at(0), at(then)));
        assert_eq!(ages, ["now", "5m", "2h", "3d", "2y"]);
        assert_eq!(age(at(500), at(0)), "now", "a clock that went backwards is no crash");
    }
}
