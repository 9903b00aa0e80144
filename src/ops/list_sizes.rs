//! What the worktrees of a list take on disk, all counted at once.

use crate::context::Context;
use crate::error::Result;
use crate::host::disk::{self, CountedPlace};
use crate::host::git::Repository;
use crate::host::place::HostSurroundings;
use crate::model::view::{SizeView, WorktreeView};
use crate::ops::rows::canonical;

/// The worktrees that are to be counted, by their places in the list.
#[derive(Debug, Default)]
pub(super) struct Sizes(Vec<(usize, CountedPlace)>);

impl Sizes {
    /// Notes the worktrees of a repository; the first one will be number `first` of the list.
    pub(super) fn note(&mut self, repository: &Repository, shown: &mut [WorktreeView], first: usize) {
        for (at, worktree) in shown.iter_mut().enumerate() {
            worktree.size = Some(SizeView::default());
            if !worktree.missing {
                let path = canonical(&worktree.path);
                self.0.push((first + at, CountedPlace { ignores: repository.ignores(&path, &[]), path }));
            }
        }
    }

    /// Counts them.
    pub(super) fn count(
        self,
        context: &Context,
        worktrees: &mut [WorktreeView],
        warnings: &mut Vec<String>,
    ) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let (numbers, places): (Vec<usize>, Vec<CountedPlace>) = self.0.into_iter().unzip();
        let barred = HostSurroundings::read();
        let (interrupt, patterns) = (&context.host.interrupt, &context.config.remove.caches);
        let counted = disk::count(&places, patterns, barred.mounts(), &[], &|| interrupt.is_raised());
        interrupt.check()?;
        for (number, found) in numbers.into_iter().zip(counted) {
            let Some(found) = found else { continue };
            let worktree = &mut worktrees[number];
            worktree.size = Some(SizeView { bytes: Some(found.bytes), cache_bytes: Some(found.cache_bytes) });
            if found.is_partial {
                let name = &worktree.name;
                warnings.push(format!("{name}: some of it cannot be looked into, and is not counted"));
            }
        }
        Ok(())
    }
}
