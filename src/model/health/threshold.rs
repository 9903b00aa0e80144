//! When a watched service counts as well or unwell: one bad answer may be a hiccup, so several in a row decide.

use super::judgement::Judgement;
use super::state::Health;

/// How many answers of a kind in a row decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    pub failures: u32,
    pub successes: u32,
}

/// What the last looks at a service amount to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    settled: Health,
    latest: Health,
    count: u32,
}

impl Streak {
    /// Takes in the next look, and returns it as it is to be shown.
    ///
    /// An answer that differs from the settled state counts once there are enough of them in a row; until then the state
    /// stays, and the reason tells the count. Who is on the port is no answer: that counts at once.
    pub fn count(&mut self, threshold: Threshold, mut seen: Judgement) -> Judgement {
        self.count = if seen.health == self.latest { self.count.saturating_add(1) } else { 1 };
        self.latest = seen.health;
        let needed = match seen.health {
            _ if !seen.by_answer => 1,
            Health::Healthy => threshold.successes,
            _ => threshold.failures,
        };
        if self.count >= needed || seen.health == self.settled {
            self.settled = seen.health;
            return seen;
        }
        // It listens by now, so that much is no longer true.
        if self.settled == Health::NotRunning {
            self.settled = Health::Unknown;
        }
        let why = seen.reason.take().unwrap_or_else(|| seen.health.words().to_owned());
        seen.reason = Some(format!("{why} ({} of {needed} in a row)", self.count));
        seen.health = self.settled;
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Threshold = Threshold { failures: 3, successes: 1 };

    fn answer(health: Health) -> Judgement {
        Judgement { health, by_answer: true, ..Judgement::default() }
    }

    fn shown(threshold: Threshold, looks: &[Judgement]) -> Vec<Health> {
        let mut streak = Streak::default();
        looks.iter().map(|look| streak.count(threshold, look.clone()).health).collect()
    }

    use Health::{Healthy, NotRunning, Unhealthy, Unknown};

    #[test]
    fn three_failures_in_a_row_make_it_unhealthy_and_one_success_healthy_again() {
        let looks =
            [Healthy, Unhealthy, Unhealthy, Healthy, Unhealthy, Unhealthy, Unhealthy, Healthy].map(answer);
        assert_eq!(
            shown(USUAL, &looks),
            [Healthy, Healthy, Healthy, Healthy, Healthy, Healthy, Unhealthy, Healthy]
        );
    }

    #[test]
    fn what_was_never_well_is_unknown_until_enough_was_seen() {
        let looks = [Unhealthy, Unhealthy, Unhealthy].map(answer);
        assert_eq!(shown(USUAL, &looks), [Unknown, Unknown, Unhealthy]);
        let gone = Judgement { health: NotRunning, ..Judgement::default() };
        assert_eq!(shown(USUAL, &[gone, answer(Unhealthy)]), [NotRunning, Unknown], "it listens again");
        let slow = Threshold { failures: 1, successes: 2 };
        assert_eq!(shown(slow, &[Healthy, Healthy, Unhealthy].map(answer)), [Unknown, Healthy, Unhealthy]);
    }

    #[test]
    fn who_is_on_the_port_counts_at_once() {
        let stranger = Judgement { health: Unhealthy, ..Judgement::default() };
        let gone = Judgement { health: NotRunning, ..Judgement::default() };
        assert_eq!(shown(USUAL, &[answer(Healthy), stranger, gone]), [Healthy, Unhealthy, NotRunning]);
    }

    #[test]
    fn a_failure_that_does_not_count_yet_is_told_with_its_number() {
        let mut streak = Streak::default();
        streak.count(USUAL, answer(Healthy));
        let failed = Judgement { reason: Some("answered 503".to_owned()), ..answer(Unhealthy) };
        let seen = streak.count(USUAL, failed);
        assert_eq!((seen.health, seen.reason.as_deref()), (Healthy, Some("answered 503 (1 of 3 in a row)")));
    }

    #[test]
    fn a_reason_counts_up_to_the_answer_that_decides() {
        let mut streak = Streak::default();
        streak.count(USUAL, answer(Healthy));
        let mut told = || {
            let seen = streak.count(USUAL, answer(Unhealthy));
            (seen.health, seen.reason)
        };
        let reason = |text: &str| Some(text.to_owned());
        assert_eq!(told(), (Healthy, reason("unhealthy (1 of 3 in a row)")));
        assert_eq!(told(), (Healthy, reason("unhealthy (2 of 3 in a row)")));
        assert_eq!(told(), (Unhealthy, None));
        assert_eq!(told(), (Unhealthy, None));
    }
}
