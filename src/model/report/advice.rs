//! What a report recommends, each with the command that does it.

use super::tables::{Idle, Range, Recommendation, Service};
use crate::model::advised::{Advised, wt};
use crate::model::health::state::Health;
use crate::model::port::often::HeldOften;
use crate::model::services::state::ServiceState;

/// How full a range is nearly full, in hundredths.
const FULL: usize = 90;

/// How often a service may start again before somebody should look.
const OFTEN_RESTARTED: u64 = 3;

/// In how many conflicts a port has to be held before it is better left alone.
const OFTEN_HELD: u64 = 3;

/// How many worktrees and ports of one sort are named.
pub const MOST: usize = 10;

/// Recommends what follows from the numbers: `removable` are idle worktrees that can go without a loss, `here` is the repository
/// that commands without `-C` are about.
#[must_use]
pub fn recommendations(
    services: &[Service],
    ranges: &[Range],
    held: &[HeldOften],
    removable: &[&Idle],
    here: Option<&std::path::Path>,
) -> Vec<Recommendation> {
    let mut all = Vec::new();
    for service in services {
        let (name, worktree) = (&service.service, &service.worktree);
        let is_unwell = service.health == Health::Unhealthy || service.state == Some(ServiceState::Failed);
        let text = if is_unwell {
            format!("{name} of {worktree} is unhealthy")
        } else if service.restarts > OFTEN_RESTARTED {
            format!("{name} of {worktree} was started again {} times", service.restarts)
        } else {
            continue;
        };
        let command = wt("logs {} --worktree {}", &[name, worktree]);
        all.push(recommendation(text, &placed(command, &service.repository, here)));
    }
    for range in ranges.iter().filter(|range| range.used * 100 >= range.capacity * FULL && range.used > 0) {
        let text =
            format!("{} of the {} ports of range {} are taken", range.used, range.capacity, range.range);
        let command =
            if range.used >= range.capacity { "prune --merged --dry-run" } else { "ports list --all" };
        all.push(recommendation(text, &wt(command, &[])));
    }
    for port in held.iter().filter(|one| one.times >= OFTEN_HELD).take(MOST) {
        all.push(recommendation(
            port.to_string(),
            &wt("ports exclude {} --reason {}", &[&port.port, &"held by others"]),
        ));
    }
    for worktree in removable.iter().take(MOST) {
        let days = worktree.idle_s / 86_400;
        let days = if days == 1 { "a day".to_owned() } else { format!("{days} days") };
        let text =
            format!("nothing happened in {} for {days}, and removing it loses nothing", worktree.worktree);
        let command = wt("remove {}", &[&worktree.worktree]);
        all.push(recommendation(text, &placed(command, &worktree.repository, here)));
    }
    all
}

fn recommendation(text: String, command: &Advised) -> Recommendation {
    Recommendation { text, command: command.to_string() }
}

/// Another repository's is named by its folder.
fn placed(command: Advised, repository: &std::path::Path, here: Option<&std::path::Path>) -> Advised {
    if here == Some(repository) { command } else { command.at(repository.display()) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::model::port::Port;

    fn service(health: Health, state: Option<ServiceState>, restarts: u64) -> Service {
        Service {
            repository: "/r".into(),
            repository_name: "r".to_owned(),
            worktree: "one".to_owned(),
            service: "web".parse().unwrap(),
            port: None,
            state,
            health,
            restarts,
            latency_ms: None,
            memory_bytes: None,
            cpu_percent: None,
        }
    }

    fn advice_on(service: Service, here: &str) -> Vec<String> {
        let advice = recommendations(&[service], &[], &[], &[], Some(Path::new(here)));
        advice.into_iter().map(|one| format!("{}: {}", one.text, one.command)).collect()
    }

    #[test]
    fn the_log_of_a_service_that_is_unhealthy_failed_or_started_again_often_is_recommended() {
        let failed = Some(ServiceState::Failed);
        let unwell = ["web of one is unhealthy: wt logs web --worktree one"];
        assert_eq!(advice_on(service(Health::Unhealthy, None, 0), "/r"), unwell);
        assert_eq!(advice_on(service(Health::Unknown, failed, 9), "/r"), unwell);
        assert_eq!(
            advice_on(service(Health::Healthy, None, 4), "/s"),
            ["web of one was started again 4 times: wt -C /r logs web --worktree one"]
        );
        assert!(advice_on(service(Health::Healthy, None, 3), "/r").is_empty());
    }

    #[test]
    fn a_range_is_nearly_full_from_nine_tenths_and_full_once_nothing_is_left() {
        let commands = |used, capacity| {
            let range = Range { range: "5000-5009".to_owned(), capacity, used };
            let advice = recommendations(&[], &[range], &[], &[], None);
            advice.into_iter().map(|one| one.command).collect::<Vec<_>>()
        };
        assert!(commands(8, 10).is_empty() && commands(0, 0).is_empty());
        assert_eq!(commands(9, 10), ["wt ports list --all"]);
        assert_eq!(commands(10, 10), ["wt prune --merged --dry-run"]);
    }

    #[test]
    fn a_port_that_others_held_in_three_conflicts_is_better_left_alone() {
        let held = |times| HeldOften { port: Port::new(5000).unwrap(), times, days: 1, by: Vec::new() };
        let advice = recommendations(&[], &[], &[held(2), held(3)], &[], None);
        assert_eq!((advice.len(), advice[0].text.as_str()), (1, "5000: held 3 times on 1 day"));
        assert_eq!(advice[0].command, "wt ports exclude 5000 --reason 'held by others'");
    }

    #[test]
    fn a_removal_is_recommended_of_no_more_than_ten_worktrees() {
        let idle = |days: i64| Idle {
            repository: "/r".into(),
            repository_name: "r".to_owned(),
            worktree: "one".to_owned(),
            idle_s: days * 86_400,
            disk_bytes: 0,
        };
        let (day, long) = (idle(1), idle(30));
        let mut removable = vec![&day];
        removable.extend([&long; 20]);
        let advice = recommendations(&[], &[], &[], &removable, None);
        assert_eq!(advice.len(), 10);
        assert_eq!(advice[0].text, "nothing happened in one for a day, and removing it loses nothing");
        assert!(advice[1].text.contains("for 30 days"), "{}", advice[1].text);
        assert_eq!(advice[0].command, "wt -C /r remove one");
    }

    #[test]
    fn no_more_than_ten_ports_are_named() {
        let held: Vec<HeldOften> = (1..=20)
            .map(|number| HeldOften { port: Port::new(number).unwrap(), times: 3, days: 1, by: Vec::new() })
            .collect();
        assert_eq!(recommendations(&[], &[], &held, &[], None).len(), 10);
    }
}
