//! Whose a commit is that a worktree begins at: by the refs that a fetch wrote, the remotes, and what somebody allowed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;

use crate::foreign::{adopted, edit, listed, with_pull};
use crate::support::Sandbox;
use crate::support::git::write;

/// Makes a worktree and answers whether it is a stranger's; nothing is carried into one that is.
#[track_caller]
fn is_foreign(sandbox: &Sandbox, arguments: &[&str]) -> bool {
    let report = sandbox.json(&[&["create"], arguments].concat());
    let is_foreign = report["worktree"]["foreign"] == true;
    assert_eq!(report.get("carried").is_none(), is_foreign, "{report}");
    let is_said = report["warnings"].to_string().contains("stranger's commit");
    assert_eq!(is_said, is_foreign, "{report}");
    is_foreign
}

#[test]
fn a_pull_requests_commit_is_foreign_wherever_a_refspec_puts_it_and_whatever_was_moved_to_it() {
    let sandbox = with_pull();
    let repo = sandbox.repo();
    let git = |words: &[&str]| sandbox.git(&repo, words);
    let head = git(&["rev-parse", "theirs"]);
    git(&["branch", "-q", "-D", "theirs"]);
    git(&["branch", "-q", "--set-upstream-to=origin/main", "main"]);
    assert!(!is_foreign(&sandbox, &["none", "--base", &head]), "nothing says whose it is");
    git(&["config", "--add", "remote.origin.fetch", "+refs/pull/*/head:refs/pullreqs/*"]);
    git(&["fetch", "-q", "origin"]);
    assert!(is_foreign(&sandbox, &["z1", "--base", "refs/pullreqs/7"]));
    // A branch of one's own that was moved to it proves nothing.
    git(&["branch", "-q", "--track", "review", "origin/main"]);
    git(&["update-ref", "refs/heads/review", &head]);
    assert!(is_foreign(&sandbox, &["z2", "--base", &head]));
    let warned = sandbox.json(&["create", "--branch", "review"]);
    assert_eq!(warned["worktree"]["foreign"], true, "{warned}");
    // What is to be typed works where the create was.
    let words = warned["warnings"].to_string();
    let folder = warned["worktree"]["path"].as_str().unwrap();
    assert!(words.contains(&format!("wt -C {folder} trust --here")), "{words}");
    // Another one, of which nothing else tells.
    git(&["config", "--unset-all", "remote.origin.fetch", "pullreqs"]);
    let tree = git(&["rev-parse", "main^{tree}"]);
    let another = git(&["commit-tree", "-p", "main", "-m", "another stranger's", &tree]);
    git(&["push", "-q", "origin", &format!("{another}:refs/pull/9/head")]);
    git(&["config", "--add", "remote.origin.fetch", "+refs/pull/*/head:refs/heads/pr/*"]);
    git(&["fetch", "-q", "origin"]);
    assert!(is_foreign(&sandbox, &["--branch", "pr/9"]));
    // A mirror has them where they were.
    let mirror = sandbox.path("mirror.git");
    let origin = git(&["config", "remote.origin.url"]);
    git(&["clone", "-q", "--mirror", &origin, &mirror.to_string_lossy()]);
    let mirrored = |name: &str, base: &str| {
        sandbox.json_in(&mirror, &["create", name, "--base", base])["worktree"]["foreign"] == true
    };
    assert!(mirrored("m1", "refs/pull/7/head") && mirrored("m2", &head) && !mirrored("m3", "main"));
}

#[test]
fn a_branch_of_others_is_foreign_by_its_name_and_by_its_commit_and_ones_own_remotes_are_not() {
    let sandbox = with_pull();
    let repo = sandbox.repo();
    let git = |words: &[&str]| sandbox.git(&repo, words);
    git(&["branch", "-q", "-D", "theirs"]);
    git(&["branch", "-q", "--set-upstream-to=origin/main", "main"]);
    // One commit each on top of the default branch, nowhere else.
    let commit = |text: &str| {
        let tree = git(&["rev-parse", "main^{tree}"]);
        git(&["commit-tree", "-p", "main", "-m", text, &tree])
    };
    for (remote, text) in [("alice", "hers"), ("upstream", "the project's")] {
        let bare = sandbox.add_remote(&repo, remote);
        git(&["push", "-q", &bare.to_string_lossy(), &format!("{}:refs/heads/feat", commit(text))]);
        git(&["fetch", "-q", remote]);
    }
    git(&["branch", "-q", "fork", &commit("a fork's")]);
    git(&["config", "branch.fork.remote", "https://example.org/alice/x.git"]);
    git(&["config", "branch.fork.merge", "refs/heads/x"]);
    assert!(is_foreign(&sandbox, &["a1", "--base", "alice/feat"]));
    assert!(is_foreign(&sandbox, &["a2", "--base", "fork"]));
    assert!(is_foreign(&sandbox, &["--branch", "fork"]));
    assert!(is_foreign(&sandbox, &["--branch", "alice/feat"]));
    // What one pushes anywhere stays one's own, until somebody else's comes back from there.
    let backup = sandbox.add_remote(&repo, "backup");
    git(&["branch", "-q", "mine", &commit("mine")]);
    git(&["push", "-q", "-u", "backup", "mine"]);
    assert!(!is_foreign(&sandbox, &["o1", "--base", "mine"]));
    assert!(!is_foreign(&sandbox, &["o2", "--base", "backup/mine"]));
    assert!(!is_foreign(&sandbox, &["--branch", "mine"]));
    git(&["push", "-q", "backup", &format!("{}:refs/heads/there", commit("mine, there alone"))]);
    assert!(!is_foreign(&sandbox, &["--branch", "backup/there"]));
    let from_elsewhere = format!("+{}:refs/heads/there", commit("somebody's"));
    git(&["push", "-q", &backup.to_string_lossy(), &from_elsewhere]);
    git(&["fetch", "-q", "backup"]);
    assert!(is_foreign(&sandbox, &["a3", "--base", "backup/there"]));
    assert!(!is_foreign(&sandbox, &["o3", "--base", "upstream/feat"]));
    assert!(!is_foreign(&sandbox, &["o4"]));
}

#[test]
fn what_is_taken_back_is_taken_back_in_every_worktree_and_an_unfinished_create_makes_nothing_foreign() {
    let sandbox = with_pull();
    let repo = sandbox.repo();
    let head = sandbox.git(&repo, &["rev-parse", "theirs"]);
    let first = adopted(&sandbox);
    sandbox.wt_in(&first, &["trust", "--here", "--yes"]).ok();
    let copied = sandbox.json(&["create", "r2", "--base", &head, "--ports"]);
    assert_eq!(copied["worktree"]["foreign"], false, "{copied}");
    let env = PathBuf::from(copied["worktree"]["path"].as_str().unwrap()).join(".env");
    assert!(fs::read_to_string(&env).unwrap().contains("SECRET"));
    sandbox.json(&["create", "r4", "--base", &head]);
    // Its setup may be at work in the background.
    sandbox.wt(&["remove", "r4", "--force"]).ok();
    sandbox.wt_in(&first, &["trust", "--here", "--revoke"]).ok();
    assert_eq!(listed(&sandbox, copied["worktree"]["name"].as_str().unwrap())["foreign"], true);
    assert!(!fs::read_to_string(&env).unwrap().contains("SECRET"));
    assert!(is_foreign(&sandbox, &["r3", "--base", &head]));
    sandbox.wt(&["restore", "r4"]).ok();
    assert_eq!(sandbox.json(&["list"]).to_string().matches("\"foreign\":false").count(), 0);
    // A create that is not finished has no HEAD: it is not the main worktree's.
    sandbox.commit(&repo, "later");
    sandbox.git(&repo, &["branch", "-q", "-f", "elsewhere", "HEAD"]);
    sandbox.git(&repo, &["checkout", "-q", "elsewhere"]);
    sandbox.commit(&repo, "not in the default branch");
    edit(&sandbox, |entry| {
        entry.insert("admin".to_owned(), json!(""));
        entry.insert("foreign".to_owned(), json!({"foreign": true}));
    });
    assert!(!is_foreign(&sandbox, &["own", "--base", "elsewhere"]));
}

#[test]
fn a_question_that_is_interrupted_is_an_error_and_no_mark() {
    let mut sandbox = with_pull();
    let repo = sandbox.repo();
    let folder = sandbox.path("mine");
    sandbox.git(&repo, &["worktree", "add", "-q", "--detach", &folder.to_string_lossy(), "main"]);
    sandbox.commit(&folder, "mine");
    let path = std::env::var_os("PATH").unwrap();
    let real =
        std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.exists()).unwrap();
    let interrupting = format!(
        "#!/bin/sh\ncase \"$*\" in *rev-list*--first-parent*) kill -INT $PPID; exec sleep 600;; esac\nexec '{}' \"$@\"\n",
        real.display()
    );
    let bin = sandbox.path("bin");
    write(&bin, "git", &interrupting);
    fs::set_permissions(bin.join("git"), PermissionsExt::from_mode(0o755)).unwrap();
    let folders = std::iter::once(bin).chain(std::env::split_paths(&path));
    sandbox.set("PATH", std::env::join_paths(folders).unwrap());
    sandbox.wt(&["--json", "adopt", &folder.to_string_lossy()]).exits(130).error("interrupted");
    assert!(!repo.join(".git/worktrees/mine/wt-foreign").exists());
}

#[test]
fn a_server_that_serves_all_worktrees_is_not_started_for_a_strangers() {
    let sandbox = with_pull();
    let ran = sandbox.path("ran");
    let config = format!(
        "[service.queue]\nshared = true\nlistens = false\nrun = \"sh -c 'touch {}; sleep 600'\"\n\
         [service.api]\nrun = \"sleep 600\"\nlistens = false\ndepends_on = [\"queue\"]\n",
        ran.display()
    );
    fs::write(sandbox.repo().join(".wt.toml"), config).unwrap();
    sandbox.wt(&["trust", "--yes"]).ok();
    let folder = adopted(&sandbox);
    for arguments in [&["up"][..], &["up", "queue"], &["up", "--foreground", "api"], &["restart"]] {
        sandbox.wt_in(&folder, &[&["--json"], arguments].concat()).exits(1).error("untrusted");
        assert!(!ran.exists(), "{arguments:?}");
    }
}
