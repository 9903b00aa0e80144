//! Commits whose objects are not what they seem: replaced ones, and trees that nobody could have committed.

use std::process::Stdio;

use crate::support::{Sandbox, git};

/// Commits two versions of `file`; returns their names, the older one first.
fn two_versions(sandbox: &Sandbox) -> [String; 2] {
    ["1", "2"].map(|version| {
        git::write(&sandbox.repo(), "file", version);
        sandbox.commit(&sandbox.repo(), version)
    })
}

fn assert_as_git_has_it(sandbox: &Sandbox, name: &str) {
    let other = sandbox.path("by-git");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "--detach", other.to_str().unwrap()]);
    let folder = sandbox.worktree(&format!("feature-{name}"));
    let read = |folder: &std::path::Path| std::fs::read_to_string(folder.join("file")).unwrap();
    assert_eq!(read(&folder), read(&other));
    // Git reads a file again only if its index is as young as the file, or the file's time is another: it is to read both.
    for folder in [&folder, &other] {
        let file = std::fs::File::options().write(true).open(folder.join("file")).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    }
    // A file that was replaced alone is changed in git's eyes too.
    assert_eq!(sandbox.status(&folder), sandbox.status(&other));
}

#[test]
fn a_replaced_commit_and_a_replaced_file_are_what_git_takes_them_for() {
    for what in ["", ":file"] {
        for packed in [false, true] {
            let sandbox = Sandbox::new();
            let [older, newer] = two_versions(&sandbox);
            let (from, to) = (format!("{newer}{what}"), format!("{older}{what}"));
            let name = |spec: &str| sandbox.git(&sandbox.repo(), &["rev-parse", spec]);
            sandbox.git(&sandbox.repo(), &["replace", &name(&from), &name(&to)]);
            if packed {
                sandbox.git(&sandbox.repo(), &["pack-refs", "--all"]);
            }
            sandbox.git(&sandbox.repo(), &["reset", "-q", "--hard"]);
            let answer = sandbox.json(&["create", "work"]);
            assert_eq!(answer["way"]["by"], "git", "{answer}");
            assert_as_git_has_it(&sandbox, "work");
        }
    }
}

#[test]
fn where_git_is_told_to_replace_nothing_nothing_is_replaced() {
    let sandbox = Sandbox::new();
    let [older, newer] = two_versions(&sandbox);
    sandbox.git(&sandbox.repo(), &["replace", &newer, &older]);
    sandbox.git(&sandbox.repo(), &["config", "core.useReplaceRefs", "false"]);
    let answer = sandbox.json(&["create", "work"]);
    assert_eq!(answer["way"]["by"], "engine", "{answer}");
    assert_as_git_has_it(&sandbox, "work");
}

#[test]
fn a_tree_that_git_would_not_check_out_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let blob = sandbox.git(&sandbox.repo(), &["rev-parse", "HEAD:README.md"]);
    let raw: Vec<u8> =
        (0..blob.len() / 2).map(|at| u8::from_str_radix(&blob[at * 2..at * 2 + 2], 16).unwrap()).collect();
    let before = sandbox.git(&sandbox.repo(), &["for-each-ref"]);
    for name in [".GIT", "..", ".git", "git~1", "a/b"] {
        let tree = [format!("100644 {name}\0").as_bytes(), &raw].concat();
        let mut hash = sandbox.program("git", &sandbox.repo());
        hash.args(["hash-object", "-t", "tree", "-w", "--literally", "--stdin"]);
        let mut child = hash.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &tree).unwrap();
        let tree = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        let commit = sandbox.git(&sandbox.repo(), &["commit-tree", "-m", "evil", tree.trim()]);
        sandbox.wt(&["create", "evil", "--base", &commit]).exits(1);
        assert!(!sandbox.worktree("feature-evil").exists(), "{name}");
        assert_eq!(sandbox.git(&sandbox.repo(), &["for-each-ref"]), before, "{name}");
        assert_eq!(sandbox.living().len(), 0, "{name}");
        let listed = sandbox.wt(&["list"]).ok();
        assert_eq!(listed.stderr, "", "{name}: {}", listed.shown());
    }
}
