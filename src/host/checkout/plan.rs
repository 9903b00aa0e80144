//! What a commit's tree asks for: folders to make, files and links to write, all with paths that are safe to write.

use git2::{ObjectType, Oid, Repository, Tree};

use crate::error::{Code, Failure, Result};

/// What one path becomes on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Executable,
    Link,
    /// A submodule: an empty folder.
    Gitlink,
}

impl Kind {
    /// Returns the mode in git's index.
    #[must_use]
    pub fn mode(self) -> u32 {
        match self {
            Self::File => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Link => 0o120_000,
            Self::Gitlink => 0o160_000,
        }
    }
}

/// One path of the tree.
#[derive(Clone, Debug)]
pub struct Item {
    /// Relative to the worktree, with `/`; bytes, as git has them.
    pub path: Vec<u8>,
    /// The position of its folder in [`Plan::folders`].
    pub folder: usize,
    /// Where its last component begins in `path`.
    pub name_start: usize,
    pub object: Oid,
    pub kind: Kind,
}

/// One folder of the tree.
#[derive(Clone, Debug)]
pub struct Folder {
    pub path: Vec<u8>,
}

/// A tree, flattened in git's order, so that an index built from it is sorted.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The root first, each after the one it lies in.
    pub folders: Vec<Folder>,
    pub items: Vec<Item>,
}

/// Reads the tree of `commit`.
///
/// # Errors
///
/// `git_failed` for an object that cannot be read, or a path that must never be written.
pub fn plan(repository: &Repository, commit: &str) -> Result<Plan> {
    let tree =
        Oid::from_str(commit).and_then(|id| repository.find_commit(id)).and_then(|commit| commit.tree());
    let tree = tree.map_err(|error| unreadable(commit, &error))?;
    let mut plan = Plan { folders: vec![Folder { path: Vec::new() }], items: Vec::new() };
    add(repository, &tree, 0, &mut plan)?;
    Ok(plan)
}

fn add(repository: &Repository, tree: &Tree<'_>, folder: usize, plan: &mut Plan) -> Result<()> {
    for entry in tree {
        let name = entry.name_bytes();
        let mut path = plan.folders[folder].path.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        let name_start = path.len();
        path.extend_from_slice(name);
        if !is_safe_name(name) {
            return Err(Failure::new(
                Code::GitFailed,
                format!(
                    "the tree holds `{}`, which no checkout may write",
                    String::from_utf8_lossy(&path).escape_debug()
                ),
            )
            .hint("the commit is malformed or hostile: `git fsck` says more"));
        }
        let kind = match (entry.kind(), entry.filemode_raw() & 0o170_000) {
            (Some(ObjectType::Tree), _) => {
                let inner = repository
                    .find_tree(entry.id())
                    .map_err(|error| unreadable(&entry.id().to_string(), &error))?;
                plan.folders.push(Folder { path });
                add(repository, &inner, plan.folders.len() - 1, plan)?;
                continue;
            }
            (_, 0o160_000) => Kind::Gitlink,
            (_, 0o120_000) => Kind::Link,
            _ if entry.filemode_raw() & 0o100 != 0 => Kind::Executable,
            _ => Kind::File,
        };
        plan.items.push(Item { path, folder, name_start, object: entry.id(), kind });
    }
    Ok(())
}

/// Refuses what would leave the worktree or write into git's own folder, also in the spellings that other systems fold
/// onto `.git` (git's `verify_path`, `is_ntfs_dotgit`, `is_hfs_dotgit`).
fn is_safe_name(name: &[u8]) -> bool {
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') || name.contains(&0) {
        return false;
    }
    let plain: String =
        String::from_utf8_lossy(name).chars().filter(|letter| !is_ignored_by_hfs(*letter)).collect();
    let folded = plain.to_ascii_lowercase();
    let trimmed = folded.split([':', '\\']).next().unwrap_or_default().trim_end_matches([' ', '.']);
    trimmed != ".git" && trimmed != "git~1"
}

/// The characters that HFS+ ignores in names (git's `utf8.c`).
fn is_ignored_by_hfs(letter: char) -> bool {
    matches!(letter, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

pub(super) fn unreadable(object: &str, error: &git2::Error) -> Failure {
    Failure::new(Code::GitFailed, format!("object {object} cannot be read: {}", error.message()))
        .hint("`git fsck` tells what is missing or damaged")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_write_into_git_or_leave_the_folder_is_refused() {
        for name in [
            &b".git"[..],
            b".GIT",
            b"git~1",
            b".git ",
            b".git.",
            b".git::$INDEX",
            b".g\xe2\x80\x8cit",
            b"..",
            b".",
            b"",
            b"a/b",
        ] {
            assert!(!is_safe_name(name), "{}", String::from_utf8_lossy(name));
        }
    }

    #[test]
    fn ordinary_names_are_written_whatever_their_bytes() {
        for name in
            [&b".gitignore"[..], b".github", b"a b", b"new\nline", b"\xff\xfe", b"...", b"git", b"C\\d"]
        {
            assert!(is_safe_name(name), "{}", String::from_utf8_lossy(name));
        }
    }
}
