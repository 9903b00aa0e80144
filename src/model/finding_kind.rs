//! Every kind of finding, its stable code and how bad it is.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// How bad a finding is, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing can be relied on.
    Critical,
    /// Something is wrong that will hurt.
    Error,
    /// Something is not as it should be.
    Warning,
    /// Something changed, and nothing is wrong.
    Info,
}

/// Every kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    RegistryUnreadable,
    RegistrySchema,
    ConfigInvalid,
    ConfigDiffers,
    CarryDrift,
    GitBareLeaked,
    GitRecordDamaged,
    DuplicatePort,
    DuplicateWorktree,
    PortInvalid,
    PortOutOfRange,
    PortShared,
    RangeInvalid,
    RangeOverlap,
    WorktreeMissing,
    WorktreeUnregistered,
    WorktreeMoved,
    WorktreeForeign,
    BranchMissing,
    BranchChanged,
    CreateIncomplete,
    EnvMissing,
    EnvDrift,
    EnvDuplicate,
    EnvTracked,
    HookMissing,
    HookOutdated,
    HookShadowed,
    PortStale,
    PortConflict,
    PortDrift,
    EphemeralOverlap,
    ClaimMissing,
    ClaimOrphaned,
    ClaimLost,
    ClaimHostStale,
}

impl FindingKind {
    /// Returns the stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::RegistryUnreadable => "registry-unreadable",
            Self::RegistrySchema => "registry-schema",
            Self::ConfigInvalid => "config-invalid",
            Self::ConfigDiffers => "config-differs",
            Self::CarryDrift => "carry-drift",
            Self::GitBareLeaked => "git-bare-leaked",
            Self::GitRecordDamaged => "git-record-damaged",
            Self::DuplicatePort => "duplicate-port",
            Self::DuplicateWorktree => "duplicate-worktree",
            Self::PortInvalid => "port-invalid",
            Self::PortOutOfRange => "port-out-of-range",
            Self::PortShared => "port-shared",
            Self::RangeInvalid => "range-invalid",
            Self::RangeOverlap => "range-overlap",
            Self::WorktreeMissing => "worktree-missing",
            Self::WorktreeUnregistered => "worktree-unregistered",
            Self::WorktreeMoved => "worktree-moved",
            Self::WorktreeForeign => "worktree-foreign",
            Self::BranchMissing => "branch-missing",
            Self::BranchChanged => "branch-changed",
            Self::CreateIncomplete => "create-incomplete",
            Self::EnvMissing => "env-missing",
            Self::EnvDrift => "env-drift",
            Self::EnvDuplicate => "env-duplicate",
            Self::EnvTracked => "env-tracked",
            Self::HookMissing => "hook-missing",
            Self::HookOutdated => "hook-outdated",
            Self::HookShadowed => "hook-shadowed",
            Self::PortStale => "port-stale",
            Self::PortConflict => "port-conflict",
            Self::PortDrift => "port-drift",
            Self::EphemeralOverlap => "ephemeral-overlap",
            Self::ClaimMissing => "claim-missing",
            Self::ClaimOrphaned => "claim-orphaned",
            Self::ClaimLost => "claim-lost",
            Self::ClaimHostStale => "claim-host-stale",
        }
    }

    /// Returns how bad such a finding is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::RegistryUnreadable => Severity::Critical,
            Self::RegistrySchema
            | Self::ConfigInvalid
            | Self::GitBareLeaked
            | Self::GitRecordDamaged
            | Self::DuplicatePort
            | Self::DuplicateWorktree
            | Self::PortInvalid
            | Self::RangeInvalid
            | Self::RangeOverlap
            | Self::WorktreeMissing
            | Self::WorktreeMoved
            | Self::WorktreeForeign
            | Self::BranchMissing
            | Self::CreateIncomplete
            | Self::PortConflict
            | Self::ClaimLost => Severity::Error,
            Self::PortOutOfRange
            | Self::PortShared
            | Self::WorktreeUnregistered
            | Self::EnvMissing
            | Self::EnvDrift
            | Self::EnvDuplicate
            | Self::EnvTracked
            | Self::HookMissing
            | Self::HookOutdated
            | Self::HookShadowed
            | Self::PortStale
            | Self::PortDrift
            | Self::EphemeralOverlap
            | Self::ClaimMissing
            | Self::ClaimOrphaned => Severity::Warning,
            Self::BranchChanged | Self::ConfigDiffers | Self::CarryDrift | Self::ClaimHostStale => {
                Severity::Info
            }
        }
    }
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_called_after_its_name_and_is_as_bad_as_what_it_leads_to() {
        use FindingKind as Kind;
        for (severity, kinds) in [
            (Severity::Critical, &[Kind::RegistryUnreadable][..]),
            (Severity::Error, &[Kind::RegistrySchema, Kind::ConfigInvalid, Kind::GitBareLeaked]),
            (Severity::Error, &[Kind::GitRecordDamaged, Kind::DuplicatePort, Kind::DuplicateWorktree]),
            (Severity::Error, &[Kind::PortInvalid, Kind::RangeInvalid, Kind::RangeOverlap]),
            (Severity::Error, &[Kind::WorktreeMissing, Kind::WorktreeMoved, Kind::WorktreeForeign]),
            (
                Severity::Error,
                &[Kind::BranchMissing, Kind::CreateIncomplete, Kind::PortConflict, Kind::ClaimLost],
            ),
            (Severity::Warning, &[Kind::PortOutOfRange, Kind::PortShared, Kind::WorktreeUnregistered]),
            (Severity::Warning, &[Kind::EnvMissing, Kind::EnvDrift, Kind::EnvDuplicate, Kind::EnvTracked]),
            (Severity::Warning, &[Kind::HookMissing, Kind::HookOutdated, Kind::HookShadowed]),
            (Severity::Warning, &[Kind::PortStale, Kind::PortDrift, Kind::EphemeralOverlap]),
            (Severity::Warning, &[Kind::ClaimMissing, Kind::ClaimOrphaned]),
            (
                Severity::Info,
                &[Kind::BranchChanged, Kind::ConfigDiffers, Kind::CarryDrift, Kind::ClaimHostStale],
            ),
        ] {
            for kind in kinds {
                let mut code = String::new();
                for letter in format!("{kind:?}").chars() {
                    if letter.is_ascii_uppercase() && !code.is_empty() {
                        code.push('-');
                    }
                    code.push(letter.to_ascii_lowercase());
                }
                assert_eq!((kind.code(), kind.severity()), (code.as_str(), severity));
                assert_eq!(serde_json::to_value(kind).unwrap(), code);
            }
        }
    }
}
