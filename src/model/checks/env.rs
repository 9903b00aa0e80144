//! Env blocks: there, current, alone in setting their names, and untracked.

use crate::model::advised::git;
use crate::model::facts::{EnvSight, Facts, Seen};
use crate::model::finding::{Finding, Fix, Kind, Target};
use crate::model::presence::Presence;
use crate::model::registry::entry::{Entry, EntryState};

/// Blocks that are missing or say something else than the record.
pub fn blocks(facts: &Facts) -> Vec<Finding> {
    readable(facts).filter_map(|(entry, seen)| block(entry, seen)).collect()
}

fn block(entry: &Entry, seen: &Seen) -> Option<Finding> {
    let fix = Fix::RenderEnv { target: Target::of(entry) };
    match &seen.env {
        EnvSight::NotWanted | EnvSight::Current => None,
        // What git tracks is never written.
        _ if seen.env_tracked => None,
        EnvSight::Missing => {
            Some(Finding::about(Kind::EnvMissing, entry, ".env has no block of ours").fixed_by(fix))
        }
        EnvSight::Drifted { missing, surplus } => {
            let message = format!(".env has drifted: lines missing: {missing}, too many: {surplus}");
            Some(Finding::about(Kind::EnvDrift, entry, message).fixed_by(fix))
        }
        EnvSight::Broken(why) => Some(
            Finding::about(Kind::EnvDrift, entry, format!(".env is left alone: {why}"))
                .hint(format!("mend {} by hand", entry.path.join(".env").display())),
        ),
    }
}

/// Lines of the user's own that set our names, and files that git tracks.
pub fn surroundings(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, seen) in readable(facts).filter(|(entry, _)| entry.env) {
        for line in &seen.env_doubled {
            found.push(
                Finding::about(Kind::EnvDuplicate, entry, line.as_str())
                    .hint("whichever line is read last wins: take one of them out"),
            );
        }
        if seen.env_tracked {
            found.push(
                Finding::about(Kind::EnvTracked, entry, "git tracks .env, so its block is not written").hint(
                    format!("`{}`, and commit that", git("rm --cached .env", &[]).at(entry.path.display())),
                ),
            );
        }
    }
    found
}

/// Worktrees whose folder is there and theirs.
fn readable(facts: &Facts) -> impl Iterator<Item = (&Entry, &Seen)> {
    facts.asked().filter(|(entry, seen)| {
        entry.state == EntryState::Active
            && seen.presence == Presence::There
            && seen.foreign.is_none()
            && !seen.needs_repair
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::{entry, recorded, with};

    fn one(change: impl Fn(&mut Seen)) -> Facts {
        let mut recorded = recorded(entry("a", 1, &[5000]));
        change(recorded.seen.as_mut().unwrap());
        with(vec![recorded])
    }

    #[test]
    fn a_missing_and_a_drifted_block_are_rendered_and_a_broken_one_is_left_alone() {
        let of = |sight: EnvSight| blocks(&one(|seen| seen.env = sight.clone()));
        let kind = |found: &[Finding]| found.first().map(|finding| (finding.code, finding.fixable));
        assert_eq!(kind(&of(EnvSight::Missing)), Some((Kind::EnvMissing, true)));
        assert_eq!(kind(&of(EnvSight::Drifted { missing: 1, surplus: 0 })), Some((Kind::EnvDrift, true)));
        assert_eq!(kind(&of(EnvSight::Broken("x".into()))), Some((Kind::EnvDrift, false)));
        assert_eq!(kind(&of(EnvSight::Current)), None);
    }

    #[test]
    fn a_tracked_file_is_named_and_never_rendered() {
        let tracked = one(|seen| {
            seen.env = EnvSight::Missing;
            seen.env_tracked = true;
        });
        assert!(blocks(&tracked).is_empty());
        assert_eq!(surroundings(&tracked)[0].code, Kind::EnvTracked);
    }

    #[test]
    fn every_doubled_name_is_a_warning() {
        let doubled = one(|seen| seen.env_doubled = vec!["PORT".into(), "WEB_PORT".into()]);
        assert_eq!(surroundings(&doubled).len(), 2);
    }
}
