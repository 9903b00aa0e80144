//! Whether a hooks folder is one we may write to: it must be this repository's own, and nobody else's.

use std::path::{Path, PathBuf};

/// What was seen of a hooks folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HooksFolder {
    /// Where git looks for hooks, links resolved as far as it exists.
    pub path: PathBuf,
    /// `None` when it is not there.
    pub owner: Option<FolderOwner>,
    /// Whether something that is no folder stands there (`/dev/null`).
    pub is_file: bool,
}

/// Who may write to a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderOwner {
    pub is_us: bool,
    pub is_our_group: bool,
    /// The permission bits.
    pub mode: u32,
}

/// Why a hooks folder is not written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It lies in a worktree: it belongs to the files of the project, or to a tool that makes it.
    InWorktree,
    /// It lies outside of the repository: other repositories use it.
    Outside,
    /// Others may write to it.
    Shared,
}

impl Obstacle {
    /// Returns the obstacle as the end of a sentence about the folder.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::InWorktree => "lies in the working tree",
            Self::Outside => "lies outside of this repository",
            Self::Shared => "can be written to by others",
        }
    }
}

/// Returns why the folder is not to be written to, if it is not.
#[must_use]
pub fn find_obstacle(facts: &HooksFolder, common_dir: &Path, worktrees: &[&Path]) -> Option<Obstacle> {
    if facts.is_file {
        return Some(Obstacle::Outside);
    }
    if !facts.path.starts_with(common_dir) {
        let in_worktree = worktrees.iter().any(|worktree| facts.path.starts_with(worktree));
        return Some(if in_worktree { Obstacle::InWorktree } else { Obstacle::Outside });
    }
    let owner = facts.owner?;
    // A group of one's own is what most systems give every user.
    let group_may = owner.mode & 0o020 != 0 && !owner.is_our_group;
    (!owner.is_us || owner.mode & 0o002 != 0 || group_may).then_some(Obstacle::Shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(path: &str, is_us: bool, is_our_group: bool, mode: u32) -> HooksFolder {
        let owner = Some(FolderOwner { is_us, is_our_group, mode });
        HooksFolder { path: path.into(), owner, is_file: false }
    }

    fn judged(facts: &HooksFolder) -> Option<Obstacle> {
        find_obstacle(facts, Path::new("/p/.git"), &[Path::new("/p"), Path::new("/p.worktrees/a")])
    }

    #[test]
    fn only_the_repositorys_own_folder_is_written_to() {
        assert_eq!(judged(&facts("/p/.git/hooks", true, true, 0o755)), None);
        assert_eq!(judged(&facts("/p/.husky/_", true, true, 0o755)), Some(Obstacle::InWorktree));
        assert_eq!(judged(&facts("/p.worktrees/a/.husky", true, true, 0o755)), Some(Obstacle::InWorktree));
        assert_eq!(judged(&facts("/home/a/hooks", true, true, 0o755)), Some(Obstacle::Outside));
        let nowhere = HooksFolder { path: "/dev/null".into(), owner: None, is_file: true };
        assert_eq!(judged(&nowhere), Some(Obstacle::Outside));
        let absent = HooksFolder { path: "/p/.git/hooks".into(), owner: None, is_file: false };
        assert_eq!(judged(&absent), None);
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_left_alone() {
        assert_eq!(judged(&facts("/p/.git/hooks", true, true, 0o775)), None);
        assert_eq!(judged(&facts("/p/.git/hooks", true, false, 0o775)), Some(Obstacle::Shared));
        assert_eq!(judged(&facts("/p/.git/hooks", true, true, 0o777)), Some(Obstacle::Shared));
        assert_eq!(judged(&facts("/p/.git/hooks", false, true, 0o755)), Some(Obstacle::Shared));
    }

    #[test]
    fn a_folder_that_only_its_owner_may_write_to_is_fine_whosever_its_group_is() {
        for (is_our_group, mode, is_shared) in [
            (false, 0o755, false),
            (false, 0o700, false),
            (true, 0o770, false),
            (false, 0o770, true),
            (false, 0o720, true),
            (true, 0o702, true),
        ] {
            let found = judged(&facts("/p/.git/hooks", true, is_our_group, mode));
            assert_eq!(found, is_shared.then_some(Obstacle::Shared), "{mode:o} {is_our_group}");
        }
    }

    #[test]
    fn an_obstacle_ends_a_sentence_about_the_folder() {
        assert_eq!(Obstacle::InWorktree.phrase(), "lies in the working tree");
        assert_eq!(Obstacle::Outside.phrase(), "lies outside of this repository");
        assert_eq!(Obstacle::Shared.phrase(), "can be written to by others");
    }
}
