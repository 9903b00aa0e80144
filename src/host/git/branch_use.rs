//! Which worktree holds a branch: checked out, or being rebased or bisected, its folder present or not.
//! git refuses a second checkout in all of these cases; libgit2 looks at HEADs only.

use std::path::Path;

use super::repository::Repository;
use super::tips::{read_head_text, read_text};
use crate::error::Result;
use crate::host::resolved::ResolvedFolders;
use crate::model::branch::{BranchHold, BranchUse, Head, Returning, is_object_id};

impl Repository {
    /// Returns the worktree that holds the branch `name`, registered ones with a missing folder included.
    pub fn branch_in_use(&self, name: &str) -> Result<Option<BranchUse>> {
        self.branch_in_use_beside(name, None)
    }

    /// The same, the linked worktree that git calls `own` passed over.
    pub fn branch_in_use_beside(&self, name: &str, own: Option<&str>) -> Result<Option<BranchUse>> {
        let main = (!self.bare).then_some(None);
        for admin in main.into_iter().chain(self.admin_names()?.into_iter().map(Some)) {
            if admin.is_some() && admin.as_deref() == own {
                continue;
            }
            let git_dir =
                admin.as_deref().map_or_else(|| self.common_dir.clone(), |admin| self.admin_dir(admin));
            let Some(hold) = self.find_hold(admin.as_deref(), &git_dir, name)? else { continue };
            let worktree = match admin {
                Some(admin) => self.read_worktree(admin, &mut ResolvedFolders::default())?,
                None => Some(self.read_main()?),
            };
            if let Some(worktree) = worktree {
                return Ok(Some(BranchUse { path: worktree.path, admin: worktree.admin, hold }));
            }
        }
        Ok(None)
    }

    /// Looks at one worktree by the text of its HEAD, which costs nothing but a read, where that says it.
    fn find_hold(&self, admin: Option<&str>, git_dir: &Path, name: &str) -> Result<Option<BranchHold>> {
        let text = read_head_text(git_dir).unwrap_or_default();
        let head = match Head::parse(&text) {
            // With reftables the truth lies elsewhere.
            Head::Unreadable(_) => self.read_head(admin)?,
            head => head,
        };
        if head.branch() == Some(name) {
            return Ok(Some(BranchHold::CheckedOut));
        }
        Ok(find_operation(git_dir, name))
    }
}

/// Returns the branch to which the rebase or bisection in the worktree's git folder will come back.
pub(super) fn find_return(git_dir: &Path) -> Option<Returning> {
    let named = |file: &str| {
        let text = read_text(&git_dir.join(file))?;
        Some(text.strip_prefix("refs/heads/").unwrap_or(&text).to_owned())
    };
    let rebased = ["rebase-merge/head-name", "rebase-apply/head-name"].iter().find_map(|file| named(file));
    // What was detached before says so.
    if let Some(branch) = rebased.filter(|name| name != "detached HEAD") {
        return Some(Returning { doing: "rebasing", branch });
    }
    let started = named("BISECT_START").filter(|_| git_dir.join("BISECT_LOG").exists());
    started.filter(|name| !is_object_id(name)).map(|branch| Returning { doing: "bisecting", branch })
}

/// Looks for an operation in progress that will come back to the branch.
fn find_operation(git_dir: &Path, name: &str) -> Option<BranchHold> {
    let names_it = |file: &str| {
        read_text(&git_dir.join(file))
            .is_some_and(|text| text.strip_prefix("refs/heads/").unwrap_or(&text) == name)
    };
    if names_it("rebase-merge/head-name")
        || names_it("rebase-apply/head-name")
        || is_updated_by_rebase(git_dir, name)
    {
        return Some(BranchHold::Rebase);
    }
    // A finished bisection removes its log.
    let is_bisecting = git_dir.join("BISECT_LOG").exists() && names_it("BISECT_START");
    is_bisecting.then_some(BranchHold::Bisect)
}

/// Answers whether `git rebase --update-refs` will move the branch; its file has three lines a ref: name, old, new.
fn is_updated_by_rebase(git_dir: &Path, name: &str) -> bool {
    let wanted = format!("refs/heads/{name}");
    read_text(&git_dir.join("rebase-merge/update-refs"))
        .is_some_and(|text| text.lines().step_by(3).any(|line| line == wanted))
}
