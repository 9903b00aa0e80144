//! The last commits of a branch, as far as a glance goes.

use git2::Oid;
use jiff::Timestamp;

use super::repository::Repository;
use crate::model::picker::Commit;

impl Repository {
    /// Returns up to `count` commits from `tip` on, each the first parent of the one before; fewer where one cannot be read.
    #[must_use]
    pub fn last_commits(&self, tip: &str, count: usize) -> Vec<Commit> {
        let Some(library) = self.library() else { return Vec::new() };
        let mut next = Oid::from_str(tip).ok();
        let mut commits = Vec::new();
        while let Some(id) = next.filter(|_| commits.len() < count) {
            let Ok(commit) = library.find_commit(id) else { break };
            let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
            commits.push(Commit {
                short: id.to_string().chars().take(7).collect(),
                at: Timestamp::from_second(commit.time().seconds()).ok(),
                subject: message.lines().next().unwrap_or_default().to_owned(),
            });
            next = commit.parent_id(0).ok();
        }
        commits
    }
}
