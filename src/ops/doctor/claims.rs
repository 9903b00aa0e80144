//! Whether those who keep claims can be reached, and are of one mind with the records.

use super::sight::DoctorSight;
use crate::model::diagnosis::DoctorCheck;
use crate::model::registry::entry::{Entry, EntryState};
use crate::ops::claim_sight;

/// Asks the remote that keeps claims on branches; nothing where none does.
pub fn branches(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    const NAME: &str = "claims";
    Some(match claim_sight::of_branches(sight.context, &sight.known())? {
        Err(failure) => {
            let hint = failure.next_step().unwrap_or("wt team").to_owned();
            DoctorCheck::warning(NAME, failure.message().to_owned(), hint)
        }
        Ok(seen) => {
            let (ports, branches): (Vec<_>, Vec<_>) =
                seen.standing.iter().partition(|claim| claim.is_of_port());
            let own = branches.iter().filter(|claim| claim.is_ours).count();
            let orphaned = seen.standing.iter().filter(|claim| claim.is_orphaned(&seen.recorded)).count();
            let (all, remote) = (branches.len(), &seen.remote);
            let ports = if ports.is_empty() { String::new() } else { format!(", and {} ports", ports.len()) };
            let message = format!("{all} branches are claimed on {remote}, {own} by this host{ports}");
            let registry = sight.known();
            let worktrees: Vec<&Entry> =
                registry.living(&seen.repository_id).filter(|it| claims(it)).collect();
            let missing = worktrees.iter().filter(|entry| seen.lacks(entry)).count();
            let lost = worktrees.iter().filter(|entry| !seen.lost_of(entry).is_empty()).count();
            let wrong = [
                (orphaned, "without a worktree"),
                (missing, "missing for branches of ours"),
                (lost, "on what our worktrees have, by others"),
            ];
            let wrong = wrong.into_iter().filter(|(count, _)| *count > 0);
            let wrong: Vec<String> = wrong.map(|(count, what)| format!("{count} {what}")).collect();
            let message = [message].into_iter().chain(wrong).collect::<Vec<_>>().join("; ");
            match (orphaned, lost) {
                // A claim may be missing because somebody gave it back.
                (0, 0) => DoctorCheck::fine(NAME, message),
                // Who has it is for people to settle: each finding names the command.
                (0, _) => DoctorCheck::warning(NAME, message, "wt validate"),
                _ => DoctorCheck::warning(NAME, message, "wt validate --fix"),
            }
        }
    })
}

/// Answers whether the worktree is to have a claim: everybody has the main one, and one that is being renamed has none yet.
fn claims(entry: &Entry) -> bool {
    entry.state == EntryState::Active && !entry.is_main() && !entry.is_being_renamed()
}

/// Looks at the folder that the users of this machine share; nothing where there is none.
pub fn shared_host(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    const NAME: &str = "shared_host";
    match claim_sight::of_ports(sight.context, &sight.known()) {
        Ok(seen) => seen.map(|seen| {
            let (own, others) = (seen.own.len(), seen.others.len());
            let message = format!(
                "the users of this machine keep their ports apart: {own} are ours, {others} of others"
            );
            DoctorCheck::fine(NAME, message)
        }),
        Err(failure) => {
            let hint = failure.next_step().unwrap_or("wt team init --shared-host").to_owned();
            Some(DoctorCheck::error(NAME, failure.message().to_owned(), hint))
        }
    }
}
