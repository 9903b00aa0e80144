//! The configuration: what is wrong with it, and ranges in which the kernel itself gives ports away.

use std::path::{Path, PathBuf};

use crate::model::advised::git;
use crate::model::facts::{ConfigFault, ConfigFaultKind, Facts, SeenWorktree};
use crate::model::finding::{Finding, FindingKind};
use crate::model::port::PortRange;
use crate::model::registry::entry::Entry;

/// What is wrong with the configuration; only a person can settle it.
pub fn faults(facts: &Facts) -> Vec<Finding> {
    let finding = |fault: &ConfigFault| {
        let kind = match fault.kind {
            ConfigFaultKind::Range => FindingKind::RangeInvalid,
            ConfigFaultKind::Overlap => FindingKind::RangeOverlap,
            ConfigFaultKind::Other => FindingKind::ConfigInvalid,
        };
        let finding = Finding::new(kind, fault.subject.as_str(), fault.message.as_str());
        Finding { hint: fault.hint.clone(), ..finding }
    };
    facts.config_faults.iter().map(finding).collect()
}

/// Worktrees whose branch changed the configuration's file: only the main worktree's counts.
pub fn own(facts: &Facts) -> Vec<Finding> {
    let finding = |(entry, seen): (&Entry, &SeenWorktree)| {
        let own = seen.own_config.as_ref()?;
        let message =
            format!("its branch changed .wt.toml, which has no effect: {} counts", own.counts.display());
        let hint = if own.is_foreign {
            "it counts once the main worktree has it"
        } else {
            "it counts once the main worktree has it; until then `--config FILE` tries it out"
        };
        Some(Finding::about(FindingKind::ConfigDiffers, entry, message).hint(hint))
    };
    facts.asked().filter_map(finding).collect()
}

/// Repositories that `core.bare` calls bare although they have a main worktree.
pub fn bare_leaks(facts: &Facts) -> Vec<Finding> {
    let finding = |root: &PathBuf| {
        let message = "core.bare is set, so git refuses to work in this main worktree; agents and tools leave it behind";
        Finding::new(FindingKind::GitBareLeaked, root.display().to_string(), message).hint(unset_bare(root))
    };
    facts.bare_leaks.iter().map(finding).collect()
}

/// Returns the command that has git work in the main worktree again.
#[must_use]
pub fn unset_bare(root: &Path) -> String {
    git("config core.bare false", &[]).at(root.display()).to_string()
}

/// Up to how many ranges every hint has the command that reserves them all: of thousands it would be long.
const MOST_IN_HINTS: usize = 20;

/// Ranges that overlap the one from which the kernel takes the ports of outgoing connections (ip(7)).
pub fn ephemeral(facts: &Facts) -> Vec<Finding> {
    let Some(bitten) = facts.ephemeral.bitten(&facts.ranges) else { return Vec::new() };
    let finding = |(whose, range): &(&str, PortRange)| {
        let message = format!(
            "{range} of {whose} overlaps {}, from which the kernel takes ports for outgoing connections",
            bitten.by
        );
        let remedy =
            if bitten.ranges.len() > MOST_IN_HINTS { "`wt doctor` has the command" } else { &*bitten.remedy };
        let hint = format!("keep them out: {remedy}, or choose a range outside of it");
        Finding::new(FindingKind::EphemeralOverlap, range.to_string(), message).hint(hint)
    };
    bitten.ranges.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample;
    use crate::model::ephemeral::EphemeralPorts;
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
        let facts = |range: Option<&str>| Facts {
            ranges: ["40000-40099", "5000-5099", "50000-50099"]
                .map(|text| ("purpose `feature`".to_owned(), PortRanges(vec![text.parse().unwrap()])))
                .to_vec(),
            ephemeral: EphemeralPorts {
                range: range.map(|range| range.parse().unwrap()),
                reserved: "8080".to_owned(),
            },
            ..sample::facts()
        };
        let found = ephemeral(&facts(Some("32768-60999")));
        let subjects: Vec<&str> = found.iter().map(|finding| finding.subject.as_str()).collect();
        assert_eq!(subjects, ["40000-40099", "50000-50099"]);
        for finding in &found {
            assert_eq!(finding.code, FindingKind::EphemeralOverlap);
            let hint = finding.hint.as_deref().unwrap();
            assert!(hint.contains("ip_local_reserved_ports=8080,40000-40099,50000-50099,"), "{hint}");
        }
        assert!(ephemeral(&facts(None)).is_empty());
        let mut many = facts(Some("32768-60999"));
        let range = |first: u16| PortRanges(vec![format!("{first}-{}", first + 1).parse().unwrap()]);
        many.ranges = (0..5000).map(|at| (format!("service `s{at}`"), range(40000 + 3 * at))).collect();
        let found = ephemeral(&many);
        assert_eq!(found.len(), 5000);
        assert!(found.iter().all(|finding| finding.hint.as_ref().is_some_and(|hint| hint.len() < 200)));
    }

    #[test]
    fn a_file_that_a_branch_changed_is_told_and_nothing_is_wrong() {
        let mut recorded = sample::recorded(sample::entry("a", 1, &[]));
        assert!(own(&sample::with(vec![recorded.clone()])).is_empty());
        let seen = recorded.seen.as_mut().unwrap();
        seen.own_config = Some(OwnConfig {
            file: "/w/a/.wt.toml".into(),
            counts: "/w/shop/.wt.toml".into(),
            is_foreign: false,
        });
        let found = own(&sample::with(vec![recorded]));
        assert_eq!((found[0].code.code(), found[0].severity), ("config-differs", Severity::Info));
        assert!(found[0].message.contains("/w/shop/.wt.toml counts"), "{found:?}");
    }

    #[test]
    fn up_to_twenty_ranges_have_the_command_in_their_hints() {
        let hints = |count: u16| {
            let range = |at: u16| PortRanges(vec![format!("{}", 40_000 + at).parse().unwrap()]);
            let facts = Facts {
                ranges: (0..count).map(|at| (format!("service `s{at}`"), range(at))).collect(),
                ephemeral: EphemeralPorts {
                    range: Some("32768-60999".parse().unwrap()),
                    reserved: String::new(),
                },
                ..sample::facts()
            };
            ephemeral(&facts).into_iter().filter_map(|finding| finding.hint).collect::<Vec<_>>()
        };
        for (count, is_whole) in [(1, true), (20, true), (21, false)] {
            let found = hints(count);
            assert_eq!(found.len(), usize::from(count));
            assert!(found.iter().all(|hint| hint.contains("sudo sysctl") == is_whole), "{count}: {found:?}");
            assert!(
                found.iter().all(|hint| hint.contains("`wt doctor` has the command") != is_whole),
                "{count}"
            );
        }
    }

    #[test]
    fn a_fault_keeps_its_words_and_its_hint() {
        let fault = ConfigFault {
            kind: ConfigFaultKind::Other,
            subject: "trash.keep".to_owned(),
            message: "is odd".to_owned(),
            hint: Some("write \"7d\"".to_owned()),
        };
        let found = faults(&Facts { config_faults: vec![fault], ..sample::facts() });
        let seen = (found[0].subject.as_str(), found[0].message.as_str(), found[0].hint.as_deref());
        assert_eq!(seen, ("trash.keep", "is odd", Some("write \"7d\"")));
    }

    #[test]
    fn a_repository_that_is_called_bare_is_told_with_the_command_that_mends_it() {
        let leaked = Facts { bare_leaks: vec!["/w/my shop".into(), "/w/b".into()], ..sample::facts() };
        let found: Vec<_> =
            bare_leaks(&leaked).into_iter().map(|finding| (finding.subject, finding.hint.unwrap())).collect();
        let expected = [
            ("/w/my shop", "git -C '/w/my shop' config core.bare false"),
            ("/w/b", "git -C /w/b config core.bare false"),
        ];
        assert_eq!(found, expected.map(|(subject, hint)| (subject.to_owned(), hint.to_owned())));
    }

    #[test]
    fn nobody_is_advised_to_try_out_a_strangers_configuration() {
        let hint = |is_foreign| {
            let mut recorded = sample::recorded(sample::entry("a", 1, &[]));
            let (file, counts) = ("/w/a/.wt.toml".into(), "/w/shop/.wt.toml".into());
            recorded.seen.as_mut().unwrap().own_config = Some(OwnConfig { file, counts, is_foreign });
            own(&sample::with(vec![recorded])).remove(0).hint.unwrap()
        };
        assert_eq!(hint(true), "it counts once the main worktree has it");
        assert_eq!(
            hint(false),
            "it counts once the main worktree has it; until then `--config FILE` tries it out"
        );
    }
}
