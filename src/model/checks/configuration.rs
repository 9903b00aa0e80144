//! The configuration: what is wrong with it, and ranges in which the kernel itself gives ports away.

use std::path::{Path, PathBuf};

use crate::model::advised::git;
use crate::model::facts::{ConfigFault, ConfigFaultKind, Facts, Seen};
use crate::model::finding::{Finding, Kind};
use crate::model::registry::entry::Entry;

/// What is wrong with the configuration; only a person can settle it.
pub fn faults(facts: &Facts) -> Vec<Finding> {
    let finding = |fault: &ConfigFault| {
        let kind = match fault.kind {
            ConfigFaultKind::Range => Kind::RangeInvalid,
            ConfigFaultKind::Overlap => Kind::RangeOverlap,
            ConfigFaultKind::Other => Kind::ConfigInvalid,
        };
        let finding = Finding::new(kind, fault.subject.as_str(), fault.message.as_str());
        Finding { hint: fault.hint.clone(), ..finding }
    };
    facts.config_faults.iter().map(finding).collect()
}

/// Worktrees whose branch changed the configuration's file: only the main worktree's counts.
pub fn own(facts: &Facts) -> Vec<Finding> {
    let finding = |(entry, seen): (&Entry, &Seen)| {
        let own = seen.own_config.as_ref()?;
        let message =
            format!("its branch changed .wt.toml, which has no effect: {} counts", own.counts.display());
        let hint = "it counts once the main worktree has it; until then `--config FILE` tries it out";
        Some(Finding::about(Kind::ConfigDiffers, entry, message).hint(hint))
    };
    facts.asked().filter_map(finding).collect()
}

/// Repositories that `core.bare` calls bare although they have a main worktree.
pub fn bare_leaks(facts: &Facts) -> Vec<Finding> {
    let finding = |root: &PathBuf| {
        let message = "core.bare is set, so git refuses to work in this main worktree; agents and tools leave it behind";
        Finding::new(Kind::GitBareLeaked, root.display().to_string(), message).hint(unset_bare(root))
    };
    facts.bare_leaks.iter().map(finding).collect()
}

/// Returns the command that has git work in the main worktree again.
#[must_use]
pub fn unset_bare(root: &Path) -> String {
    git("config core.bare false", &[]).at(root.display()).to_string()
}

/// Ranges that overlap the one from which the kernel takes the ports of outgoing connections (ip(7)).
pub fn ephemeral(facts: &Facts) -> Vec<Finding> {
    let Some(ephemeral) = facts.ephemeral else { return Vec::new() };
    let overlapping = facts.ranges.iter().flat_map(|(whose, ranges)| {
        let shared = ranges.0.iter().filter(move |range| range.overlaps(ephemeral));
        shared.map(move |range| (whose, range))
    });
    let finding = |(whose, range): (&String, &crate::model::port::PortRange)| {
        let message = format!(
            "{range} of {whose} overlaps {ephemeral}, from which the kernel takes ports for outgoing connections"
        );
        Finding::new(Kind::EphemeralOverlap, range.to_string(), message).hint(format!(
            "keep them out: sysctl -w net.ipv4.ip_local_reserved_ports={range}, or choose a range outside of it"
        ))
    };
    overlapping.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample;
    use crate::model::facts::OwnConfig;
    use crate::model::finding::Severity;
    use crate::model::port::PortRanges;

    #[test]
    fn a_fault_of_a_range_an_overlap_and_any_other_have_codes_of_their_own() {
        let fault = |kind| ConfigFault { kind, subject: "k".into(), message: "m".into(), hint: None };
        let kinds = [ConfigFaultKind::Range, ConfigFaultKind::Overlap, ConfigFaultKind::Other];
        let found = faults(&Facts { config_faults: kinds.map(fault).to_vec(), ..sample::facts() });
        let codes: Vec<&str> = found.iter().map(|finding| finding.code.code()).collect();
        assert_eq!(codes, ["range-invalid", "range-overlap", "config-invalid"]);
        assert!(found.iter().all(|finding| !finding.fixable));
    }

    #[test]
    fn a_range_in_the_kernels_own_is_a_warning_and_one_beside_it_is_none() {
        let facts = |text: &str| Facts {
            ranges: vec![("purpose `feature`".to_owned(), PortRanges(vec![text.parse().unwrap()]))],
            ephemeral: Some("32768-60999".parse().unwrap()),
            ..sample::facts()
        };
        assert_eq!(ephemeral(&facts("40000-40099"))[0].code, Kind::EphemeralOverlap);
        assert!(ephemeral(&facts("5000-5099")).is_empty());
        assert!(ephemeral(&Facts { ephemeral: None, ..facts("40000-40099") }).is_empty());
    }

    #[test]
    fn a_file_that_a_branch_changed_is_told_and_nothing_is_wrong() {
        let mut recorded = sample::recorded(sample::entry("a", 1, &[]));
        assert!(own(&sample::with(vec![recorded.clone()])).is_empty());
        let seen = recorded.seen.as_mut().unwrap();
        seen.own_config = Some(OwnConfig { file: "/w/a/.wt.toml".into(), counts: "/w/shop/.wt.toml".into() });
        let found = own(&sample::with(vec![recorded]));
        assert_eq!((found[0].code.code(), found[0].severity), ("config-differs", Severity::Info));
        assert!(found[0].message.contains("/w/shop/.wt.toml counts"), "{found:?}");
    }
}
