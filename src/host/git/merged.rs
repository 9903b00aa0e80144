//! Whether the work of a branch is in another one, also by squash or rebase. git itself compares; what it has to write
//! for that (a merge tried, a branch as one commit) goes into a scratch folder and away again.

use tempfile::TempDir;

use super::command::{Git, GitOutput};
use super::repository::Repository;
use crate::error::{Code, Failure, Result};
use crate::model::branch::{RemoteBranch, is_object_id};
use crate::model::merged::{MergeEvidence, Revision};

/// How many first parents back from its tip the other branch is searched.
const SEARCHED: usize = 2_000;

/// A branch that others are merged into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trunk {
    /// Short: `main`, `origin/main`.
    pub name: String,
    /// Its tip, in hexadecimal.
    pub commit: String,
}

/// The first parents of the other branch that the compared branch has not, the tip first: commit and tree.
type Line = Vec<(String, String)>;

impl Repository {
    /// Returns the branch `name` and its upstream, as far as they are there. Without an upstream of its own the branch of
    /// the same name on `remote` stands in.
    pub fn trunks(&self, name: &str, remote: Option<&str>) -> Result<Vec<Trunk>> {
        let mut trunks = Vec::new();
        if let Some(commit) = self.find_branch(name)? {
            trunks.push(Trunk { name: name.to_owned(), commit });
        }
        let short = |tracking: String| {
            let cut = tracking.strip_prefix("refs/remotes/").or_else(|| tracking.strip_prefix("refs/heads/"));
            cut.map_or_else(|| tracking.clone(), str::to_owned)
        };
        if let Some(upstream) = self.upstream(name)? {
            if let (Some(tracking), Some(commit)) = (upstream.tracking, upstream.commit) {
                trunks.push(Trunk { name: short(tracking), commit });
            }
            return Ok(trunks);
        }
        let of_remote = |branch: &RemoteBranch| remote.is_none_or(|remote| branch.remote == remote);
        if let Some(branch) = self.find_remote_branches(name)?.into_iter().find(of_remote) {
            trunks.push(Trunk { name: short(branch.tracking), commit: branch.commit });
        }
        Ok(trunks)
    }

    /// Looks for proof that the work up to the commit `tip` is in `trunk`; both stay as they are.
    ///
    /// # Errors
    ///
    /// Fails when git cannot read the history.
    pub fn find_merge_evidence(&self, tip: &str, trunk: &Trunk) -> Result<Option<MergeEvidence>> {
        let main = &trunk.commit;
        if tip == main {
            return Ok(Some(MergeEvidence::SameCommit));
        }
        let ahead = self.ahead_behind(tip, main)?.ahead;
        if ahead == 0 {
            return Ok(Some(MergeEvidence::Ancestor));
        }
        let base = self.git().args(["merge-base", tip, main]).run()?;
        // Histories that share nothing prove nothing.
        let (true, base) = (base.is_success(), base.text()) else { return Ok(None) };
        let trees =
            self.git().args(["rev-parse", &tree_of(tip), &tree_of(&base), &tree_of(main)]).require()?;
        let trees = trees.text();
        let trees: Vec<&str> = trees.lines().collect();
        let [own, at_base, of_main] = trees[..] else { return Err(unreadable(trunk)) };
        if own == at_base {
            return Ok(Some(MergeEvidence::ChangesNothing));
        }
        let line = self.first_parents(&base, main)?;
        if let Some(distance) = line.iter().position(|(_, tree)| tree == own) {
            let commit = line[distance].0.clone();
            return Ok(Some(MergeEvidence::SameTree {
                revision: Revision { commit, distance: Some(distance) },
            }));
        }
        let scratch = Scratch::new(self)?;
        if scratch.merged_tree(tip, main)?.as_deref() == Some(of_main) {
            return Ok(Some(MergeEvidence::AddsNothing));
        }
        let limit = line.get(SEARCHED - 1).map(|(commit, _)| commit.as_str());
        if let Some(commit) = scratch.find_squash(own, &base, main, limit)? {
            let distance = line.iter().position(|(known, _)| *known == commit);
            return Ok(Some(MergeEvidence::Squashed { revision: Revision { commit, distance } }));
        }
        scratch.every_patch(tip, main, limit)
    }

    /// Answers whether `commit` lies on the trunk's own line of first parents, as far as that is searched: such a commit
    /// was not brought in by a merge.
    pub fn is_on_line(&self, commit: &str, trunk: &Trunk) -> Result<bool> {
        let count = format!("--max-count={SEARCHED}");
        let args = ["rev-list", "--first-parent", &count, &trunk.commit];
        Ok(self.git().args(args).require()?.text().lines().any(|line| line == commit))
    }

    fn first_parents(&self, base: &str, main: &str) -> Result<Line> {
        let (count, range) = (format!("--max-count={SEARCHED}"), format!("{base}..{main}"));
        let args = ["log", "--first-parent", "--no-show-signature", "--format=%H %T", &count, &range, "--"];
        let text = self.git().args(args).require()?.text();
        let rows = text.lines().filter_map(|row| row.split_once(' '));
        Ok(rows.map(|(commit, tree)| (commit.to_owned(), tree.to_owned())).collect())
    }
}

fn tree_of(commit: &str) -> String {
    format!("{commit}^{{tree}}")
}

fn unreadable(trunk: &Trunk) -> Failure {
    Failure::new(Code::GitFailed, format!("git cannot read the trees of {}", trunk.name))
}

/// A folder that takes the objects a comparison makes; the repository's own are read, never written.
struct Scratch<'a> {
    repository: &'a Repository,
    folder: TempDir,
}

impl<'a> Scratch<'a> {
    fn new(repository: &'a Repository) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(|error| {
            Failure::from_io(error, Code::Permission, "no folder for temporary files can be made")
                .hint("set TMPDIR to a folder that can be written to")
        })?;
        Ok(Self { repository, folder })
    }

    fn git(&self) -> Git<'a> {
        self.repository.git().scratch_objects(self.folder.path(), &self.repository.common_dir.join("objects"))
    }

    /// Tries the merge; `None` for a conflict, or a git older than 2.38.
    fn merged_tree(&self, tip: &str, main: &str) -> Result<Option<String>> {
        let output = self.git().args(["merge-tree", "--write-tree", "--no-messages", main, tip]).run()?;
        let tree = output.text();
        Ok(Some(tree).filter(|tree| output.is_success() && is_object_id(tree)))
    }

    /// Finds the commit of `main` that has the patch of all changes since `base` at once.
    fn find_squash(&self, tree: &str, base: &str, main: &str, limit: Option<&str>) -> Result<Option<String>> {
        let who = ["-c", "user.name=wt", "-c", "user.email=wt@localhost", "-c", "commit.gpgSign=false"];
        let squash =
            self.git().args(who).args(["commit-tree", "-m", "squashed", tree, "-p", base]).require()?;
        let marked = self.marked("--right-only", &squash.text(), main, limit)?;
        Ok(marked.text().lines().find_map(|line| line.strip_prefix('=').map(str::to_owned)))
    }

    /// A merge may hold changes of its own, so a branch with one is not judged by its commits.
    fn every_patch(&self, tip: &str, main: &str, limit: Option<&str>) -> Result<Option<MergeEvidence>> {
        let merges = ["rev-list", "--merges", "--max-count=1", tip, "--not", main];
        if !self.git().args(merges).require()?.text().is_empty() {
            return Ok(None);
        }
        let marked = self.marked("--left-only", tip, main, limit)?.text();
        let count = marked.lines().count();
        let all = count > 0 && marked.lines().all(|line| line.starts_with('='));
        Ok(all.then_some(MergeEvidence::EveryPatch { count }))
    }

    /// Lists one side's commits, `=` before those whose patch the other side has.
    fn marked(&self, side: &str, left: &str, right: &str, limit: Option<&str>) -> Result<GitOutput> {
        let range = format!("{left}...{right}");
        let git = self.git().args(["rev-list", "--no-merges", "--cherry-mark", side, &range]);
        match limit {
            Some(limit) => git.args([format!("^{limit}")]).require(),
            None => git.require(),
        }
    }
}
