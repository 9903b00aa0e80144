//! git's hooks, where they were asked for: installed, of this version, and not shadowed.

use crate::model::facts::{Facts, HookFault, HookFaultKind};
use crate::model::finding::{Finding, FindingKind, Fix};

/// What is wrong with the hooks.
pub fn hooks(facts: &Facts) -> Vec<Finding> {
    let finding = |fault: &HookFault| {
        let kind = match fault.kind {
            HookFaultKind::Missing => FindingKind::HookMissing,
            HookFaultKind::Outdated => FindingKind::HookOutdated,
            HookFaultKind::Shadowed => FindingKind::HookShadowed,
        };
        let finding = Finding::new(kind, fault.hook.as_str(), fault.message.as_str());
        let finding = Finding { hint: fault.hint.clone(), ..finding };
        if fault.fixable && kind != FindingKind::HookShadowed {
            finding.fixed_by(Fix::InstallHooks)
        } else {
            finding
        }
    };
    facts.hooks.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::facts;

    #[test]
    fn a_missing_hook_is_installed_and_a_shadowed_one_is_a_persons_to_settle() {
        let fault = |kind| HookFault {
            kind,
            hook: "pre-push".into(),
            message: "m".into(),
            hint: None,
            fixable: true,
        };
        let found = |kind| hooks(&Facts { hooks: vec![fault(kind)], ..facts() }).remove(0);
        assert!(found(HookFaultKind::Missing).fixable && found(HookFaultKind::Outdated).fixable);
        assert!(!found(HookFaultKind::Shadowed).fixable);
    }
}
