//! Which worktree holds a branch: checked out, or being rebased or bisected, its folder present or not.
//! git refuses a second checkout in all of these cases; libgit2 looks at HEADs only.

use std::path::Path;

use super::repository::Repository;
use super::tips::{read_head_text, read_text};
use crate::error::Result;
use crate::host::resolved::ResolvedFolders;
use crate::model::branch::{BranchHold, BranchUse, Head, Returning, is_object_id};

/// What lies in git's folder of a worktree as long as an operation that comes back to a branch is under way.
const SIGNS: [&str; 3] = ["rebase-merge", "rebase-apply", "BISECT_LOG"];

/// Whether the branch that is asked for is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Existing,
    /// Nobody has it but whoever stands on it before its first commit, or comes back to it from a detached HEAD.
    New,
}

impl Repository {
    /// Returns the worktree that holds the branch `name`, registered ones with a missing folder included.
    pub fn branch_in_use(&self, name: &str) -> Result<Option<BranchUse>> {
        self.branch_in_use_beside(name, None)
    }

    /// The same, the linked worktree that git calls `own` passed over.
    pub fn branch_in_use_beside(&self, name: &str, own: Option<&str>) -> Result<Option<BranchUse>> {
        self.find_use(name, own, Asked::Existing)
    }

    /// The same of a branch that does not exist: of a worktree that stands on another one nothing but its HEAD is read.
    pub fn new_branch_in_use(&self, name: &str) -> Result<Option<BranchUse>> {
        self.find_use(name, None, Asked::New)
    }

    fn find_use(&self, name: &str, own: Option<&str>, asked: Asked) -> Result<Option<BranchUse>> {
        if !self.bare {
            let text = read_head_text(&self.common_dir).unwrap_or_default();
            let operation = || find_operation(&self.common_dir, name);
            if let Some(hold) = self.find_hold(None, &text, name, asked, operation)? {
                let worktree = self.read_main()?;
                return Ok(Some(BranchUse { path: worktree.path, admin: None, hold }));
            }
        }
        let folders = self.admin_folders()?;
        for admin in folders.names.iter().filter(|admin| Some(admin.as_str()) != own) {
            let text = folders.read_head_text(admin).unwrap_or_default();
            let operation = || {
                let may_be_there = SIGNS.iter().any(|sign| folders.has(admin, sign));
                may_be_there.then(|| find_operation(&self.admin_dir(admin), name)).flatten()
            };
            if let Some(hold) = self.find_hold(Some(admin), &text, name, asked, operation)?
                && let Some(worktree) = self.read_worktree(admin.clone(), &mut ResolvedFolders::default())?
            {
                return Ok(Some(BranchUse { path: worktree.path, admin: worktree.admin, hold }));
            }
        }
        for admin in &folders.nameless {
            let folder = self.common_dir.join("worktrees").join(admin);
            let head = Head::parse(&read_head_text(&folder).unwrap_or_default());
            let is_out = head.branch().is_some_and(|branch| branch == name || self.leads_to(branch, name));
            let hold = if is_out { Some(BranchHold::CheckedOut) } else { find_operation(&folder, name) };
            if let Some(hold) = hold {
                let (path, admin) = (Self::place_of_admin_dir(&folder), admin.to_string_lossy().into_owned());
                return Ok(Some(BranchUse { path, admin: Some(admin), hold }));
            }
        }
        Ok(None)
    }

    /// Looks at one worktree by the text of its HEAD, which costs nothing but a read, where that says it.
    fn find_hold(
        &self,
        admin: Option<&str>,
        text: &str,
        name: &str,
        asked: Asked,
        operation: impl FnOnce() -> Option<BranchHold>,
    ) -> Result<Option<BranchHold>> {
        let head = match Head::parse(text) {
            // With reftables the truth lies elsewhere.
            Head::Unreadable(_) => self.read_head(admin)?,
            head => head,
        };
        match head.branch() {
            Some(branch) if branch == name => Ok(Some(BranchHold::CheckedOut)),
            Some(branch) if asked == Asked::Existing && self.leads_to(branch, name) => {
                Ok(Some(BranchHold::CheckedOut))
            }
            // Whoever went to another branch in the middle of a rebase or bisection may come back to an existing one.
            Some(_) if asked == Asked::New => Ok(None),
            Some(_) | None => Ok(operation()),
        }
    }

    /// Answers whether the branch is another name of `name`: a symbolic ref, as `git symbolic-ref refs/heads/ALIAS
    /// refs/heads/NAME` makes it. Whoever stands on it commits to `name`. With reftables git alone knows that.
    fn leads_to(&self, branch: &str, name: &str) -> bool {
        let heads = self.common_dir.join("refs").join("heads");
        let mut branch = branch.to_owned();
        for _ in 0..MOST_LINKS {
            let Some(text) = read_text(&heads.join(&branch)) else { return false };
            let target =
                text.strip_prefix("ref:").and_then(|target| target.trim().strip_prefix("refs/heads/"));
            let Some(target) = target else { return false };
            if target == name {
                return true;
            }
            target.clone_into(&mut branch);
        }
        false
    }
}

/// How many symbolic refs git follows behind each other (`SYMREF_MAXDEPTH`).
const MOST_LINKS: usize = 5;

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
