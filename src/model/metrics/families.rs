//! The families that `wt metrics` has, from what was seen.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::family::MetricType::{Counter, Gauge};
use super::family::{Family, MetricType};
use crate::model::config::settings::MetricSettings;
use crate::model::event::tally::Tally;

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub version: &'static str,
    /// The name of the repository and the state of each recorded worktree.
    pub worktrees: Vec<(String, &'static str)>,
    /// The purpose and the last health of each allocation.
    pub allocations: Vec<(String, &'static str)>,
    /// The name of each range, the ports that it can give, and those that are given.
    pub ranges: Vec<(String, usize, usize)>,
    /// How many conflicts there are now, by kind.
    pub conflicts: Vec<(&'static str, usize)>,
    pub tally: Tally,
    pub services: Vec<ServiceRow>,
    /// The code and the severity of each finding.
    pub findings: Vec<(&'static str, &'static str)>,
    pub last_look: Option<Timestamp>,
}

/// A service of a worktree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceRow {
    pub repository: String,
    pub worktree: String,
    pub service: String,
    pub is_up: bool,
    pub port: Option<u16>,
    pub restarts: u64,
    pub memory_bytes: Option<u64>,
    pub cpu_seconds: Option<f64>,
    pub check_seconds: Option<f64>,
    /// When something of the worktree was last seen at work.
    pub active_at: Timestamp,
}

/// Returns the families.
#[must_use]
pub fn families(seen: &Snapshot, settings: MetricSettings) -> Vec<Family> {
    let mut all = sums(seen);
    all.extend(of_services(seen, settings));
    all.into_iter().map(Family::once).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a float; counts stay far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

fn size(count: usize) -> f64 {
    number(u64::try_from(count).unwrap_or(u64::MAX))
}

/// One sample for each pair of labels, with how often it occurs.
fn counted(
    name: &'static str,
    help: &'static str,
    labels: [&'static str; 2],
    pairs: impl Iterator<Item = (String, String)>,
) -> Family {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for pair in pairs {
        *counts.entry(pair).or_default() += 1;
    }
    let mut family = Family::new(name, Gauge, help);
    for ((first, second), count) in counts {
        family.put(&[(labels[0], &first), (labels[1], &second)], number(count));
    }
    family
}

fn sums(seen: &Snapshot) -> Vec<Family> {
    let family = |name, kind: MetricType, help| Family::new(name, kind, help);
    let mut build = family("wt_build_info", Gauge, "The version of wt.");
    build.put(&[("version", seen.version)], 1.0);
    let owned = |(first, second): &(String, &str)| (first.clone(), (*second).to_owned());
    let worktrees = counted(
        "wt_worktrees",
        "Recorded worktrees by state.",
        ["repository", "state"],
        seen.worktrees.iter().map(owned),
    );
    let allocations = counted(
        "wt_port_allocations",
        "Allocated ports by purpose and by the health that was recorded last.",
        ["purpose", "health"],
        seen.allocations.iter().map(owned),
    );
    let mut capacity = family("wt_port_range_capacity", Gauge, "Ports that a range can give.");
    let mut used = family("wt_port_range_used", Gauge, "Ports of a range that are allocated.");
    for (range, of, given) in &seen.ranges {
        capacity.put(&[("range", range)], size(*of));
        used.put(&[("range", range)], size(*given));
    }
    let mut now = family("wt_port_conflicts", Gauge, "Conflicts over ports that there are now.");
    for (kind, count) in &seen.conflicts {
        now.put(&[("kind", kind)], size(*count));
    }
    let mut ever = family("wt_port_conflicts_total", Counter, "Conflicts over ports that commands met.");
    for row in &seen.tally.conflicts {
        let key = &row.key;
        let labels = [("kind", &*key.kind), ("purpose", &*key.purpose), ("service", &*key.service)];
        ever.put(&labels, number(row.count));
    }
    let mut resolutions =
        family("wt_port_conflict_resolutions_total", Counter, "What was done about conflicts over ports.");
    for row in &seen.tally.resolutions {
        let labels = [("action", &*row.key.action), ("outcome", &*row.key.outcome)];
        resolutions.put(&labels, number(row.count));
    }
    let mut events = family("wt_events_total", Counter, "Events by their names.");
    for (event, count) in &seen.tally.events {
        events.put(&[("event", event)], number(*count));
    }
    let findings = counted(
        "wt_findings",
        "What wt validate finds, with a look at listeners.",
        ["code", "severity"],
        seen.findings.iter().map(|(code, severity)| ((*code).to_owned(), (*severity).to_owned())),
    );
    let mut look =
        family("wt_last_look_timestamp_seconds", Gauge, "When the health of a service was recorded last.");
    if let Some(at) = seen.last_look {
        look.put(&[], at.as_duration().as_secs_f64());
    }
    vec![build, worktrees, allocations, capacity, used, now, ever, resolutions, events, findings, look]
}

fn of_services(seen: &Snapshot, settings: MetricSettings) -> Vec<Family> {
    let (shown, left_out) = if settings.per_worktree { chosen(seen, settings) } else { (Vec::new(), 0) };
    let mut up = Family::new(
        "wt_service_up",
        Gauge,
        "Whether a service of a worktree is ready, or asleep until a request comes.",
    );
    let mut port = Family::new("wt_service_port", Gauge, "The port of a service.");
    let mut restarts = Family::new("wt_service_restarts_total", Counter, "Restarts of a service.");
    let mut memory = Family::new("wt_service_memory_bytes", Gauge, "Resident memory of a service.");
    let mut cpu = Family::new(
        "wt_service_cpu_seconds_total",
        Counter,
        "Processor time of a service since it was started, that of children that ended included.",
    );
    let mut check = Family::new("wt_check_duration_seconds", Gauge, "How long the last check took.");
    for row in shown {
        let labels =
            [("repository", &*row.repository), ("worktree", &*row.worktree), ("service", &*row.service)];
        up.put(&labels, f64::from(u8::from(row.is_up)));
        restarts.put(&labels, number(row.restarts));
        let known = |family: &mut Family, value: Option<f64>| {
            if let Some(value) = value {
                family.put(&labels, value);
            }
        };
        known(&mut port, row.port.map(f64::from));
        known(&mut memory, row.memory_bytes.map(number));
        known(&mut cpu, row.cpu_seconds);
        known(&mut check, row.check_seconds);
    }
    let mut rest = Family::new("wt_rows_left_out", Gauge, "Worktrees that have no rows of their own.");
    if settings.per_worktree {
        rest.put(&[], size(left_out));
    }
    vec![up, port, restarts, memory, cpu, check, rest]
}

/// The services of the worktrees that were active last, in their order, and how many worktrees are left out.
fn chosen(seen: &Snapshot, settings: MetricSettings) -> (Vec<&ServiceRow>, usize) {
    let mut worktrees: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
    for row in &seen.services {
        let at = worktrees.entry((&row.repository, &row.worktree)).or_insert(row.active_at);
        *at = row.active_at.max(*at);
    }
    let mut order: Vec<((&str, &str), Timestamp)> = worktrees.into_iter().collect();
    order.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
    let most = usize::try_from(settings.max_worktrees).unwrap_or(usize::MAX);
    let left_out = order.len().saturating_sub(most);
    order.truncate(most);
    let is_in = |row: &&ServiceRow| order.iter().any(|(key, _)| *key == (&*row.repository, &*row.worktree));
    (seen.services.iter().filter(is_in).collect(), left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metrics::text;

    fn row(worktree: &str, second: i64) -> ServiceRow {
        ServiceRow {
            repository: "shop".to_owned(),
            worktree: worktree.to_owned(),
            service: "web".to_owned(),
            is_up: true,
            port: Some(5000),
            active_at: Timestamp::from_second(second).unwrap(),
            ..ServiceRow::default()
        }
    }

    fn seen() -> Snapshot {
        Snapshot {
            version: "1.2.3",
            worktrees: vec![("shop".to_owned(), "active"), ("shop".to_owned(), "active")],
            services: vec![row("one", 1), row("two", 3), row("three", 2)],
            ranges: vec![("feature".to_owned(), 98, 3)],
            ..Snapshot::default()
        }
    }

    #[test]
    fn rows_of_those_idle_for_longest_are_left_out_and_that_is_said() {
        let told = text(&families(&seen(), MetricSettings { per_worktree: true, max_worktrees: 2 }));
        assert!(told.contains("wt_worktrees{repository=\"shop\",state=\"active\"} 2\n"), "{told}");
        assert!(told.contains("wt_port_range_capacity{range=\"feature\"} 98\n"), "{told}");
        let up = "wt_service_up{repository=\"shop\",service=\"web\",worktree=\"two\"} 1\n";
        assert!(told.contains(up) && !told.contains("worktree=\"one\""), "{told}");
        assert!(told.contains("wt_rows_left_out 1\n"), "{told}");
    }

    #[test]
    fn without_rows_for_each_worktree_the_sums_are_left() {
        let told = text(&families(&seen(), MetricSettings { per_worktree: false, max_worktrees: 2 }));
        assert!(!told.contains("worktree=") && !told.contains("wt_rows_left_out"), "{told}");
        assert!(told.contains("wt_build_info{version=\"1.2.3\"} 1\n"), "{told}");
    }

    #[test]
    fn a_series_stands_once_whoever_is_called_the_same() {
        let mut twice = seen();
        twice.services = vec![row("one", 1), row("one", 1)];
        let told = text(&families(&twice, MetricSettings { per_worktree: true, max_worktrees: 200 }));
        assert_eq!(told.matches("wt_service_up{").count(), 1, "{told}");
    }
}
