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
