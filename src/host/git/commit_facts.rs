//! What a commit says of itself, for whoever decides about it.

use super::repository::Repository;
use crate::error::Result;

/// A commit in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitFacts {
    pub author: String,
    pub subject: String,
}

impl Repository {
    /// Returns author and subject of a commit.
    ///
    /// # Errors
    ///
    /// `git_failed` for what is no commit.
    pub fn commit_facts(&self, commit: &str) -> Result<CommitFacts> {
        let words = ["-c", "log.showSignature=false", "show", "-s", "--format=%an <%ae>%x00%s", commit];
        let text = self.git().args(words).require()?.text();
        let (author, subject) = text.split_once('\0').unwrap_or((&text, ""));
        Ok(CommitFacts { author: author.to_owned(), subject: subject.to_owned() })
    }
}
