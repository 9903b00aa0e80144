//! How long ago, in the one unit that matters: `now`, `5m`, `3h`, `12d`, `2y`.

use jiff::Timestamp;

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

/// Returns the moment to the second, which is all that a person reads.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_no_fractions() {
        assert_eq!(moment(Timestamp::new(0, 123_456_789).unwrap()), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn an_age_is_one_number_and_one_unit() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let ages = [30, 300, 7_200, 259_200, 63_072_000].map(|then| age(at(0), at(then)));
        assert_eq!(ages, ["now", "5m", "2h", "3d", "2y"]);
        assert_eq!(age(at(500), at(0)), "now", "a clock that went backwards is no crash");
    }
}
