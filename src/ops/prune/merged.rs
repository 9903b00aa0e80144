//! Which worktrees are done with: their branch is merged, nothing in them is nowhere else, and nobody is at work there.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::report::{Request, branch, found};
use crate::context::Context;
use crate::error::Result;
use crate::host::git::{LogLine, Repository, Trunk};
use crate::host::net::owner;
use crate::model::merged::{BranchMerge, shows_work};
use crate::model::port::listener::Listener;
use crate::model::registry::entry::EntryState;
use crate::model::registry::table::Registry;
use crate::ops::branches;
use crate::ops::find::FoundWorktree;
use crate::ops::occupants;
use crate::ops::remove::{self, RemovalTarget};
use crate::ops::rows::{WorktreeRow, canonical};

/// What is decided about one worktree.
pub enum MergedVerdict {
    Merged(BranchMerge, Box<RemovalTarget>),
    Kept(String),
}

/// Decides about worktrees, with what is the same for all of them read once.
pub struct Judge<'a> {
    context: &'a Context,
    repository: &'a Repository,
    request: Request,
    trunks: Vec<Trunk>,
    default_branch: String,
    /// `None` where the system does not tell: then nothing is taken away.
    listeners: Option<Vec<Listener>>,
}

impl<'a> Judge<'a> {
    pub fn new(
        context: &'a Context,
        repository: &'a Repository,
        registry: &Registry,
        request: Request,
    ) -> Result<Self> {
        let (default_branch, trunks) = branches::require_trunks(context, repository)?;
        Ok(Self {
            context,
            repository,
            request,
            trunks,
            default_branch,
            listeners: owner::sight(registry).ok(),
        })
    }

    /// The same, to be asked about branches alone.
    pub fn of_branches(
        context: &'a Context,
        repository: &'a Repository,
        registry: &Registry,
    ) -> Result<Self> {
        let request = Request { merged: true, min_age: Duration::ZERO, delete_branch: false };
        Self::new(context, repository, registry, request)
    }

    /// Answers whether the branch of a worktree is merged, whatever else may keep it.
    pub fn is_merged(&self, found: &FoundWorktree) -> Result<bool> {
        let row = WorktreeRow { worktree: found.worktree.clone(), entry: found.entry.clone() };
        let (Some(worktree), Some(branch)) = (&row.worktree, branch(&row)) else { return Ok(false) };
        let (Some(admin), Some(tip)) = (&worktree.admin, &worktree.commit) else { return Ok(false) };
        if branch == self.default_branch {
            return Ok(false);
        }
        let logs = (self.repository.branch_log(branch)?, self.repository.head_log_of(admin)?);
        // What cannot be compared is no proof.
        Ok(self.merged(branch, tip, &logs).is_ok_and(|merged| merged.is_ok()))
    }

    /// Returns the names of the branches that are compared with.
    pub fn compared_with(&self) -> Vec<String> {
        self.trunks.iter().map(|trunk| trunk.name.clone()).collect()
    }

    /// Decides about one worktree that is there; the cheap questions first.
    pub fn verdict(&self, row: &WorktreeRow) -> Result<MergedVerdict> {
        if let Some(why) = self.obstacle(row) {
            return Ok(MergedVerdict::Kept(why));
        }
        let (Some(worktree), Some(branch)) = (&row.worktree, branch(row)) else {
            return Ok(MergedVerdict::Kept("no branch is checked out".to_owned()));
        };
        let (Some(admin), Some(tip)) = (&worktree.admin, &worktree.commit) else {
            return Ok(MergedVerdict::Kept("its branch has no commit".to_owned()));
        };
        let logs = (self.repository.branch_log(branch)?, self.repository.head_log_of(admin)?);
        if let Some(why) = self.youth(row, admin, &logs) {
            return Ok(MergedVerdict::Kept(why));
        }
        let merged = match self.merged(branch, tip, &logs) {
            Ok(Ok(merged)) => merged,
            Ok(Err(why)) => return Ok(MergedVerdict::Kept(why)),
            // A partial or shallow clone lacks objects: what cannot be compared is no proof, and no reason to stop.
            Err(failure) => return Ok(MergedVerdict::Kept(failure.message().to_owned())),
        };
        // Last, for it looks at every file.
        let target = remove::inspect(
            self.context,
            self.repository,
            found(row),
            remove::RemovalLook::Losses { with_branch: false },
        );
        let target = match target {
            Ok(target) => target,
            Err(failure) => return Ok(MergedVerdict::Kept(failure.message().to_owned())),
        };
        if !target.losses.is_empty() {
            let losses: Vec<String> = target.losses.iter().map(ToString::to_string).collect();
            return Ok(MergedVerdict::Kept(format!("removing it would lose {}", losses.join("; "))));
        }
        Ok(MergedVerdict::Merged(merged, Box::new(target)))
    }

    fn obstacle(&self, row: &WorktreeRow) -> Option<String> {
        let Some(worktree) = &row.worktree else {
            return Some("git knows no worktree there".to_owned());
        };
        if row.entry.as_ref().is_some_and(|entry| entry.state != EntryState::Active) {
            return Some("another command is at it".to_owned());
        }
        if let Some(broken) = &worktree.broken {
            return Some(format!("git's record of it is broken: {broken}"));
        }
        match &worktree.lock {
            Some(reason) if reason.is_empty() => return Some("it is locked".to_owned()),
            Some(reason) => return Some(format!("it is locked: {reason}")),
            None => {}
        }
        let is_current = self.repository.current().is_some_and(|current| current.admin == worktree.admin)
            || canonical(&self.context.folder).starts_with(canonical(&worktree.path));
        if is_current {
            return Some("you stand in it".to_owned());
        }
        if let Some(branch) = branch(row).filter(|branch| *branch == self.default_branch) {
            return Some(format!("it is on `{branch}`, the default branch"));
        }
        occupants::business(self.context, row.entry.as_ref()?, self.listeners.as_deref())
    }

    /// Too young: made, moved or committed to within the least age. The latest of all times counts.
    fn youth(&self, row: &WorktreeRow, admin: &str, logs: &(Vec<LogLine>, Vec<LogLine>)) -> Option<String> {
        let last = |log: &[LogLine]| log.iter().filter_map(|line| line.at).max();
        let times: [Option<Timestamp>; 4] = [
            row.entry.as_ref().map(|entry| entry.created_at),
            last(&logs.0),
            last(&logs.1),
            self.repository.head_written(admin),
        ];
        let minimum = SignedDuration::try_from(self.request.min_age).unwrap_or(SignedDuration::MAX);
        let Some(newest) = times.into_iter().flatten().max() else {
            return Some("its age is not known".to_owned());
        };
        let is_young = self.context.now().duration_since(newest) < minimum;
        is_young.then(|| {
            let minutes = self.request.min_age.as_secs() / 60;
            format!("it was made or moved less than {} ago", spoken(minutes))
        })
    }

    fn merged(
        &self,
        branch: &str,
        tip: &str,
        logs: &(Vec<LogLine>, Vec<LogLine>),
    ) -> Result<Result<BranchMerge, String>> {
        if self.trunks.is_empty() {
            return Ok(Err(format!("there is no branch `{}` to compare with", self.default_branch)));
        }
        for trunk in &self.trunks {
            let Some(evidence) = self.repository.find_merge_evidence(tip, trunk)? else { continue };
            let is_untouched = evidence.fits_untouched_branch() && {
                let messages = logs.0.iter().chain(&logs.1).map(|line| line.message.as_str());
                !shows_work(messages) && self.repository.is_on_line(tip, trunk)?
            };
            if is_untouched {
                return Ok(Err(format!("no commit was ever made on `{branch}`")));
            }
            return Ok(Ok(BranchMerge { into: trunk.name.clone(), evidence }));
        }
        let names: Vec<&str> = self.trunks.iter().map(|trunk| trunk.name.as_str()).collect();
        Ok(Err(format!("not merged into {}", names.join(" or "))))
    }
}

/// Minutes in the largest unit that leaves a whole number.
fn spoken(minutes: u64) -> String {
    match minutes {
        minutes if minutes > 0 && minutes % 1440 == 0 => format!("{}d", minutes / 1440),
        minutes if minutes > 0 && minutes % 60 == 0 => format!("{}h", minutes / 60),
        0 => "a minute".to_owned(),
        minutes => format!("{minutes}m"),
    }
}
