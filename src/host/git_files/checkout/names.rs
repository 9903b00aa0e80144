//! Names in a tree that must not become files: they would lead out of the worktree, or into git's own folder on some
//! file system. The rules are `verify_path` of git's `read-cache.c` under its default protections.

/// `core.protectHFS` is on by default on macOS only.
const FOLDS_UNICODE: bool = cfg!(target_os = "macos");

/// Answers whether git would refuse `name` as one part of a path; a link has a rule of its own for `.gitmodules`.
pub(super) fn is_evil(name: &[u8], is_link: bool) -> bool {
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') || name.contains(&0) {
        return true;
    }
    // On NTFS a backslash parts a path, and git refuses what would be evil there everywhere.
    name.split(|byte| *byte == b'\\').any(|part| is_git_folder(part) || (is_link && is_git_modules(part)))
        || (FOLDS_UNICODE && is_evil_unicode(name, is_link))
}

/// `.git` and its short name `git~1`, in any case, with what NTFS drops at the end.
fn is_git_folder(name: &[u8]) -> bool {
    [&b".git"[..], b"git~1"]
        .iter()
        .any(|evil| strip_prefix_any_case(name, evil).is_some_and(is_dropped_by_ntfs))
}

/// `.gitmodules` and the short names that NTFS may give it.
fn is_git_modules(name: &[u8]) -> bool {
    if strip_prefix_any_case(name, b".gitmodules").is_some_and(is_dropped_by_ntfs) {
        return true;
    }
    let Some((stem, rest)) = name.iter().position(|byte| *byte == b'~').map(|at| name.split_at(at)) else {
        return false;
    };
    let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0
        || rest[1] == b'0'
        || stem.len() + 1 + digits > 8
        || !is_dropped_by_ntfs(&rest[1 + digits..])
    {
        return false;
    }
    let is_numbered = stem.eq_ignore_ascii_case(b"gitmod") && (b'1'..=b'4').contains(&rest[1]) && digits == 1;
    // The fifth and later: a hash of the name, of which a longer number leaves less.
    let is_hashed = stem.len() >= 2 && b"gi7eba".len() >= stem.len() && {
        stem.eq_ignore_ascii_case(&b"gi7eba"[..stem.len()])
    };
    is_numbered || is_hashed
}

/// Answers whether NTFS reads nothing into `rest`: blanks and dots, or a stream's name after a colon.
fn is_dropped_by_ntfs(rest: &[u8]) -> bool {
    let end = rest.iter().position(|byte| *byte == b':').unwrap_or(rest.len());
    rest[..end].iter().all(|byte| matches!(byte, b' ' | b'.'))
}

fn strip_prefix_any_case<'a>(name: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// HFS+ passes over some characters (git's `utf8.c`, `next_hfs_char`).
fn is_evil_unicode(name: &[u8], is_link: bool) -> bool {
    let text = String::from_utf8_lossy(name);
    let kept: String = text
        .chars()
        .filter(|letter| {
            !matches!(letter,
                '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
        })
        .collect();
    kept.eq_ignore_ascii_case(".git") || (is_link && kept.eq_ignore_ascii_case(".gitmodules"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_of_the_worktree_is_evil() {
        for name in ["", ".", "..", "a/b", "/", "a\0b"] {
            assert!(is_evil(name.as_bytes(), false), "{name:?}");
        }
    }

    #[test]
    fn gits_own_folder_is_evil_in_every_spelling() {
        for name in [".git", ".GIT", ".gIt", "git~1", "GIT~1", ".git ", ".git...", ".git . .", ".git::$INDEX"]
        {
            assert!(is_evil(name.as_bytes(), false), "{name:?}");
        }
        for name in ["a\\.git", ".git\\config", "a\\git~1\\b"] {
            assert!(is_evil(name.as_bytes(), false), "{name:?}");
        }
    }

    #[test]
    fn names_that_only_look_like_it_are_not() {
        for name in [
            ".gitignore",
            ".gitx",
            "git",
            "git~2",
            "git~10",
            ".git-x",
            "...",
            "..a",
            "a\\b",
            ".gitmodules",
            "x.git",
        ] {
            assert!(!is_evil(name.as_bytes(), false), "{name:?}");
        }
    }

    #[test]
    fn a_link_named_like_gits_list_of_submodules_is_evil() {
        for name in
            [".gitmodules", ".GitModules ", "gitmod~1", "GITMOD~4", "gi7eba~1", "gi7eb~12", "gi7~1234"]
        {
            assert!(is_evil(name.as_bytes(), true), "{name:?}");
        }
        for name in [".gitignore", "gitmod~5", "gitmod~11", "gi7eba~0", "gi8eba~1", "gitmod", "gi7eba~x"] {
            assert!(!is_evil(name.as_bytes(), true), "{name:?}");
        }
    }

    #[test]
    fn characters_that_hfs_passes_over_do_not_hide_it() {
        assert!(is_evil_unicode(".g\u{200c}it".as_bytes(), false));
        assert!(is_evil_unicode(".git\u{feff}".as_bytes(), false));
        assert!(!is_evil_unicode(".gitignore".as_bytes(), false));
    }
}
