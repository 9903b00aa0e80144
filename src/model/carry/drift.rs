//! Copies whose source changed since they were made.

/// So many paths are named.
const NAMED: usize = 5;

/// The carried paths of one worktree of which the source has something else now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Still the copy here.
    pub unchanged: Vec<String>,
    /// Changed here too, or deleted.
    pub edited: Vec<String>,
}

impl Drift {
    /// Answers whether nothing changed.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.unchanged.is_empty() && self.edited.is_empty()
    }

    /// Returns the paths in words.
    #[must_use]
    pub fn words(&self) -> String {
        let paths = || self.unchanged.iter().chain(&self.edited);
        let named: Vec<&str> = paths().take(NAMED).map(String::as_str).collect();
        match paths().count().saturating_sub(NAMED) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_paths_are_named() {
        let paths = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
        let drift = Drift { unchanged: paths(4), edited: paths(3) };
        assert_eq!(drift.words(), "0, 1, 2, 3, 0 and 2 more");
        assert_eq!(Drift { unchanged: paths(1), ..Drift::default() }.words(), "0");
        assert!(Drift::default().is_none() && !drift.is_none());
    }

    #[test]
    fn five_paths_are_named_whole_and_either_kind_is_a_drift() {
        let paths = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(Drift { unchanged: paths(3), edited: paths(2) }.words(), "0, 1, 2, 0, 1");
        assert_eq!(Drift { unchanged: paths(6), ..Drift::default() }.words(), "0, 1, 2, 3, 4 and 1 more");
        assert!(!Drift { edited: paths(1), ..Drift::default() }.is_none());
        assert!(!Drift { unchanged: paths(1), ..Drift::default() }.is_none());
    }
}
