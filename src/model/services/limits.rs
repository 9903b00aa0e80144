//! What a service may take before somebody is told: it is never ended for that.

use serde::{Deserialize, Serialize};

/// How many looks in a row are over the limit before it counts.
const IN_A_ROW: u32 = 3;

/// What the processes of a service may take together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// 100 is one core.
    #[serde(default)]
    pub cpu_percent: Option<f64>,
}

/// What a limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    Memory,
    Cpu,
}

impl LimitKind {
    /// Returns its word, as events have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "cpu",
        }
    }
}

/// How a service has kept to a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitStreak {
    looks: u32,
    is_over: bool,
    /// It was over in a run before this one, and nobody was told that it is not any more.
    was_over: bool,
}

impl LimitStreak {
    /// Takes in a look; answers whether it is over (`true`) or below again (`false`) from now on, `None` where nothing changed.
    pub fn see(&mut self, is_above: bool) -> Option<bool> {
        self.looks = if is_above { self.looks.saturating_add(1) } else { 0 };
        let is_over = if self.is_over { is_above } else { self.looks >= IN_A_ROW };
        let is_change = is_over != self.is_over || self.was_over && !is_above;
        self.is_over = is_over;
        if is_change {
            self.was_over = false;
        }
        is_change.then_some(is_over)
    }

    /// Begins to count anew with another run of the service: that one is told of by itself.
    pub fn begin(&mut self) {
        *self = Self { was_over: self.was_over || self.is_over, ..Self::default() };
    }

    /// Answers whether it is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.is_over
    }
}

impl Limits {
    /// Returns a limit as people read it; `None` where there is none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a petabyte is as exact as anybody reads it")]
    pub fn words(&self, kind: LimitKind) -> Option<String> {
        let limit = match kind {
            LimitKind::Memory => self.memory_bytes? as f64,
            LimitKind::Cpu => self.cpu_percent?,
        };
        Some(format!("{}, {}", kind.as_str(), amount(kind, limit)))
    }
}

/// Returns how much was taken and how much may be, as people read it.
#[must_use]
pub fn words(kind: LimitKind, taken: f64, limit: f64) -> String {
    format!("{}, where {} is the limit", amount(kind, taken), amount(kind, limit))
}

fn amount(kind: LimitKind, amount: f64) -> String {
    match kind {
        LimitKind::Cpu => format!("{amount:.0} % of a core"),
        LimitKind::Memory => format!("{:.0} MiB", amount / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_looks_in_a_row_are_over_and_one_below_is_below() {
        let mut streak = LimitStreak::default();
        let seen: Vec<Option<bool>> = [true, true, false, true, true, true, true, false, false]
            .into_iter()
            .map(|above| streak.see(above))
            .collect();
        assert_eq!(seen, [None, None, None, None, None, Some(true), None, Some(false), None]);
        // Another run is told of anew, or is below at its first look.
        let mut again = LimitStreak { is_over: true, ..streak };
        again.begin();
        let mut below = again;
        assert_eq!([true, true, true].map(|above| again.see(above)), [None, None, Some(true)]);
        assert_eq!([false, false].map(|above| below.see(above)), [Some(false), None]);
        assert_eq!(
            words(LimitKind::Memory, 2_147_483_648.0, 1_073_741_824.0),
            "2048 MiB, where 1024 MiB is the limit"
        );
        assert_eq!(
            words(LimitKind::Cpu, 250.2, 200.0),
            "250 % of a core, where 200 % of a core is the limit"
        );
    }

    #[test]
    fn a_limit_is_told_by_its_kind_and_size() {
        let limits = Limits { memory_bytes: Some(3 << 20), cpu_percent: Some(150.0) };
        for (kind, expected) in
            [(LimitKind::Memory, "memory, 3 MiB"), (LimitKind::Cpu, "cpu, 150 % of a core")]
        {
            assert_eq!(limits.words(kind).as_deref(), Some(expected));
            assert_eq!(Limits::default().words(kind), None);
        }
    }

    #[test]
    fn a_limit_is_over_from_the_third_look_to_the_first_below() {
        let mut streak = LimitStreak::default();
        let seen: Vec<bool> = [true, true, true, true, false, true]
            .into_iter()
            .map(|above| {
                streak.see(above);
                streak.is_over()
            })
            .collect();
        assert_eq!(seen, [false, false, true, true, false, false]);
    }
}
