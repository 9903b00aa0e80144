//! Submodules of a worktree that is removed: a clean clone whose commits are on a remote is nothing to lose.

use std::fs;
use std::path::PathBuf;

use crate::support::{Sandbox, git};

/// What somebody does in a worktree, given the clone of its submodule.
type Work = fn(&Sandbox, &PathBuf);

/// A worktree with a clone of the submodule `vendor/lib`, and the clone's folder.
fn with_clone() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    let lib = sandbox.make_repository("lib");
    sandbox.git(&sandbox.repo(), &["submodule", "--quiet", "add", lib.to_str().unwrap(), "vendor/lib"]);
    sandbox.commit(&sandbox.repo(), "submodule");
    sandbox.wt(&["create", "login", "--no-env"]).ok();
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&folder, &["submodule", "--quiet", "update", "--init"]);
    (sandbox, folder.join("vendor/lib"))
}

#[track_caller]
fn assert_refused(sandbox: &Sandbox) {
    let error = sandbox.refused(&["remove", "feature-login"], "dirty");
    let told = &error["details"]["losses"][0];
    assert_eq!(
        (&told["kind"], &told["paths"]),
        (&"submodule".into(), &serde_json::json!(["vendor/lib"])),
        "{error}"
    );
}

#[test]
fn a_clean_clone_goes_and_comes_back() {
    let (sandbox, clone) = with_clone();
    sandbox.wt(&["remove", "feature-login"]).ok();
    assert!(!clone.exists());
    sandbox.wt(&["restore", "login"]).ok();
    assert_eq!(sandbox.status(&clone), "");
    assert!(clone.join("README.md").exists());
}

#[test]
fn work_of_any_kind_in_it_stays() {
    let works: [(&str, Work); 6] = [
        ("a change", |_, clone| git::write(clone, "README.md", "mine\n")),
        ("a new file", |_, clone| git::write(clone, "new", "mine\n")),
        ("an ignored file", |sandbox, clone| {
            let exclude =
                sandbox.git(clone, &["rev-parse", "--path-format=absolute", "--git-path", "info/exclude"]);
            fs::create_dir_all(PathBuf::from(&exclude).parent().unwrap()).unwrap();
            fs::write(exclude, "data.sqlite\n").unwrap();
            git::write(clone, "data.sqlite", "mine\n");
        }),
        ("a commit", |sandbox, clone| {
            sandbox.git(clone, &["switch", "-q", "-c", "topic"]);
            git::write(clone, "new", "mine\n");
            sandbox.commit(clone, "mine");
            sandbox.git(clone, &["switch", "-q", "--detach", "origin/HEAD"]);
        }),
        ("a stash", |sandbox, clone| {
            git::write(clone, "README.md", "mine\n");
            sandbox.git(clone, &["stash", "-q"]);
        }),
        ("a hidden change", |sandbox, clone| {
            sandbox.git(clone, &["update-index", "--skip-worktree", "README.md"]);
            git::write(clone, "README.md", "mine\n");
        }),
    ];
    for (what, work) in works {
        let (sandbox, clone) = with_clone();
        work(&sandbox, &clone);
        eprintln!("{what}");
        assert_refused(&sandbox);
    }
}

#[test]
fn a_clone_that_has_its_repository_in_itself_counts_as_well() {
    let (sandbox, clone) = with_clone();
    let git_dir = sandbox.git(&clone, &["rev-parse", "--absolute-git-dir"]);
    sandbox.git(&clone, &["config", "--unset", "core.worktree"]);
    fs::remove_file(clone.join(".git")).unwrap();
    fs::rename(git_dir, clone.join(".git")).unwrap();
    sandbox.git(&clone, &["switch", "-q", "-c", "topic"]);
    git::write(&clone, "new", "mine\n");
    sandbox.commit(&clone, "mine");
    sandbox.git(&clone, &["switch", "-q", "--detach", "origin/HEAD"]);
    assert_refused(&sandbox);
}
