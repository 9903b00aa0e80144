//! What a removal would lose: each kind with its words, the code it is refused with, and how much `--force` it takes.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{Code, Failure};
use crate::model::advised::{git, wt};
use crate::model::counted::counted;

/// How many paths or processes are named.
const SHOWN: usize = 5;

/// Something that a removal would lose.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Loss {
    Lock {
        reason: String,
    },
    OperationInProgress {
        operation: String,
    },
    Conflicted {
        paths: Vec<String>,
    },
    Changed {
        paths: Vec<String>,
    },
    /// Changed files that git was told not to look at (skip-worktree, assume-unchanged).
    Hidden {
        paths: Vec<String>,
    },
    Staged {
        paths: Vec<String>,
    },
    Submodule {
        paths: Vec<String>,
    },
    Untracked {
        paths: Vec<String>,
    },
    Ignored {
        paths: Vec<String>,
    },
    /// Folders that may not be looked into.
    Unreadable {
        paths: Vec<String>,
    },
    /// Commits that only this HEAD, or the branch that goes too, still names.
    Commits {
        branch: Option<String>,
        count: usize,
    },
    Stash {
        count: usize,
    },
    Processes {
        processes: Vec<Process>,
    },
    /// Services that `wt up` started.
    Services {
        services: Vec<String>,
    },
    /// The worktree's setup, which runs.
    Setup {
        command: String,
    },
}

/// A process that stands in the folder.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Process {
    pub pid: u32,
    pub command: String,
    pub folder: Option<PathBuf>,
}

impl Loss {
    /// Returns how often `--force` has to be given: a lock is somebody's word, so it takes two, as in git.
    #[must_use]
    pub fn needs_force(&self) -> u8 {
        if matches!(self, Self::Lock { .. }) { 2 } else { 1 }
    }

    /// Answers whether it is no work, but something that runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Processes { .. } | Self::Services { .. } | Self::Setup { .. })
    }

    /// Returns what is left of it when those processes go that `is_told` knows of; `None` when that is nothing.
    #[must_use]
    pub fn without_processes(mut self, is_told: impl Fn(u32) -> bool) -> Option<Self> {
        if let Self::Processes { processes } = &mut self {
            processes.retain(|process| !is_told(process.pid));
            if processes.is_empty() {
                return None;
            }
        }
        Some(self)
    }

    /// Returns the code of the refusal.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Lock { .. } => Code::Locked,
            Self::Commits { .. } => Code::Unpushed,
            _ => Code::Dirty,
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lock { reason } if reason.is_empty() => formatter.write_str("a lock"),
            Self::Lock { reason } => write!(formatter, "a lock: {reason}"),
            Self::OperationInProgress { operation } => write!(formatter, "an unfinished {operation}"),
            Self::Conflicted { paths } => listed(formatter, "in conflict", paths),
            Self::Changed { paths } => listed(formatter, "changed", paths),
            Self::Hidden { paths } => {
                listed(formatter, "changed, and hidden from git (skip-worktree, assume-unchanged)", paths)
            }
            Self::Staged { paths } => listed(formatter, "staged", paths),
            Self::Submodule { paths } => {
                listed(formatter, "submodules with changes, or commits on no remote", paths)
            }
            Self::Untracked { paths } => listed(formatter, "untracked", paths),
            Self::Ignored { paths } => listed(formatter, "ignored, and nowhere else", paths),
            Self::Unreadable { paths } => listed(formatter, "cannot be looked into", paths),
            Self::Commits { branch: Some(branch), count } => {
                write!(
                    formatter,
                    "{} only on `{branch}`, neither merged nor pushed",
                    counted(count, "commit")
                )
            }
            Self::Commits { branch: None, count } => {
                write!(formatter, "{} on no branch", counted(count, "commit"))
            }
            Self::Stash { count } => {
                write!(formatter, "{count} stash {} made here", if *count == 1 { "entry" } else { "entries" })
            }
            Self::Processes { processes } => {
                let named: Vec<String> = processes
                    .iter()
                    .map(|process| format!("{} (pid {})", process.command, process.pid))
                    .collect();
                listed(formatter, "running inside", &named)
            }
            Self::Services { services } => listed(formatter, "running services", services),
            Self::Setup { command } => write!(formatter, "its setup, which runs: {command}"),
        }
    }
}

fn listed(formatter: &mut fmt::Formatter<'_>, what: &str, items: &[String]) -> fmt::Result {
    let shown: Vec<&str> = items.iter().take(SHOWN).map(String::as_str).collect();
    write!(formatter, "{what}: {}", shown.join(", "))?;
    match items.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => write!(formatter, " (and {more} more)"),
    }
}

/// Sorts losses so that the one that takes the most to give up comes first.
pub fn sort(losses: &mut [Loss]) {
    losses.sort_by_key(|loss| std::cmp::Reverse(loss.needs_force()));
}

/// Returns the refusal to remove `name`, at `path`, and its branch with it or not, naming everything that would be lost.
#[must_use]
pub fn refusal(name: &str, path: &Path, losses: &[&Loss], with_branch: bool) -> Failure {
    let code = losses.first().map_or(Code::Dirty, |loss| loss.code());
    let lines: Vec<String> = losses.iter().map(std::string::ToString::to_string).collect();
    let force = match (losses.iter().any(|loss| loss.needs_force() > 1), with_branch) {
        (false, false) => wt("remove --force {}", &[&name]),
        (true, false) => wt("remove --force --force {}", &[&name]),
        (false, true) => wt("remove --force --delete-branch {}", &[&name]),
        (true, true) => wt("remove --force --force --delete-branch {}", &[&name]),
    };
    let has = |is: fn(&Loss) -> bool| losses.iter().any(|loss| is(loss));
    let has_services = has(|loss| matches!(loss, Loss::Services { .. }));
    let has_processes = has(|loss| matches!(loss, Loss::Processes { .. }));
    let has_setup = has(|loss| matches!(loss, Loss::Setup { .. }));
    let has_lock = has(|loss| matches!(loss, Loss::Lock { .. }));
    let has_work = has(|loss| !loss.is_running() && !matches!(loss, Loss::Lock { .. }));
    let has_hidden = has(|loss| matches!(loss, Loss::Hidden { .. }));
    let down = format!("`{down}` stops the services", down = wt("down", &[]).at(path.display()));
    let unlock = format!("`{unlock}` lifts the lock", unlock = git("worktree unlock {}", &[&path.display()]));
    let steps = [
        (has_work, "commit, push or move what you need"),
        (has_hidden, "`git ls-files -v` marks what is hidden from git by `S` or a small letter"),
        // Said where nothing else is to be done; what else there is comes with reading on.
        (has_lock && losses.len() == 1, &*unlock),
        (has_services, &*down),
        (has_processes && !has_work, "stop what runs there"),
        (has_setup, "wait until its setup is done"),
    ];
    let steps: Vec<&str> = steps.into_iter().filter(|(is_due, _)| *is_due).map(|(_, step)| step).collect();
    let first = if steps.is_empty() { "see to it first".to_owned() } else { steps.join(", ") };
    let gives_up = match (has_services, has_setup, has_work || has_lock) {
        (true, _, true) => "stops them and gives the rest up",
        (true, _, false) => "stops them too",
        (false, true, false) => "ends it",
        (false, ..) => "gives it up",
    };
    let details = serde_json::to_value(losses).unwrap_or_default();
    let message = if losses.iter().all(|loss| loss.is_running()) {
        format!("`{name}` is in use:\n{}", lines.join("\n"))
    } else {
        format!("removing `{name}` would lose\n{}", lines.join("\n"))
    };
    Failure::new(code, message).hint(format!("{first}; `{force}` {gives_up}")).detail("losses", details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_takes_force_twice_and_everything_else_once() {
        assert_eq!(Loss::Lock { reason: String::new() }.needs_force(), 2);
        assert_eq!(Loss::Stash { count: 1 }.needs_force(), 1);
    }

    #[test]
    fn a_refusal_names_everything_and_bears_the_first_ones_code() {
        let losses = [
            Loss::Commits { branch: Some("feature/x".to_owned()), count: 2 },
            Loss::Untracked { paths: (1..=7).map(|number| format!("f{number}")).collect() },
        ];
        let losses: Vec<&Loss> = losses.iter().collect();
        let with_branch = super::refusal("feature-x", Path::new("/w/x"), &losses, true);
        let hint = with_branch.next_step().unwrap_or_default();
        assert!(hint.contains("wt remove --force --delete-branch feature-x`"), "{hint}");
        let refusal = refusal("feature-x", Path::new("/w/x"), &losses, false);
        assert_eq!(refusal.code(), Code::Unpushed);
        assert!(refusal.message().contains("2 commits only on `feature/x`"), "{refusal}");
        assert!(refusal.message().contains("untracked: f1, f2, f3, f4, f5 (and 2 more)"), "{refusal}");
        assert!(refusal.next_step().is_some_and(|hint| hint.contains("wt remove --force feature-x")));
    }

    #[test]
    fn what_runs_is_no_loss_of_work_and_services_are_stopped_by_their_own_command() {
        let services = || Loss::Services { services: vec!["web".to_owned()] };
        let refusal_of =
            |losses: &[Loss]| refusal("x", Path::new("/w/x"), &losses.iter().collect::<Vec<_>>(), false);
        let said = |refusal: &Failure| refusal.next_step().unwrap_or_default().to_owned();
        let alone = refusal_of(&[services()]);
        assert_eq!(alone.message(), "`x` is in use:\nrunning services: web");
        assert_eq!(
            said(&alone),
            "`wt -C /w/x down` stops the services; `wt remove --force x` stops them too"
        );
        let mixed = refusal_of(&[Loss::Untracked { paths: vec!["f".to_owned()] }, services()]);
        assert!(mixed.message().contains("would lose\nuntracked: f\nrunning services: web"), "{mixed}");
        let steps = said(&mixed);
        assert!(steps.starts_with("commit, push or move what you need, `wt -C /w/x down` stops"), "{steps}");
        assert!(steps.ends_with("stops them and gives the rest up"), "{steps}");
        let shell = Process { pid: 7, command: "bash".to_owned(), folder: None };
        let running = refusal_of(&[Loss::Processes { processes: vec![shell.clone()] }]);
        assert_eq!(said(&running), "stop what runs there; `wt remove --force x` gives it up");
        let processes = Loss::Processes { processes: vec![shell] };
        assert!(processes.clone().without_processes(|pid| pid == 7).is_none());
        assert_eq!(processes.clone().without_processes(|pid| pid == 8), Some(processes));
    }

    fn each() -> Vec<(Loss, &'static str, Code, bool)> {
        let paths = || vec!["f".to_owned()];
        let process = Process { pid: 7, command: "bash".to_owned(), folder: None };
        vec![
            (Loss::Lock { reason: String::new() }, "a lock", Code::Locked, false),
            (Loss::Lock { reason: "mine".to_owned() }, "a lock: mine", Code::Locked, false),
            (
                Loss::OperationInProgress { operation: "rebase".to_owned() },
                "an unfinished rebase",
                Code::Dirty,
                false,
            ),
            (Loss::Conflicted { paths: paths() }, "in conflict: f", Code::Dirty, false),
            (Loss::Changed { paths: paths() }, "changed: f", Code::Dirty, false),
            (
                Loss::Hidden { paths: paths() },
                "changed, and hidden from git (skip-worktree, assume-unchanged): f",
                Code::Dirty,
                false,
            ),
            (Loss::Staged { paths: paths() }, "staged: f", Code::Dirty, false),
            (
                Loss::Submodule { paths: paths() },
                "submodules with changes, or commits on no remote: f",
                Code::Dirty,
                false,
            ),
            (Loss::Untracked { paths: paths() }, "untracked: f", Code::Dirty, false),
            (Loss::Ignored { paths: paths() }, "ignored, and nowhere else: f", Code::Dirty, false),
            (Loss::Unreadable { paths: paths() }, "cannot be looked into: f", Code::Dirty, false),
            (
                Loss::Commits { branch: Some("b".to_owned()), count: 1 },
                "1 commit only on `b`, neither merged nor pushed",
                Code::Unpushed,
                false,
            ),
            (Loss::Commits { branch: None, count: 2 }, "2 commits on no branch", Code::Unpushed, false),
            (Loss::Stash { count: 1 }, "1 stash entry made here", Code::Dirty, false),
            (Loss::Stash { count: 2 }, "2 stash entries made here", Code::Dirty, false),
            (Loss::Processes { processes: vec![process] }, "running inside: bash (pid 7)", Code::Dirty, true),
            (Loss::Services { services: paths() }, "running services: f", Code::Dirty, true),
            (Loss::Setup { command: "make".to_owned() }, "its setup, which runs: make", Code::Dirty, true),
        ]
    }

    #[test]
    fn each_loss_has_its_words_and_its_code() {
        for (loss, words, code, is_running) in each() {
            assert_eq!(
                (loss.to_string().as_str(), loss.code(), loss.is_running()),
                (words, code, is_running)
            );
            let is_lock = matches!(loss, Loss::Lock { .. });
            assert_eq!(loss.needs_force(), if is_lock { 2 } else { 1 }, "{words}");
        }
        let five: Vec<String> = (1..=5).map(|number| format!("f{number}")).collect();
        assert_eq!(Loss::Staged { paths: five }.to_string(), "staged: f1, f2, f3, f4, f5");
        let mut all: Vec<Loss> = each().into_iter().map(|(loss, ..)| loss).rev().collect();
        sort(&mut all);
        assert_eq!(all.iter().map(Loss::needs_force).collect::<Vec<_>>()[..3], [2, 2, 1]);
    }

    #[test]
    fn the_hint_of_a_refusal_says_what_is_to_be_done_and_what_force_gives_up() {
        let lock = || Loss::Lock { reason: String::new() };
        let work = || Loss::Stash { count: 1 };
        let hidden = || Loss::Hidden { paths: vec!["f".to_owned()] };
        let services = || Loss::Services { services: vec!["web".to_owned()] };
        let processes = || Loss::Processes { processes: Vec::new() };
        let setup = || Loss::Setup { command: "make".to_owned() };
        let marks = "`git ls-files -v` marks what is hidden from git by `S` or a small letter";
        let (keep, force) = ("commit, push or move what you need", "`wt remove --force x`");
        let twice = "`wt remove --force --force x`";
        let (down, wait) = ("`wt -C /w/x down` stops the services", "wait until its setup is done");
        for (losses, with_branch, expected) in [
            (vec![], false, format!("see to it first; {force} gives it up")),
            (vec![work()], false, format!("{keep}; {force} gives it up")),
            (vec![hidden()], false, format!("{keep}, {marks}; {force} gives it up")),
            (vec![lock()], false, format!("`git worktree unlock /w/x` lifts the lock; {twice} gives it up")),
            (
                vec![lock()],
                true,
                "`git worktree unlock /w/x` lifts the lock; `wt remove --force --force --delete-branch x` gives it up"
                    .to_owned(),
            ),
            (vec![lock(), work()], false, format!("{keep}; {twice} gives it up")),
            (vec![processes()], false, format!("stop what runs there; {force} gives it up")),
            (vec![processes(), work()], false, format!("{keep}; {force} gives it up")),
            (vec![setup()], false, format!("{wait}; {force} ends it")),
            (vec![setup(), work()], false, format!("{keep}, {wait}; {force} gives it up")),
            (vec![services(), setup()], false, format!("{down}, {wait}; {force} stops them too")),
            (vec![lock(), services()], false, format!("{down}; {twice} stops them and gives the rest up")),
        ] {
            let losses: Vec<&Loss> = losses.iter().collect();
            let refusal = refusal("x", Path::new("/w/x"), &losses, with_branch);
            assert_eq!(refusal.next_step(), Some(expected.as_str()), "{losses:?}");
            let in_use = losses.iter().all(|loss| loss.is_running());
            assert_eq!(refusal.message().starts_with("`x` is in use:\n"), in_use, "{losses:?}");
        }
    }
}
