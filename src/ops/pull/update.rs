//! Moves the worktree of a pull request forward to its new head where nothing of one's own is in the way. Never a merge, a
//! rebase or a reset.

use super::fetched::Fetched;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::{git, wt};
use crate::model::counted::counted;
use crate::model::foreign::{ForeignMark, Pull};
use crate::model::registry::entry::Entry;
use crate::ops::create::{BranchPlan, Reused};
use crate::ops::env_files::follow;
use crate::ops::rows::WorktreeRow;
use crate::ops::{env, foreign, view};

/// Moves it forward.
///
/// # Errors
///
/// `dirty` for changes, `unpushed` for commits of one's own: nothing is touched then.
pub(super) fn forward(
    context: &Context,
    repository: &Repository,
    row: &WorktreeRow,
    entry: &Entry,
    fetched: &Fetched,
) -> Result<Reused> {
    let old = foreign::of_entry(repository, entry).mark.unwrap_or_default();
    let before = row.worktree.as_ref().and_then(|worktree| worktree.commit.clone()).unwrap_or_default();
    let head = &fetched.pull.head;
    if before != *head && fetched.is_foreign && !old.foreign {
        require_own_branch(repository, row, entry, fetched)?;
    }
    let mut warnings = Vec::new();
    let is_updated =
        before != *head && may_move(context, repository, entry, &old, &before, head, &mut warnings)?;
    let is_there = is_updated || before == *head;
    let mut entry = entry.clone();
    if is_there {
        // Before the new files are there: they are nobody's whom one knows until that is proven.
        entry = foreign::write(context, repository, &entry, &mark(&old, fetched))?;
    }
    if is_updated {
        let interrupt = &context.host.interrupt;
        repository.fast_forward(&entry.path, head, &|| interrupt.is_raised())?;
        if entry.env {
            match follow(context, repository, &entry) {
                Ok(written) => warnings.extend(written.warnings),
                Err(failure) => warnings.push(format!("the env block does not follow: {failure}")),
            }
        }
    }
    let worktree = view::of_entry(context, repository, &entry)?;
    let branch = match &worktree.branch {
        Some(name) => BranchPlan::Existing { name: name.clone() },
        None => BranchPlan::Detached,
    };
    let variables = env::variables_of(context, repository, &entry)?;
    Ok(Reused {
        worktree,
        created: false,
        updated: Some(is_updated),
        branch,
        variables,
        warnings,
        said: Vec::new(),
    })
}

/// A branch that follows another one than the pull request is not moved to a stranger's commits: a plain push would publish
/// them there.
fn require_own_branch(
    repository: &Repository,
    row: &WorktreeRow,
    entry: &Entry,
    fetched: &Fetched,
) -> Result<()> {
    let Some(branch) = row.branch() else { return Ok(()) };
    if repository.followed(branch).merge.as_deref() == Some(fetched.pull.reference.as_str()) {
        return Ok(());
    }
    let message = format!(
        "the pull request has commits of which nothing proves whose they are, and `{branch}` follows a branch of its own: \
         it is not moved to them"
    );
    let remove = wt("remove {}", &[&entry.name]);
    Err(Failure::new(Code::Untrusted, message).hint(format!(
        "look at them in a worktree of their own: `{remove}`, then create it again with `--branch NAME`"
    )))
}

/// What is written down from now on. What was proven of the same commit once stays proven.
fn mark(old: &ForeignMark, fetched: &Fetched) -> ForeignMark {
    let known = old.pull.clone().unwrap_or_default();
    let is_same = known.head == fetched.pull.head;
    let new = fetched.pull.clone();
    ForeignMark {
        foreign: fetched.is_foreign && (!is_same || old.foreign),
        pull: Some(Pull {
            url: new.url.or(known.url),
            head_branch: new.head_branch.or(known.head_branch),
            title: new.title.or(known.title),
            author: new.author.or(known.author),
            ..new
        }),
        ..old.clone()
    }
}

/// Answers whether it can move forward; false where the head was moved away from what is checked out, which is said.
fn may_move(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    old: &ForeignMark,
    before: &str,
    head: &str,
    warnings: &mut Vec<String>,
) -> Result<bool> {
    let place = entry.path.display();
    let short: String = head.chars().take(12).collect();
    let interrupt = &context.host.interrupt;
    if let Some(doing) = repository.find_operation(&entry.admin) {
        let message = format!("`{}` is in the middle of a {doing}: it stays where it is", entry.name);
        return Err(Failure::new(Code::Dirty, message).hint("end that first, then run the command again"));
    }
    let changes = repository.changes_unless(&entry.path, false, &|| interrupt.is_raised())?;
    if !changes.is_clean() {
        let files = counted(changes.count(), "changed file");
        let message = format!("`{}` has {files}, so it does not move to {short}", entry.name);
        let merge = git("merge --ff-only {}", &[&head]).at(place);
        return Err(Failure::new(Code::Dirty, message).hint(format!("commit or stash them; or `{merge}`")));
    }
    if repository.is_ancestor(before, head)? {
        return Ok(true);
    }
    let known = old.pull.as_ref().map(|pull| pull.head.as_str());
    let is_own = match known {
        Some(known) => !repository.is_ancestor(before, known)?,
        None => true,
    };
    if is_own {
        let message = format!(
            "`{}` has commits that the pull request has not, so it does not move to {short}",
            entry.name
        );
        let rebase = git("rebase {}", &[&head]).at(place);
        return Err(
            Failure::new(Code::Unpushed, message).hint(format!("push them, or lay them on top: `{rebase}`"))
        );
    }
    let reset = git("reset --keep {}", &[&head]).at(place);
    warnings.push(format!(
        "the pull request was pushed anew from somewhere else ({short}), and `{}` stays where it is: `{reset}` goes there",
        entry.name
    ));
    Ok(false)
}
