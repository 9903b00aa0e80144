//! Where a carried link may lead: two worktrees never share a file through one.

use std::path::{Component, Path, PathBuf};

use super::left_out::LeftOutReason;
use crate::model::plain_path::without_dots;

/// What becomes of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkVerdict {
    /// It is copied as it is.
    Keep,
    /// It led to a path of the source, and leads to the same path of the copy once that is carried: relative to both.
    IntoSource(PathBuf),
    LeaveOut(LeftOutReason),
}

/// Judges a link that lies at `at`, relative to the worktree `source`, and says `target`. `real` is where it ends, every link
/// followed, as far as that is there; `others` are the folders of other worktrees.
#[must_use]
pub fn judge(
    at: &Path,
    target: &Path,
    real: Option<&Path>,
    source: &Path,
    others: &[PathBuf],
) -> LinkVerdict {
    if target.is_relative() {
        let folder = at.parent().unwrap_or(Path::new(""));
        return if stays_inside(folder, target) {
            LinkVerdict::Keep
        } else {
            LinkVerdict::LeaveOut(LeftOutReason::Outside)
        };
    }
    let target = without_dots(target);
    // A worktree may lie inside of another one.
    let is_in = |place: &Path| others.iter().any(|other| place.starts_with(other));
    if is_in(&target) || real.is_some_and(is_in) {
        return LinkVerdict::LeaveOut(LeftOutReason::Worktree);
    }
    if let Ok(inner) = target.strip_prefix(source) {
        return LinkVerdict::IntoSource(inner.to_path_buf());
    }
    if real.is_some_and(|real| real.starts_with(source)) {
        return LinkVerdict::LeaveOut(LeftOutReason::Outside);
    }
    LinkVerdict::Keep
}

/// Answers whether a relative target never climbs out of the worktree on its way. It climbs first and then goes down: a name
/// before `..` may be a link, and the way up from there leads elsewhere than it reads.
fn stays_inside(folder: &Path, target: &Path) -> bool {
    let mut depth = folder.components().count();
    let mut goes_down = false;
    for component in target.components() {
        match component {
            Component::ParentDir if depth == 0 || goes_down => return false,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => goes_down = true,
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside_lead_outside_of_all_or_are_left_out() {
        let others = [PathBuf::from("/m/.claude/worktrees/x"), PathBuf::from("/w/y")];
        let judge = |at: &str, target: &str, real: Option<&str>| {
            judge(Path::new(at), Path::new(target), real.map(Path::new), Path::new("/m"), &others)
        };
        let left = LinkVerdict::LeaveOut;
        for (at, target, real, expected) in [
            ("a/b", "c", None, LinkVerdict::Keep),
            ("a/b", "../c", None, LinkVerdict::Keep),
            ("a/b", "../../c", None, left(LeftOutReason::Outside)),
            ("b", "..", None, left(LeftOutReason::Outside)),
            ("a/b/c", "../../d", None, LinkVerdict::Keep),
            ("a/b", "sub/../c", Some("/m/a/c"), left(LeftOutReason::Outside)),
            ("a/b", "../../m/a/c", None, left(LeftOutReason::Outside)),
            (".venv/bin/python", "/usr/bin/python3", Some("/usr/bin/python3.11"), LinkVerdict::Keep),
            ("b", "/home/me", None, LinkVerdict::Keep),
            ("b", "/m/node_modules", None, LinkVerdict::IntoSource("node_modules".into())),
            ("b", "/m/x/../y", None, LinkVerdict::IntoSource("y".into())),
            ("b", "/m/.claude/worktrees/x/y", None, left(LeftOutReason::Worktree)),
            ("b", "/w/y", None, left(LeftOutReason::Worktree)),
            ("b", "/other/way", Some("/w/y/z"), left(LeftOutReason::Worktree)),
            ("b", "/other/way", Some("/m/z"), left(LeftOutReason::Outside)),
            ("b", "/mm", None, LinkVerdict::Keep),
        ] {
            assert_eq!(judge(at, target, real), expected, "{at} -> {target}");
        }
    }
}
