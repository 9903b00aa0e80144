//! Links between repository and worktree as git of this configuration writes them, and both forms read everywhere
//! (`worktree.useRelativePaths`, git 2.48).

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Sandbox;

/// The two links of a worktree, as they are written.
fn links(sandbox: &Sandbox, name: &str) -> (String, String) {
    let read = |path: PathBuf| fs::read_to_string(path).unwrap().trim_end().to_owned();
    (
        read(sandbox.worktree(name).join(".git")),
        read(sandbox.repo().join(".git/worktrees").join(name).join("gitdir")),
    )
}

fn relative(name: &str) -> (String, String) {
    (format!("gitdir: ../../proj/.git/worktrees/{name}"), format!("../../../../proj.worktrees/{name}/.git"))
}

fn absolute(sandbox: &Sandbox, name: &str) -> (String, String) {
    let admin = sandbox.repo().join(".git/worktrees").join(name);
    (format!("gitdir: {}", admin.display()), sandbox.worktree(name).join(".git").display().to_string())
}

fn is_old(sandbox: &Sandbox) -> bool {
    let version = sandbox.git(&sandbox.repo(), &["--version"]);
    let mut numbers =
        version.trim().rsplit(' ').next().unwrap().split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < (2, 48)
}

#[test]
fn the_wish_is_followed_where_git_can_read_it_and_said_where_not() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["config", "worktree.useRelativePaths", "true"]);
    let run = sandbox.wt(&["create", "one"]).ok();
    let declared = sandbox.wt(&["create", "two"]).ok();
    let extension = fs::read_to_string(sandbox.repo().join(".git/config")).unwrap();
    if is_old(&sandbox) {
        assert_eq!(links(&sandbox, "feature-one"), absolute(&sandbox, "feature-one"));
        assert!(run.stderr.contains("worktree.useRelativePaths"), "{}", run.shown());
        assert!(
            !extension.to_lowercase().contains("relativeworktrees"),
            "an older git would refuse the repository"
        );
        sandbox.assert_sound(&sandbox.repo());
    } else {
        assert_eq!(links(&sandbox, "feature-one"), relative("feature-one"));
        assert!(extension.to_lowercase().contains("relativeworktrees"), "{extension}");
        assert!(!declared.stderr.contains("useRelativePaths"), "{}", declared.shown());
    }
}

#[test]
fn a_repository_that_has_relative_links_gets_more_of_them_unless_the_configuration_says_no() {
    let sandbox = Sandbox::new();
    // Beside format version 0 an older git passes the extension over.
    sandbox.git(&sandbox.repo(), &["config", "extensions.relativeWorktrees", "true"]);
    sandbox.wt(&["create", "one", "--ports"]).ok();
    assert_eq!(links(&sandbox, "feature-one"), relative("feature-one"));
    let worktree = sandbox.worktree("feature-one");
    assert_eq!(sandbox.status(&worktree), "");
    fs::write(worktree.join("new.txt"), "new\n").unwrap();
    sandbox.wt(&["remove", "one", "--force"]).ok();
    sandbox.wt(&["restore", "one"]).ok();
    assert_eq!(links(&sandbox, "feature-one"), relative("feature-one"));
    assert_eq!(sandbox.status(&worktree), "?? new.txt");
    sandbox.git(&sandbox.repo(), &["config", "worktree.useRelativePaths", "false"]);
    sandbox.wt(&["create", "two"]).ok();
    assert_eq!(links(&sandbox, "feature-two"), absolute(&sandbox, "feature-two"));
}

#[test]
fn links_of_both_forms_are_read() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let folder = sandbox.worktree("feature-one");
    let rewrite = |folder: &Path, name: &str| {
        let (git, gitdir) = relative(name);
        fs::write(folder.join(".git"), git + "\n").unwrap();
        fs::write(sandbox.repo().join(".git/worktrees").join(name).join("gitdir"), gitdir + "\n").unwrap();
    };
    rewrite(&folder, "feature-one");
    let list = sandbox.json(&["list"]);
    let row = &list["worktrees"][1];
    assert_eq!((row["path"].as_str(), row["missing"].as_bool()), (folder.to_str(), Some(false)), "{list}");
    for words in [&["env"][..], &["env", "--check"], &["run", "true"], &["ports", "list"], &["status"]] {
        sandbox.wt_in(&folder, words).ok();
    }
    assert!(sandbox.wt(&["validate"]).ok().stdout.starts_with("Valid"));
    // What nobody recorded is adopted; what is gone is pruned and comes back.
    sandbox.git(
        &sandbox.repo(),
        &["worktree", "add", "-q", "-b", "other", sandbox.worktree("other").to_str().unwrap()],
    );
    rewrite(&sandbox.worktree("other"), "other");
    sandbox.wt(&["adopt"]).ok();
    sandbox.wt(&["remove", "other"]).ok();
    sandbox.wt(&["restore", "other"]).ok();
    assert_eq!(sandbox.status(&sandbox.worktree("other")), "");
    sandbox.wt(&["remove", "one"]).ok();
    assert!(!folder.exists());
    sandbox.wt(&["restore", "one"]).ok();
    assert_eq!(sandbox.status(&folder), "");
}
