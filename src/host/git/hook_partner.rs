//! Which tool keeps a project's hooks, and whether its hooks call `wt`: by its files, which are read and never run.

use std::path::Path;

use super::hook_files::{found, legacy, plain_text, runnable_text};
use crate::model::hooks::partner::{Partner, TRACES};
use crate::model::hooks::text::GitHook;

/// Tells who keeps the hooks in `folder`, of a project whose files lie in `root`.
#[must_use]
pub fn find_partner(root: &Path, folder: &Path) -> Option<Partner> {
    if folder.components().any(|part| part.as_os_str() == ".husky") {
        return Some(Partner::Husky);
    }
    let in_hooks = GitHook::ALL.iter().find_map(|hook| {
        let texts =
            [hook.name().to_owned(), hook.chained_name()].map(|name| runnable_text(&folder.join(name)));
        texts.iter().flatten().find_map(|text| Partner::find_in(text))
    });
    let in_root = || TRACES.iter().find(|(name, _)| root.join(name).exists()).map(|(_, partner)| *partner);
    in_hooks.or_else(in_root)
}

/// Tells through whom the hook at `file`, which is not ours, calls `wt` in `worktree`.
#[must_use]
pub fn find_caller(hook: GitHook, file: &Path, worktree: &Path) -> Option<Partner> {
    let text = runnable_text(file)?;
    let folder = file.parent()?;
    let partner = find_partner(worktree, folder).unwrap_or(Partner::Unknown);
    let calls = |path: &Path| plain_text(path).is_some_and(|text| hook.is_called_in(&text));
    let by_partner = match partner {
        // husky's own `_/NAME` runs `NAME` one folder up.
        Partner::Husky => folder.parent().is_some_and(|above| calls(&above.join(hook.name()))),
        // pre-commit runs the hook that it found when it was installed.
        Partner::PreCommit => {
            let legacy = legacy(folder, hook);
            (found(&legacy, hook).is_ours() && runnable_text(&legacy).is_some())
                || in_traces(partner, worktree, calls)
        }
        Partner::Lefthook => in_traces(partner, worktree, calls),
        Partner::Unknown => false,
    };
    (by_partner || hook.is_called_in(&text)).then_some(partner)
}

fn in_traces(partner: Partner, worktree: &Path, calls: impl Fn(&Path) -> bool) -> bool {
    TRACES.iter().any(|(name, whose)| *whose == partner && calls(&worktree.join(name)))
}
