//! What a commit comes from: the refs that keep strangers' commits and our own, and the walk that tells the two apart. Nothing
//! is walked where no stranger's commit is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::known_descent::once;
use super::library_error::from_library;
use super::pulls::is_made;
use super::repository::Repository;
use crate::error::Result;
use crate::host::files;
use crate::model::descent::{Ends, Sources};
use crate::model::foreign::Followed;

/// Where the heads of pull requests are kept.
const KEPT: &str = "refs/wt/pull/";

/// What git writes into the log of a remote's ref that it moves after a push.
const PUSHED: &str = "update by push";

/// Returns the commits of a log (`OLD NEW NAME <MAIL> SECONDS ZONE`, a tab, the message) that no push wrote.
fn fetched(log: &str, tip: &str) -> Vec<String> {
    let line = |line: &str| {
        let (facts, message) = line.split_once('\t').unwrap_or((line, ""));
        let mut words = facts.split(' ');
        let (old, new) = (words.next()?.to_owned(), words.next()?.to_owned());
        Some((old, new, message.trim_end() == PUSHED))
    };
    let lines: Vec<(String, String, bool)> = log.lines().filter_map(line).collect();
    // What stood there before the log begins, or came by a way that is not logged, nobody pushed.
    let before =
        lines.first().map(|(old, ..)| old.clone()).filter(|old| old.bytes().any(|byte| byte != b'0'));
    let unlogged = lines.last().is_none_or(|(_, new, _)| new != tip).then(|| tip.to_owned());
    let brought = lines.into_iter().filter(|(.., is_pushed)| !is_pushed).map(|(_, new, _)| new);
    before.into_iter().chain(brought).chain(unlogged).collect()
}

impl Repository {
    /// Returns the refs that keep pull requests, with their commits; the refs are not listed where a look at git's files tells
    /// that there are none.
    ///
    /// # Errors
    ///
    /// Fails when the refs cannot be read.
    pub fn kept_pulls(&self) -> Result<Vec<(String, String)>> {
        let has_loose = || self.common_dir.join(KEPT).is_dir();
        let has_packed = || {
            files::read_plain(&self.common_dir.join("packed-refs"))
                .is_ok_and(|packed| memchr::memmem::find(&packed, format!(" {KEPT}").as_bytes()).is_some())
        };
        // Without the library the refs may lie in no such files.
        if self.library().is_some() && !has_loose() && !has_packed() {
            return Ok(Vec::new());
        }
        self.references(KEPT)
    }

    /// Returns the refs whose names begin so, with their commits.
    ///
    /// # Errors
    ///
    /// Fails when the refs cannot be read.
    pub fn refs_at(&self, place: &str) -> Result<Vec<(String, String)>> {
        self.references(place)
    }

    /// Returns the commits that a fetch wrote to the remote's ref `name`, which stands at `tip`: all that its log has but for
    /// what a push from here wrote; `tip` where no log is kept.
    #[must_use]
    pub fn fetched_to(&self, name: &str, tip: &str) -> Vec<String> {
        let log = files::read_plain(&self.common_dir.join("logs").join(name)).unwrap_or_default();
        fetched(&String::from_utf8_lossy(&log), tip)
    }

    /// Answers whether all that the followed branch of a remote ever had was pushed from here.
    ///
    /// # Errors
    ///
    /// Fails when git's configuration or the refs cannot be read.
    pub fn is_pushed_alone(&self, followed: &Followed) -> Result<bool> {
        let (Some(remote), Some(merge)) = (&followed.remote, &followed.merge) else { return Ok(false) };
        // One that was made for a pull request has others' commits, whoever pushed there last.
        if is_made(remote) {
            return Ok(false);
        }
        let mut refs = self.upstreams()?.tracking_refs(merge).into_iter();
        let Some((_, tracking)) = refs.find(|(owner, _)| owner == remote) else { return Ok(false) };
        let Some(tip) = self.find_reference(&tracking)? else { return Ok(false) };
        Ok(self.fetched_to(&tracking, &tip).is_empty())
    }

    /// Returns the branches of which git's configuration says that they follow something, with that.
    ///
    /// # Errors
    ///
    /// Fails when git's configuration cannot be read.
    pub fn followed_branches(&self) -> Result<Vec<(String, Followed)>> {
        let failed = |error| from_library(error, "read which branches follow others");
        let settings = self.settings(None)?;
        // In one go: there may be thousands.
        let mut branches: BTreeMap<String, Followed> = BTreeMap::new();
        let mut repeated = BTreeSet::new();
        let entries = settings.entries(None).map_err(failed)?;
        entries
            .for_each(|entry| {
                let (Ok(key), true) = (entry.name(), entry.has_value()) else { return };
                let Some((name, which)) = key.strip_prefix("branch.").and_then(|key| key.rsplit_once('.'))
                else {
                    return;
                };
                let (true, Ok(value)) = (matches!(which, "remote" | "merge"), entry.value()) else { return };
                let followed = branches.entry(name.to_owned()).or_default();
                let of_key = if which == "merge" { &mut followed.merge } else { &mut followed.remote };
                if of_key.replace(value.to_owned()).is_some() {
                    repeated.insert(name.to_owned());
                }
            })
            .map_err(failed)?;
        // Which of several counts is git's to say.
        for name in repeated {
            let followed = self.followed(&name);
            branches.insert(name, followed);
        }
        Ok(branches.into_iter().collect())
    }

    /// Returns what tells where strangers' commits are, read once for all that a command asks; `None` where there are none.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub fn descent_sources(
        &self,
        read: impl FnOnce() -> Result<Option<Sources>>,
    ) -> Result<Option<&Sources>> {
        once(&self.known_descent.sources, read).map(Option::as_ref)
    }

    /// Returns where the commits of one's own and of strangers end, read once for all that a command asks.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub fn descent_ends(&self, read: impl FnOnce() -> Result<Ends>) -> Result<&Ends> {
        once(&self.known_descent.ends, read)
    }

    /// Answers whether the line of first parents that ends at `commit` begins, where it leaves `own`, with a commit that
    /// `theirs` have: it is theirs, or was built on theirs. Work of one's own into which theirs was merged is not.
    ///
    /// # Errors
    ///
    /// Fails when git cannot read the history.
    pub fn is_built_on(&self, commit: &str, own: &[String], theirs: &[String]) -> Result<bool> {
        let without = |commits: &[String]| {
            commits.iter().fold(String::new(), |lines, commit| lines + "^" + commit + "\n")
        };
        let listed = |options: &[&str], asked: String| {
            let git = self.git().args(["rev-list", "--ignore-missing"]).args(options).args(["--stdin"]);
            git.input(asked).require().map(|output| output.text())
        };
        let line = listed(&["--first-parent"], format!("{commit}\n{}", without(own)))?;
        let Some(first) = line.lines().last().filter(|first| !first.is_empty()) else { return Ok(false) };
        // What their history has is all that it can begin with: they have every commit before one of theirs.
        let beyond = listed(&["--max-count=1"], format!("{first}\n{}", without(theirs)))?;
        Ok(beyond.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remotes_ref_has_what_was_fetched_and_not_what_was_pushed_from_here() {
        let (zeros, a, b, c) = ("0".repeat(40), "a".repeat(40), "b".repeat(40), "c".repeat(40));
        let line = |old: &str, new: &str, message: &str| format!("{old} {new} A <a@b> 5 +0000\t{message}\n");
        let pushed = line(&zeros, &a, PUSHED);
        for (log, tip, brought) in [
            (String::new(), &a, vec![&a]),
            (pushed.clone(), &a, vec![]),
            (format!("{pushed}{}", line(&a, &b, PUSHED)), &b, vec![]),
            (format!("{pushed}{}", line(&a, &b, "fetch alice: fast-forward")), &b, vec![&b]),
            (format!("{}{}", line(&zeros, &a, "fetch alice"), line(&a, &b, PUSHED)), &b, vec![&a]),
            (line(&b, &a, PUSHED), &a, vec![&b]),
            (pushed.clone(), &c, vec![&c]),
            ("damaged".to_owned(), &a, vec![&a]),
        ] {
            assert_eq!(fetched(&log, tip).iter().collect::<Vec<_>>(), brought, "{log}");
        }
    }
}
