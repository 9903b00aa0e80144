//! Carried files whose source changed since.

use crate::model::advised::wt;
use crate::model::facts::Facts;
use crate::model::finding::{Finding, FindingKind};

/// Copies of which the source has something else now.
pub fn drift(facts: &Facts) -> Vec<Finding> {
    let found = facts.asked().filter(|(_, seen)| !seen.carry_drift.is_none());
    let found = found.map(|(entry, seen)| {
        let drift = &seen.carry_drift;
        let message = format!("carried files changed since where they came from: {}", drift.words());
        let hint = if drift.unchanged.is_empty() {
            let command = wt("carry --force {}", &[&entry.name]);
            format!("they were changed here too: `{command}` brings them and keeps what it replaces")
        } else {
            format!("`{}` brings them", wt("carry {}", &[&entry.name]))
        };
        Finding::about(FindingKind::CarryDrift, entry, message).hint(hint)
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample;
    use crate::model::finding::Severity;

    #[test]
    fn a_changed_source_is_told_with_the_command_that_brings_it() {
        let mut recorded = sample::recorded(sample::entry("a", 1, &[]));
        assert!(drift(&sample::with(vec![recorded.clone()])).is_empty());
        let seen = recorded.seen.as_mut().unwrap();
        seen.carry_drift.edited = vec!["b".to_owned()];
        let only_edited = drift(&sample::with(vec![recorded.clone()]));
        assert!(only_edited[0].hint.as_deref().unwrap().contains("`wt carry --force a`"), "{only_edited:?}");
        recorded.seen.as_mut().unwrap().carry_drift.unchanged = vec![".env".to_owned()];
        let found = drift(&sample::with(vec![recorded]));
        assert_eq!(
            (found[0].code.code(), found[0].severity, found[0].fixable),
            ("carry-drift", Severity::Info, false)
        );
        assert!(
            found[0].message.ends_with(": .env, b")
                && found[0].hint.as_deref().unwrap().contains("`wt carry a`")
        );
    }
}
