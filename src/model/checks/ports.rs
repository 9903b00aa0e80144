//! Allocated numbers: are they ports, and of the configured ranges?

use serde_json::Value;

use crate::model::advised::wt;
use crate::model::facts::Facts;
use crate::model::finding::{Finding, FindingKind, Fix, FixTarget};
use crate::model::registry::allocation::{Allocation, RecordedPort};

/// What is recorded as a port and is none: 0, above 65535, not a number.
pub fn invalid(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, _) in facts.asked() {
        for allocation in &entry.allocations {
            let RecordedPort::Invalid(value) = &allocation.port else { continue };
            let message = format!("`{}` has {} for a port", allocation.service, shown(value));
            let fix =
                Fix::DropAllocation { target: FixTarget::of(entry), service: allocation.service.clone() };
            found.push(Finding::about(FindingKind::PortInvalid, entry, message).fixed_by(fix));
        }
    }
    found
}

/// A value from a file may be of any length.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Ports outside of the ranges that the configuration has for them now; a pinned one was chosen.
pub fn out_of_range(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, seen) in facts.asked() {
        for (service, ranges) in &seen.ranges {
            let outside = entry.allocations.iter().filter(|known| known.service == *service && !known.pinned);
            for port in outside.filter_map(Allocation::find_port).filter(|port| !ranges.contains(*port)) {
                let ranges: Vec<String> = ranges.0.iter().map(ToString::to_string).collect();
                let message = format!("port {port} of `{service}` is outside of {}", ranges.join(", "));
                let release = wt("ports release {} --worktree {}", &[&port, &entry.name]);
                let allocate = wt("ports allocate --worktree {} --service {}", &[&entry.name, service]);
                let finding = Finding::about(FindingKind::PortOutOfRange, entry, message);
                found.push(finding.hint(format!("`{release} && {allocate}` gives it another one")));
            }
        }
    }
    found
}

/// Ports of a worktree's own for services that serve all worktrees by now: nobody is led there any more.
pub fn shared(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, seen) in facts.asked() {
        for known in entry.allocations.iter().filter(|known| seen.shared.contains(&known.service)) {
            let Some(port) = known.find_port() else { continue };
            let message = format!(
                "`{}` serves all worktrees, and port {port} is this one's own from before",
                known.service
            );
            let finding = Finding::about(FindingKind::PortShared, entry, message);
            let release = wt("ports release {} --worktree {}", &[&port, &entry.name]);
            found.push(finding.hint(format!("`{release}` gives it up")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::checks::sample::{entry, recorded, with};

    #[test]
    fn nonsense_is_released_and_shown_in_short() {
        let mut broken = entry("a", 1, &[5000]);
        broken.allocations[0].port = RecordedPort::Invalid(json!("x".repeat(1000)));
        let found = invalid(&with(vec![recorded(broken)]));
        assert!(found[0].fixable && found[0].message.len() < 100, "{found:?}");
        assert!(invalid(&with(vec![recorded(entry("a", 1, &[5000]))])).is_empty());
    }

    #[test]
    fn an_own_port_of_what_serves_all_worktrees_is_a_warning() {
        let mut own = recorded(entry("a", 1, &[5000]));
        assert!(shared(&with(vec![own.clone()])).is_empty());
        let service = own.entry.allocations[0].service.clone();
        own.seen.as_mut().unwrap().shared.push(service);
        assert_eq!(shared(&with(vec![own])).len(), 1);
    }

    #[test]
    fn a_port_outside_of_its_range_is_a_warning_unless_it_is_pinned() {
        let mut outside = recorded(entry("a", 1, &[6100]));
        let found = out_of_range(&with(vec![outside.clone()]));
        assert_eq!((found.len(), found[0].fixable), (1, false));
        outside.entry.allocations[0].pinned = true;
        assert!(out_of_range(&with(vec![outside])).is_empty());
    }

    #[test]
    fn what_is_no_port_is_shown_as_it_stands_up_to_forty_letters() {
        for (value, said) in [
            (json!(0), "0".to_owned()),
            (json!("x"), "\"x\"".to_owned()),
            (json!("é".repeat(38)), format!("\"{}\"", "é".repeat(38))),
            (json!("é".repeat(39)), format!("\"{}…", "é".repeat(39))),
        ] {
            let mut broken = entry("a", 1, &[5000]);
            broken.allocations[0].port = RecordedPort::Invalid(value);
            let found = invalid(&with(vec![recorded(broken.clone())])).remove(0);
            assert_eq!(found.message, format!("`web` has {said} for a port"));
            let fix = Fix::DropAllocation { target: FixTarget::of(&broken), service: "web".parse().unwrap() };
            assert_eq!(found.fix, Some(fix));
        }
    }

    #[test]
    fn a_port_outside_of_its_range_is_told_with_the_commands_that_change_it() {
        let found = out_of_range(&with(vec![recorded(entry("a", 1, &[6100, 5001]))]));
        assert_eq!(found.len(), 1, "the other one is inside: {found:?}");
        assert_eq!(found[0].message, "port 6100 of `web` is outside of 5000-5099");
        let hint = "`wt ports release 6100 --worktree a && wt ports allocate --worktree a --service web` gives it another one";
        assert_eq!(found[0].hint.as_deref(), Some(hint));
        let mut own = recorded(entry("a", 1, &[5000, 5001]));
        own.seen.as_mut().unwrap().shared.push("web".parse().unwrap());
        let found = shared(&with(vec![own]));
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].message,
            "`web` serves all worktrees, and port 5000 is this one's own from before"
        );
        assert_eq!(found[0].hint.as_deref(), Some("`wt ports release 5000 --worktree a` gives it up"));
    }
}
