//! Env blocks: there, current, alone in setting their names, and untracked.

use crate::model::advised::git;
use crate::model::facts::{EnvSeen, EnvSight, Facts, SeenWorktree};
use crate::model::finding::{Finding, FindingKind, Fix, FixTarget};
use crate::model::presence::Presence;
use crate::model::registry::entry::{Entry, EntryState};

/// Blocks that are missing, say something else than the record, or stand in a file that is to have none.
pub fn blocks(facts: &Facts) -> Vec<Finding> {
    let files = readable(facts).flat_map(|(entry, seen)| seen.env.iter().map(move |file| (entry, file)));
    files.filter_map(|(entry, file)| block(entry, file)).collect()
}

fn block(entry: &Entry, file: &EnvSeen) -> Option<Finding> {
    let path = &file.path;
    let fix = Fix::RenderEnv { target: FixTarget::of(entry) };
    match &file.sight {
        EnvSight::Current => None,
        // What git tracks is never written.
        _ if file.is_tracked => None,
        EnvSight::Missing => {
            let message = format!("{path} has no block of ours");
            Some(Finding::about(FindingKind::EnvMissing, entry, message).fixed_by(fix))
        }
        EnvSight::NoFolder => {
            let message = format!("{path} has no block of ours, for its folder is not there");
            Some(
                Finding::about(FindingKind::EnvMissing, entry, message)
                    .hint("name a file in a folder that the branch has, or make the folder and run `wt env`"),
            )
        }
        EnvSight::Left => {
            let message = format!("{path} has a block of ours, and is to have none any more");
            Some(Finding::about(FindingKind::EnvDrift, entry, message).fixed_by(fix))
        }
        EnvSight::Drifted { missing, surplus } => {
            let message = format!("{path} has drifted: lines missing: {missing}, too many: {surplus}");
            Some(Finding::about(FindingKind::EnvDrift, entry, message).fixed_by(fix))
        }
        EnvSight::Broken(why) => Some(
            Finding::about(FindingKind::EnvDrift, entry, format!("{path} is left alone: {why}"))
                .hint(format!("mend {} by hand", entry.path.join(path).display())),
        ),
    }
}

/// Lines of the user's own that set our names, and files that git tracks.
pub fn surroundings(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, seen) in readable(facts).filter(|(entry, _)| entry.env) {
        for line in &seen.env_doubled {
            found.push(
                Finding::about(FindingKind::EnvDuplicate, entry, line.as_str())
                    .hint("whichever line is read last wins: take one of them out"),
            );
        }
        for file in seen.env.iter().filter(|file| file.is_tracked) {
            let path = &file.path;
            let message = format!("git tracks {path}, so its block is not written");
            found.push(Finding::about(FindingKind::EnvTracked, entry, message).hint(format!(
                "`{}`, and commit that; or name another file in the configuration",
                git("rm --cached {}", &[path]).at(entry.path.display())
            )));
        }
    }
    found
}

/// Worktrees whose folder is there and theirs.
fn readable(facts: &Facts) -> impl Iterator<Item = (&Entry, &SeenWorktree)> {
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
    use crate::model::facts::Instead;

    fn one(change: impl Fn(&mut SeenWorktree)) -> Facts {
        let mut recorded = recorded(entry("a", 1, &[5000]));
        change(recorded.seen.as_mut().unwrap());
        with(vec![recorded])
    }

    #[test]
    fn a_missing_and_a_drifted_block_are_rendered_and_a_broken_one_is_left_alone() {
        let of = |sight: EnvSight| blocks(&one(|seen| seen.env[0].sight = sight.clone()));
        let kind = |found: &[Finding]| found.first().map(|finding| (finding.code, finding.fixable));
        assert_eq!(kind(&of(EnvSight::Missing)), Some((FindingKind::EnvMissing, true)));
        assert_eq!(
            kind(&of(EnvSight::Drifted { missing: 1, surplus: 0 })),
            Some((FindingKind::EnvDrift, true))
        );
        assert_eq!(kind(&of(EnvSight::Broken("x".into()))), Some((FindingKind::EnvDrift, false)));
        assert_eq!(kind(&of(EnvSight::NoFolder)), Some((FindingKind::EnvMissing, false)));
        assert_eq!(kind(&of(EnvSight::Left)), Some((FindingKind::EnvDrift, true)));
        assert_eq!(kind(&of(EnvSight::Current)), None);
    }

    #[test]
    fn a_tracked_file_is_named_and_never_rendered() {
        let tracked = one(|seen| {
            seen.env[0].sight = EnvSight::Missing;
            seen.env[0].is_tracked = true;
        });
        assert!(blocks(&tracked).is_empty());
        assert_eq!(surroundings(&tracked)[0].code, FindingKind::EnvTracked);
    }

    #[test]
    fn every_doubled_name_is_a_warning() {
        let doubled = one(|seen| seen.env_doubled = vec!["PORT".into(), "WEB_PORT".into()]);
        assert_eq!(surroundings(&doubled).len(), 2);
    }

    #[test]
    fn a_file_is_told_by_its_path_and_by_what_is_wrong_with_it() {
        let of = |sight: EnvSight| {
            let found = blocks(&one(|seen| seen.env[0].sight = sight.clone())).remove(0);
            (found.message, found.fix.is_some(), found.hint)
        };
        let told = |message: &str, is_fixed, hint: Option<&str>| {
            (message.to_owned(), is_fixed, hint.map(str::to_owned))
        };
        assert_eq!(of(EnvSight::Missing), told(".env has no block of ours", true, None));
        assert_eq!(
            of(EnvSight::Drifted { missing: 1, surplus: 2 }),
            told(".env has drifted: lines missing: 1, too many: 2", true, None)
        );
        assert_eq!(
            of(EnvSight::Left),
            told(".env has a block of ours, and is to have none any more", true, None)
        );
        assert_eq!(
            of(EnvSight::Broken("one marker".into())),
            told(".env is left alone: one marker", false, Some("mend /w/a/.env by hand"))
        );
    }

    #[test]
    fn a_worktree_that_is_not_in_its_place_is_not_looked_into() {
        let count = |change: &dyn Fn(&mut SeenWorktree)| {
            blocks(&one(|seen| {
                seen.env[0].sight = EnvSight::Missing;
                change(seen);
            }))
            .len()
        };
        assert_eq!(count(&|_| ()), 1);
        assert_eq!(count(&|seen| seen.presence = Presence::Vanished), 0);
        assert_eq!(count(&|seen| seen.foreign = Some(Instead::Else("x".to_owned()))), 0);
        assert_eq!(count(&|seen| seen.needs_repair = true), 0);
        let mut without = one(|seen| seen.env_doubled = vec!["PORT".into()]);
        assert_eq!(surroundings(&without).len(), 1);
        without.worktrees[0].entry.env = false;
        assert_eq!(surroundings(&without), [], "it wants no block");
    }
}
