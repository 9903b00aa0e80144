//! What a service took and how fast it answered, as far back as a bounded ring reaches.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many are kept: at ten seconds each, two hours.
const MOST: usize = 720;

/// One look.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ServiceSample {
    pub at: Timestamp,
    pub memory_bytes: u64,
    /// 100 is one core; `None` for the first look at a run.
    pub cpu_percent: Option<f64>,
    /// `None` where it was not asked, or did not answer.
    pub latency_ms: Option<f64>,
}

/// The samples of a service, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampleRing {
    samples: VecDeque<ServiceSample>,
}

impl SampleRing {
    /// Adds one; where it is full, every second one of the older half goes.
    pub fn add(&mut self, sample: ServiceSample) {
        if self.samples.len() >= MOST {
            let mut place = 0;
            self.samples.retain(|_| {
                place += 1;
                place > MOST / 2 || place % 2 == 0
            });
        }
        self.samples.push_back(sample);
    }

    /// Returns those not older than `since`.
    pub fn since(&self, since: Timestamp) -> Vec<ServiceSample> {
        self.samples.iter().filter(|sample| sample.at >= since).cloned().collect()
    }
}

/// Returns how much of a core was used between two looks.
#[must_use]
pub fn cpu_percent(before: Duration, now: Duration, passed: Duration) -> Option<f64> {
    (!passed.is_zero()).then(|| now.saturating_sub(before).as_secs_f64() * 100.0 / passed.as_secs_f64())
}

/// The steps of a small line, the lowest first.
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Returns values as a small line of at most `width` letters, 0 at the bottom; what is not known is a gap. Where there are more values
/// than letters a letter shows the largest of its share.
#[must_use]
pub fn line(values: &[Option<f64>], width: usize) -> String {
    let letters = values.len().min(width);
    let top = values.iter().flatten().copied().fold(0.0, f64::max);
    let shares = (0..letters).map(|at| {
        let (from, to) = (at * values.len() / letters, (at + 1) * values.len() / letters);
        values.get(from..to).into_iter().flatten().flatten().copied().reduce(f64::max)
    });
    let letter = |value: Option<f64>| {
        let Some(value) = value else { return ' ' };
        // The first step that reaches as high.
        let reaches = |(step, _): &(u32, &char)| value * 8.0 <= top * f64::from(step + 1);
        (0_u32..).zip(&STEPS).find(reaches).map_or(STEPS[7], |(_, letter)| *letter)
    };
    shares.map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: i64) -> ServiceSample {
        ServiceSample {
            at: Timestamp::from_second(second).unwrap(),
            memory_bytes: 1,
            cpu_percent: None,
            latency_ms: None,
        }
    }

    #[test]
    fn the_ring_is_bounded_and_reaches_far_back() {
        let mut ring = SampleRing::default();
        for second in 0..10_000 {
            ring.add(sample(second));
            assert!(ring.samples.len() <= MOST);
        }
        let all = ring.since(Timestamp::UNIX_EPOCH);
        assert_eq!(all.last().unwrap().at.as_second(), 9_999);
        assert!(all.first().unwrap().at.as_second() < 9_000, "{:?}", all.first());
        assert_eq!(ring.since(Timestamp::from_second(9_990).unwrap()).len(), 10);
    }

    #[test]
    fn a_small_line_shows_the_largest_of_each_share() {
        let values = |all: &[i32]| all.iter().map(|value| Some(f64::from(*value))).collect::<Vec<_>>();
        assert_eq!(line(&values(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), 60), "▁▁▂▃▄▅▆▇█");
        assert_eq!(line(&values(&[0, 0]), 60), "▁▁");
        assert_eq!(line(&[Some(1.0), None, Some(8.0)], 60), "▁ █");
        assert_eq!(line(&values(&[1, 8, 1, 1]), 2), "█▁");
        assert_eq!(line(&[], 60), "");
        assert_eq!(
            cpu_percent(Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(1)),
            Some(200.0)
        );
        assert_eq!(cpu_percent(Duration::ZERO, Duration::ZERO, Duration::ZERO), None);
    }

    #[test]
    fn of_a_full_ring_every_second_one_of_the_older_half_goes() {
        let seconds = |count: i64| {
            let mut ring = SampleRing::default();
            (1..=count).for_each(|second| ring.add(sample(second)));
            ring.since(Timestamp::UNIX_EPOCH).iter().map(|known| known.at.as_second()).collect::<Vec<_>>()
        };
        assert_eq!(seconds(720), (1..=720).collect::<Vec<_>>());
        let thinned: Vec<i64> = (1..=180).map(|at| at * 2).chain(361..=721).collect();
        assert_eq!(seconds(721), thinned);
    }
}
