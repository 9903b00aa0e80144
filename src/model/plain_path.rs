//! A path as it reads: what `.` and `..` say is followed by letters alone, and no link is looked at.

use std::path::{Component, Path, PathBuf};

/// Takes `.` and `..` out; a `..` at the root stays there.
#[must_use]
pub fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_followed_by_letters_alone() {
        for (written, plain) in
            [("/a/./b", "/a/b"), ("/a/b/../c", "/a/c"), ("/../a", "/a"), ("./a/../b", "b"), ("../a", "a")]
        {
            assert_eq!(without_dots(Path::new(written)), Path::new(plain), "{written}");
        }
    }
}
