//! What we tell of a worktree is what git tells, in every state that a worktree can be in; and where we tell it
//! ourselves, git is not asked.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::sandbox::{Sandbox, write};
use super::states::{CONFIGURED, STATES, chmod};
use crate::host::git::scan::{self, Rules, Trees};
use crate::host::git::status::changes_by_git;
use crate::host::git::{ChangedPaths, Repository};

/// Who tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Ourselves,
    Git,
}

fn sorted(mut changes: ChangedPaths) -> ChangedPaths {
    for paths in [&mut changes.staged, &mut changes.modified, &mut changes.untracked, &mut changes.ignored] {
        paths.sort();
    }
    changes
}

fn scanned(
    repository: &Repository,
    path: &Path,
    wants_ignored: bool,
    workers: usize,
) -> Option<ChangedPaths> {
    let rules = Rules::read(repository, None).ok()?;
    let subject = repository.subject(path, &mut std::collections::HashMap::new()).ok()?;
    scan::scan(&subject, &rules, &Trees::new(repository.common_dir()), wants_ignored, workers).ok()
}

/// Asserts that we agree with git about the worktree, and who tells.
#[track_caller]
fn agrees(what: &str, path: &Path, by: By) {
    let repository = Repository::discover(path).unwrap();
    for wants_ignored in [false, true] {
        let git = sorted(changes_by_git(path, wants_ignored, &|| false).unwrap());
        for workers in [1, 3] {
            let ours = scanned(&repository, path, wants_ignored, workers);
            let teller = if ours.is_some() { By::Ourselves } else { By::Git };
            assert_eq!(teller, by, "{what}: {git:?}");
            if let Some(ours) = ours {
                assert_eq!(sorted(ours), git, "{what}");
            }
        }
        assert_eq!(sorted(repository.changes(path, wants_ignored).unwrap()), git, "{what}");
    }
}

fn prepared() -> Sandbox {
    let sandbox = Sandbox::new();
    let main = sandbox.path("main");
    for (file, text) in [
        ("a/one", "one\n"),
        ("a/two", "two\n"),
        ("b/three", "three\n"),
        ("b/in/four", "four\n"),
        ("empty-file", ""),
        ("run.sh", "#!/bin/sh\n"),
        (".gitignore", "target/\n*.o\n"),
    ] {
        write(&main.join(file), text);
    }
    chmod(&main.join("run.sh"), 0o755);
    symlink("a/one", main.join("link")).unwrap();
    write(&main.join(".git/info/exclude"), "/private\n");
    sandbox.git(&["config", "core.excludesFile", sandbox.path("excludes").to_str().unwrap()]);
    write(&sandbox.path("excludes"), "*.tmp\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "kinds"]);
    sandbox.commit("a/two", "2\n");
    sandbox
}

#[test]
fn we_and_git_tell_the_same_of_every_state() {
    let sandbox = prepared();
    for (number, (what, make, by)) in STATES.iter().enumerate() {
        let at = sandbox.path(&format!("linked-{number}"));
        sandbox.git(&["worktree", "add", "-q", "--detach", at.to_str().unwrap()]);
        make(&sandbox, &at);
        agrees(what, &at, *by);
    }
}

#[test]
fn we_and_git_tell_the_same_however_git_is_configured() {
    for (what, make, by) in CONFIGURED {
        let sandbox = prepared();
        make(&sandbox, &sandbox.path("main"));
        agrees(what, &sandbox.path("main"), *by);
    }
}

#[test]
fn submodules_are_told_by_git_unless_nobody_cloned_them() {
    let sandbox = prepared();
    let inner = Sandbox::new();
    let main = sandbox.path("main");
    let from = inner.path("main");
    sandbox.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        from.to_str().unwrap(),
        "sub",
    ]);
    sandbox.git(&["commit", "-qm", "submodule"]);
    agrees("a submodule", &main, By::Git);
    write(&main.join("sub/file"), "changed\n");
    agrees("a dirty submodule", &main, By::Git);
    let linked = sandbox.path("linked");
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    agrees("a submodule that nobody cloned", &linked, By::Ourselves);
    fs::remove_dir(linked.join("sub")).unwrap();
    agrees("a submodule without its folder", &linked, By::Git);
}

#[test]
fn a_file_as_young_as_the_index_is_read() {
    let sandbox = prepared();
    let main = sandbox.path("main");
    let facts = fs::metadata(main.join("a/one")).unwrap();
    sandbox.git(&["config", "core.trustctime", "false"]);
    // As large and as old as before: only the index's own age tells.
    write(&main.join("a/one"), "0ne\n");
    let file = fs::File::options().write(true).open(main.join("a/one")).unwrap();
    file.set_modified(facts.modified().unwrap()).unwrap();
    let index = fs::File::options().write(true).open(main.join(".git/index")).unwrap();
    index.set_modified(facts.modified().unwrap()).unwrap();
    agrees("racy", &main, By::Ourselves);
    assert_eq!(Repository::discover(&main).unwrap().changes(&main, false).unwrap().modified, ["a/one"]);
}

#[test]
fn several_worktrees_are_told_at_once() {
    let sandbox = prepared();
    let paths: Vec<_> = (0..9).map(|number| sandbox.path(&format!("w{number}"))).collect();
    for (number, path) in paths.iter().enumerate() {
        sandbox.git(&["worktree", "add", "-q", path.to_str().unwrap()]);
        STATES[number].1(&sandbox, path);
    }
    let paths: Vec<&Path> = paths.iter().map(|path| &**path).collect();
    let repository = sandbox.repository();
    let all = repository.changes_of_all(&paths, &|| false);
    for (path, changes) in paths.iter().zip(all) {
        assert_eq!(changes.unwrap().unwrap(), repository.changes(path, false).unwrap());
    }
    assert!(repository.changes_of_all(&paths, &|| true).iter().all(Option::is_none));
}

/// Patterns and names of few letters, so that they meet.
#[test]
fn random_ignore_files_mean_what_git_says_they_mean() {
    let mut seed = 20_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let pieces = [
        "a",
        "b",
        "ab",
        "*",
        "**",
        "?",
        "/",
        "/",
        "[ab]",
        "[!a]",
        "\\a",
        "a*",
        "*b",
        "!",
        "**/",
        "/**",
        "[a-c]",
        " ",
        "[[:alpha:]]",
        "\\*",
        ".",
    ];
    let names = ["a", "b", "ab", "ba", "c", "a.b", "*", "abc"];
    let sandbox = Sandbox::new();
    for round in 0..30 {
        let main = sandbox.path(&format!("round-{round}"));
        sandbox.git(&["worktree", "add", "-q", "--detach", main.to_str().unwrap()]);
        for folder in ["", "a/", "b/", "a/b/"] {
            let lines: Vec<String> = (0..next(4))
                .map(|_| (0..=next(4)).map(|_| pieces[next(pieces.len())]).collect::<String>())
                .collect();
            write(&main.join(folder).join(".gitignore"), &(lines.join("\n") + "\n"));
        }
        write(&main.join("ab/b/tracked"), "");
        sandbox.git_in(&main, &["add", "-f", "ab/b/tracked"]);
        for _ in 0..25 {
            let depth = next(4);
            let path: Vec<&str> = (0..=depth).map(|_| names[next(names.len())]).collect();
            let path = main.join(path.join("/"));
            if path.exists() || path.ancestors().any(Path::is_file) {
                continue;
            }
            write(&path, "");
        }
        agrees(&format!("round {round} in {}", main.display()), &main, By::Ourselves);
    }
}
