//! What findings add up to: the counts, and the exit status that goes with them.

use schemars::JsonSchema;
use serde::Serialize;

use super::finding::{Finding, Severity};

/// The counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ValiditySummary {
    pub critical: usize,
    pub error: usize,
    pub warning: usize,
    pub info: usize,
    pub fixable: usize,
    pub fixed: usize,
}

impl ValiditySummary {
    /// Counts `findings`.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        Self {
            critical: of(Severity::Critical),
            error: of(Severity::Error),
            warning: of(Severity::Warning),
            info: of(Severity::Info),
            fixable: findings.iter().filter(|finding| finding.fixable).count(),
            fixed: findings.iter().filter(|finding| finding.fixed).count(),
        }
    }
}

/// Returns the exit status for what remains: 0 valid or warnings only, 1 fixable errors, 2 critical, or an error that
/// only a person can settle.
#[must_use]
pub fn exit_status(findings: &[Finding]) -> u8 {
    let status = |finding: &Finding| match finding.severity {
        _ if finding.fixed => 0,
        Severity::Error if finding.fixable => 1,
        Severity::Critical | Severity::Error => 2,
        Severity::Warning | Severity::Info => 0,
    };
    findings.iter().map(status).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::{FindingKind, Fix};

    fn finding(kind: FindingKind, fixable: bool) -> Finding {
        let finding = Finding::new(kind, "x", "y");
        if fixable { finding.fixed_by(Fix::MendRows) } else { finding }
    }

    #[test]
    fn warnings_are_valid_fixable_errors_are_1_and_what_a_person_must_settle_is_2() {
        assert_eq!(exit_status(&[]), 0);
        assert_eq!(
            exit_status(&[finding(FindingKind::EnvDrift, true), finding(FindingKind::PortDrift, false)]),
            0
        );
        assert_eq!(
            exit_status(&[finding(FindingKind::DuplicatePort, true), finding(FindingKind::EnvDrift, true)]),
            1
        );
        assert_eq!(
            exit_status(&[
                finding(FindingKind::DuplicatePort, true),
                finding(FindingKind::BranchMissing, false)
            ]),
            2
        );
        assert_eq!(exit_status(&[finding(FindingKind::RegistryUnreadable, true)]), 2);
    }

    #[test]
    fn what_was_fixed_no_longer_counts_for_the_exit_status() {
        let fixed = Finding { fixed: true, ..finding(FindingKind::RegistryUnreadable, true) };
        assert_eq!(exit_status(std::slice::from_ref(&fixed)), 0);
        assert_eq!(
            ValiditySummary::of(&[fixed]),
            ValiditySummary { critical: 1, fixable: 1, fixed: 1, ..ValiditySummary::default() }
        );
    }
}
