//! What a commit holds, without checking it out.

use std::path::Path;

use git2::Oid;

use super::remotes::oid;
use super::repository::{Repository, unread};
use crate::error::Result;
use crate::host::git_files::objects::Unread;

impl Repository {
    /// Answers whether the commit has a file called `name` at its top.
    pub fn is_in_commit(&self, commit: &str, name: &str) -> Result<bool> {
        if let Some(library) = self.library().filter(|_| !name.contains('/')) {
            let found = library.find_commit(oid(commit)?).map(|found| found.tree_id());
            let id = found.as_ref().map_or_else(|_| commit.to_owned(), Oid::to_string);
            match found.and_then(|tree| library.find_tree(tree)) {
                Ok(tree) => return Ok(tree.get_name(name).is_some()),
                Err(error @ Unread::Damaged(_)) => return Err(unread(error, &format!("object {id}"))),
                Err(Unread::Library(_)) => {}
            }
        }
        // A clone without trees has them fetched by git; and of what is damaged git says it best.
        let listed =
            self.git().args(["ls-tree", "--name-only", "--full-tree", commit, "--", name]).require()?;
        Ok(!listed.stdout.is_empty())
    }

    /// Returns the text that the file `name` had where the worktree in `folder` and the main one parted; `None` where it
    /// had none there, they share no history, or git does not know.
    #[must_use]
    pub fn text_where_parted(&self, folder: &Path, name: &str) -> Option<String> {
        let asked = |words: &[&str]| {
            self.git_in(folder).args(words).run().ok().filter(super::command::GitOutput::is_success)
        };
        let base = asked(&["merge-base", "HEAD", "main-worktree/HEAD"])?.text();
        let blob = asked(&["cat-file", "blob", &format!("{base}:{name}")])?;
        String::from_utf8(blob.stdout).ok()
    }
}
