//! The registry's file: can it be read, and every row of it?

use crate::model::facts::{Backup, Facts, RegistrySight};
use crate::model::finding::{Finding, FindingKind, Fix};

/// A registry that cannot be read: critical, for nothing that it said can be relied on.
pub fn unreadable(facts: &Facts) -> Vec<Finding> {
    let (path, message) = match &facts.registry {
        RegistrySight::Whole => return Vec::new(),
        RegistrySight::Damaged { path, message, .. } | RegistrySight::OutOfReach { path, message } => {
            (path, message)
        }
    };
    let finding = Finding::new(FindingKind::RegistryUnreadable, path.display().to_string(), message.as_str());
    vec![match &facts.registry {
        RegistrySight::Damaged { backup: Backup::Whole, .. } => finding.fixed_by(Fix::RestoreBackup),
        RegistrySight::Damaged { .. } => finding.fixed_by(Fix::RebuildRegistry),
        _ => finding.hint("nothing was touched; a newer wt, or its owner, can read it"),
    }]
}

/// Rows that are not what their list holds.
pub fn rows(facts: &Facts) -> Vec<Finding> {
    let finding = |row: &crate::model::facts::UnreadableRow| {
        let message = format!("a row of `{}` cannot be read: {}", row.list, row.label);
        Finding::new(FindingKind::RegistrySchema, row.label.as_str(), message).fixed_by(Fix::MendRows)
    };
    facts.unreadable_rows.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample;
    use crate::model::facts::UnreadableRow;

    #[test]
    fn a_damaged_registry_is_critical_and_mended_from_the_backup_only_when_that_parses() {
        let damaged = |backup| Facts {
            registry: RegistrySight::Damaged {
                path: "/s/registry.json".into(),
                message: "half".into(),
                backup,
            },
            ..sample::facts()
        };
        let fix = |backup| unreadable(&damaged(backup)).remove(0).fix;
        assert_eq!(fix(Backup::Whole), Some(Fix::RestoreBackup));
        assert_eq!(fix(Backup::Damaged), Some(Fix::RebuildRegistry));
        assert_eq!(fix(Backup::Missing), Some(Fix::RebuildRegistry));
    }

    #[test]
    fn a_registry_of_a_newer_version_is_left_alone() {
        let newer = RegistrySight::OutOfReach { path: "/s/registry.json".into(), message: "newer".into() };
        let found = unreadable(&Facts { registry: newer, ..sample::facts() });
        assert!(!found[0].fixable);
    }

    #[test]
    fn every_unreadable_row_is_named() {
        let row = UnreadableRow { list: "worktrees", label: "feature-1".to_owned() };
        let found = rows(&Facts { unreadable_rows: vec![row], ..sample::facts() });
        assert_eq!((found.len(), found[0].subject.as_str(), found[0].fixable), (1, "feature-1", true));
    }

    #[test]
    fn what_is_wrong_with_a_registry_is_told_by_its_path() {
        let newer = RegistrySight::OutOfReach { path: "/s/registry.json".into(), message: "newer".into() };
        let found = unreadable(&Facts { registry: newer, ..sample::facts() }).remove(0);
        assert_eq!((found.subject.as_str(), found.message.as_str()), ("/s/registry.json", "newer"));
        assert_eq!(found.hint.as_deref(), Some("nothing was touched; a newer wt, or its owner, can read it"));
        assert_eq!(unreadable(&sample::facts()), []);
        let row = UnreadableRow { list: "worktrees", label: "feature-1".to_owned() };
        let found = rows(&Facts { unreadable_rows: vec![row], ..sample::facts() }).remove(0);
        assert_eq!(found.message, "a row of `worktrees` cannot be read: feature-1");
        assert_eq!((found.code, found.fix), (FindingKind::RegistrySchema, Some(Fix::MendRows)));
    }
}
