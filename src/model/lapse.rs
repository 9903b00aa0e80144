//! Whether so much time has passed since something was written down.

use jiff::{SignedDuration, Timestamp};

/// Answers whether `pause` has passed since `then`. What is yet to come was written by a clock that ran ahead: nobody waits for it.
#[must_use]
pub fn is_past(now: Timestamp, then: Timestamp, pause: SignedDuration) -> bool {
    then > now || now.duration_since(then) >= pause
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_past_when_it_is_over_or_is_yet_to_come() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let pause = SignedDuration::from_secs(10);
        assert!(!is_past(at(109), at(100), pause) && !is_past(at(100), at(100), pause));
        assert!(is_past(at(110), at(100), pause) && is_past(at(99), at(100), pause));
    }
}
