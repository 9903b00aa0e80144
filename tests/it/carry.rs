//! Carrying ignored files of the main worktree into a new one.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use crate::kill;
use crate::support::git::write;
use crate::support::{Sandbox, skip, strace};

#[test]
fn a_create_carries_what_the_lists_name_and_says_what_it_leaves_out() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.configure("[carry]\ncopy = [\"/mine\"]\nmax_bytes = \"1KiB\"\n");
    write(&repo, ".gitignore", ".env*\n/cache/\n/mine\n/big\n/loose\n/in\n/home\n.claude/\n*.pipe\n");
    write(&repo, ".worktreeinclude", ".env*\r\n**/secret.json\n[a-\n/big\nhome\n/in\n*.pipe\n../up\n.venv\n");
    sandbox.commit(&repo, "lists");
    write(&repo, ".env", "KEY=1\n");
    write(&repo, "apps/web/.env.local", "WEB=1\n");
    write(&repo, "cache/deep/secret.json", "{}");
    write(&repo, "cache/deep/other", "x");
    write(&repo, "mine", "m");
    write(&repo, "loose", "not named");
    write(&repo, "big", &"b".repeat(2000));
    write(&repo, ".venv/.gitignore", "*\n");
    write(&repo, ".venv/bin/tool", "#!/bin/sh\n");
    write(&repo, ".claude/worktrees/x/.env", "OTHER=1\n");
    symlink(sandbox.path("home"), repo.join("home")).unwrap();
    symlink(repo.join("loose"), repo.join("in")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        repo.join("a.pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    fs::set_permissions(repo.join(".venv/bin/tool"), fs::Permissions::from_mode(0o775)).unwrap();
    write(&repo, ".claude/worktrees/x/.git", "gitdir: nowhere\n");

    let report = sandbox.json(&["create", "login", "--ports"]);
    let carried = &report["carried"];
    let folder = sandbox.worktree("feature-login");
    let read = |path: &str| fs::read_to_string(folder.join(path)).unwrap();
    assert!(read(".env").starts_with("KEY=1\n"), "{}", read(".env"));
    assert_eq!(read("apps/web/.env.local"), "WEB=1\n");
    assert_eq!(read("cache/deep/secret.json"), "{}");
    assert_eq!(read("mine"), "m");
    assert_eq!(fs::read_link(folder.join("home")).unwrap(), sandbox.path("home"));
    for absent in ["cache/deep/other", "loose", "big", "in", "a.pipe", ".claude"] {
        assert!(folder.join(absent).symlink_metadata().is_err(), "{absent}");
    }
    let facts = |path: std::path::PathBuf| {
        let found = path.metadata().unwrap();
        (found.mode(), found.mtime(), found.mtime_nsec())
    };
    assert_eq!(facts(folder.join(".venv/bin/tool")), facts(repo.join(".venv/bin/tool")));
    let left = carried["left_out"].as_array().unwrap();
    let reason = |path: &str| left.iter().find(|row| row["path"] == path).map(|row| row["reason"].clone());
    assert_eq!(reason("big"), Some("too_large".into()), "{carried}");
    assert_eq!(reason("in"), Some("outside".into()), "{carried}");
    assert_eq!(carried["files"], 7, "{carried}");
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains(".worktreeinclude:3") && warnings.contains(".worktreeinclude:8"), "{warnings}");
    assert_eq!(sandbox.status(&folder), "");
    // Copies that are as they were made are no loss; one that was changed is.
    write(&folder, "mine", "changed");
    let refused = sandbox.wt(&["remove", "feature-login"]);
    assert!(refused.status == 1 && refused.stderr.contains("mine") && !refused.stderr.contains(".venv"));
    write(&folder, "mine", "m");
    sandbox.wt(&["remove", "feature-login"]).ok();
    let plain = sandbox.json(&["create", "plain", "--no-carry"]);
    assert!(plain.get("carried").is_none() && !sandbox.worktree("feature-plain").join("mine").exists());
    sandbox.refused(&["create", "other", "--carry-from", "nobody"], "not_found");
}

#[test]
fn what_the_new_branch_does_not_ignore_or_tracks_is_left_out() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    write(&repo, "theirs", "of the branch");
    sandbox.git(&repo, &["checkout", "-q", "-b", "other"]);
    write(&repo, ".worktreeinclude", "*\n");
    sandbox.commit(&repo, "a branch that names everything");
    sandbox.git(&repo, &["checkout", "-q", "main"]);
    write(&repo, ".gitignore", "secret\ntheirs\nloose\n");
    write(&repo, ".worktreeinclude", "secret\ntheirs\n");
    sandbox.git(&repo, &["add", ".gitignore", ".worktreeinclude"]);
    sandbox.git(&repo, &["commit", "-qm", "ignored here"]);
    write(&repo, "secret", "s");
    write(&repo, "theirs", "mine");
    write(&repo, "loose", "l");
    let report = sandbox.json(&["create", "--branch", "other"]);
    let left = report["carried"]["left_out"].as_array().unwrap();
    let rows: Vec<_> = left.iter().map(|row| (row["path"].as_str(), row["reason"].as_str())).collect();
    assert_eq!(rows, [(Some("secret"), Some("not_ignored")), (Some("theirs"), Some("tracked"))], "{report}");
    let folder = std::path::PathBuf::from(report["worktree"]["path"].as_str().unwrap());
    assert!(!folder.join("secret").exists() && !folder.join("loose").exists());
    assert_eq!(fs::read_to_string(folder.join("theirs")).unwrap(), "of the branch");
}

#[test]
fn an_env_file_of_a_sibling_loses_its_block_and_its_own_lines_stay() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    write(&repo, ".gitignore", ".env\nconf/dev.vars\nlinks/\n");
    write(&repo, ".worktreeinclude", ".env\nconf/dev.vars\nlinks/\n");
    write(&repo, ".wt.toml", "[env]\nfile = \"./conf//dev.vars\"\n");
    write(&repo, "conf/kept", "");
    sandbox.commit(&repo, "lists");
    write(&repo, "conf/dev.vars", "KEY=main\n");
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let one = sandbox.worktree("feature-one");
    assert!(fs::read_to_string(one.join("conf/dev.vars")).unwrap().contains("PORT="));
    fs::write(one.join("conf/dev.vars"), fs::read_to_string(one.join("conf/dev.vars")).unwrap() + "MINE=1\n")
        .unwrap();
    fs::create_dir(one.join("links")).unwrap();
    write(&one, "links/file", "f");
    symlink(one.join("links/file"), one.join("links/to")).unwrap();
    let report = sandbox.json(&["create", "two", "--carry-from", "one", "--no-env"]);
    let two = sandbox.worktree("feature-two");
    assert_eq!(fs::read_to_string(two.join("conf/dev.vars")).unwrap(), "KEY=main\nMINE=1\n", "{report}");
    assert_eq!(fs::read_link(two.join("links/to")).unwrap(), two.join("links/file"), "two share no file");
    assert_eq!(report["carried"]["left_out"], serde_json::json!([]), "{report}");
    sandbox.wt(&["remove", "two"]).ok();
}

#[test]
fn no_copy_is_left_for_the_next_add_when_what_ignored_it_stays_behind_or_goes() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    write(&repo, ".worktreeinclude", "data/\n.env\n");
    sandbox.commit(&repo, "lists");
    // Ignored by a line that the branch has not, and by a file that ignores all but itself.
    write(&repo, ".git/info/exclude", "data/\n");
    write(&repo, "data/.gitignore", "*\n!.gitignore\n");
    write(&repo, "data/key", "secret");
    write(&repo, ".env", "SECRET=1\n");
    sandbox.wt(&["create", "one"]).ok();
    sandbox.wt(&["create", "two", "--no-env"]).ok();
    let two = sandbox.worktree("feature-two");
    assert_eq!(fs::read_to_string(two.join(".env")).unwrap(), "SECRET=1\n");
    fs::write(
        repo.join(".git/info/exclude"),
        fs::read_to_string(repo.join(".git/info/exclude")).unwrap().replace("data/\n", ""),
    )
    .unwrap();
    let report = sandbox.json(&["create", "three", "--no-env"]);
    let three = sandbox.worktree("feature-three");
    assert!(!three.join("data").exists(), "{report}");
    sandbox.wt(&["remove", "one", "--force"]).ok();
    for folder in [&two, &three] {
        let status = sandbox.git(folder, &["status", "--porcelain", "-uall"]);
        assert!(!status.contains(".env"), "{}: {status}", folder.display());
    }
    assert_eq!(sandbox.git(&three, &["status", "--porcelain", "-uall"]), "");
}

#[test]
fn a_create_killed_while_it_carries_is_undone_or_whole() {
    let sandbox = kill::with_bystander();
    let repo = sandbox.repo();
    if !strace::has_strace(&repo) {
        return skip("strace is not installed or may not trace here");
    }
    write(&repo, ".gitignore", "/data/\n/.secret\n.env\n");
    write(&repo, ".worktreeinclude", "/data/\n/.secret\n");
    sandbox.commit(&repo, "lists");
    write(&repo, ".secret", "s");
    for number in 0..6 {
        write(&repo, &format!("data/{number}/file"), "x");
    }
    let mut deaths = 0;
    for call in ["utimensat", "renameat2", "rename", "fchmod", "mkdir"] {
        let mut number = 1;
        while strace::killed_at(&sandbox, &["create", "login", "--ports"], call, number) {
            deaths += 1;
            kill::assert_all_or_nothing(&sandbox, &format!("killed at {call} {number}"));
            let folder = sandbox.worktree("feature-login");
            let has = |path: &str| folder.join(path).exists();
            assert!(
                !folder.exists() || (has(".secret") && has("data/0/file") && has("data/5/file")),
                "{call} {number}"
            );
            kill::start_afresh(&sandbox);
            number += 1 + number / 4;
        }
        kill::start_afresh(&sandbox);
    }
    assert!(deaths > 8, "only {deaths} kills were made");
    assert_eq!(fs::read_to_string(repo.join("data/0/file")).unwrap(), "x");
}
