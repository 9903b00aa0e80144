//! A removal undone: files with their uncommitted changes, index, branch, ports and env.

use std::fs;
use std::net::TcpListener;

use crate::support::{Sandbox, git};

#[test]
fn everything_comes_back() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, "committed.txt", "1\n");
    let tip = sandbox.commit(&folder, "work");
    git::write(&folder, "README.md", "changed\n");
    git::write(&folder, "staged.txt", "staged\n");
    sandbox.git(&folder, &["add", "staged.txt"]);
    git::write(&folder, "staged.txt", "changed again\n");
    git::write(&folder, "new.txt", "untracked\n");
    let status = sandbox.status(&folder);
    let env = fs::read_to_string(folder.join(".env")).unwrap();
    sandbox.wt(&["remove", "feature-login", "--force", "--delete-branch"]).ok();
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/login"));
    sandbox.git(&sandbox.repo(), &["reflog", "expire", "--expire=now", "--all"]);
    sandbox.git(&sandbox.repo(), &["gc", "-q", "--prune=now"]);

    let answer = sandbox.json(&["restore", "feature-login"]);
    assert_eq!(answer["worktree"]["name"], "feature-login");
    assert_eq!(answer["worktree"]["ports"][0]["port"], sandbox.port(0));
    assert_eq!(sandbox.status(&folder), status);
    assert_eq!(sandbox.git(&folder, &["rev-parse", "feature/login"]), tip);
    assert_eq!(sandbox.git(&folder, &["branch", "--show-current"]), "feature/login");
    assert_eq!(sandbox.git(&folder, &["show", ":staged.txt"]), "staged");
    assert_eq!(fs::read_to_string(folder.join("staged.txt")).unwrap(), "changed again\n");
    assert_eq!(fs::read_to_string(folder.join("new.txt")).unwrap(), "untracked\n");
    assert_eq!(fs::read_to_string(folder.join(".env")).unwrap(), env);
    assert_eq!(sandbox.living()[0]["state"], "active");
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn without_a_name_it_lists_what_can_come_back() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    sandbox.wt(&["create", "two"]).ok();
    sandbox.wt(&["remove", "feature-one"]).ok();
    let run = sandbox.wt(&["restore"]).ok().answers(&["feature-one"]);
    assert!(!run.stdout.contains("feature-two"), "{}", run.shown());
    assert!(sandbox.json(&["restore"]).to_string().contains("feature-one"));
}

#[test]
fn a_port_that_somebody_else_got_is_replaced_and_the_env_follows() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["remove", "feature-one"]).ok();
    sandbox.wt(&["create", "two"]).ok();
    let taken = sandbox.port(0).to_string();
    sandbox
        .wt(&["ports", "allocate", "--worktree", "feature-two", "--service", "web", "--port", &taken])
        .ok();
    let answer = sandbox.json(&["restore", "feature-one"]);
    let port = answer["worktree"]["ports"][0]["port"].as_u64();
    assert_ne!(port, Some(u64::from(sandbox.port(0))), "one port, two owners");
    let env = fs::read_to_string(sandbox.worktree("feature-one").join(".env")).unwrap();
    if let Some(port) = port {
        assert!(env.contains(&format!("PORT={port}")), "{env}");
    }
    assert!(!env.contains(&format!("PORT={}\n", sandbox.port(0))), "{env}");
}

#[test]
fn a_port_that_a_stranger_holds_is_not_given_back() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["remove", "feature-one"]).ok();
    let _stranger = TcpListener::bind(("127.0.0.1", sandbox.port(0))).unwrap();
    let answer = sandbox.json(&["restore", "feature-one"]);
    assert_ne!(answer["worktree"]["ports"][0]["port"], sandbox.port(0));
}

#[test]
fn a_link_in_the_place_of_what_was_removed_is_not_restored_and_nothing_is_lost() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    git::write(&sandbox.worktree("feature-one"), "new.txt", "untracked\n");
    sandbox.wt(&["remove", "feature-one", "--force"]).ok();
    let registry = sandbox.registry();
    let kept = std::path::PathBuf::from(registry["worktrees"][0]["trash"]["folder"].as_str().unwrap());
    let elsewhere = sandbox.path("elsewhere");
    fs::rename(&kept, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &kept).unwrap();
    let error = sandbox.refused(&["restore", "feature-one"], "not_found");
    assert!(error["message"].as_str().unwrap().contains(kept.to_str().unwrap()), "{error}");
    assert!(kept.is_symlink() && !sandbox.worktree("feature-one").is_symlink());
    assert_eq!(sandbox.registry()["worktrees"], registry["worktrees"]);
    fs::remove_file(&kept).unwrap();
    fs::rename(&elsewhere, &kept).unwrap();
    sandbox.wt(&["restore", "feature-one"]).ok();
    let back = fs::read_to_string(sandbox.worktree("feature-one").join("new.txt")).unwrap();
    assert_eq!(back, "untracked\n");
}

#[test]
fn a_name_that_was_never_removed_is_not_found() {
    let sandbox = Sandbox::new();
    sandbox.refused(&["restore", "nobody"], "not_found");
}

#[test]
fn a_place_that_is_taken_meanwhile_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    sandbox.wt(&["remove", "feature-one"]).ok();
    git::write(&sandbox.worktree("feature-one"), "mine.txt", "mine\n");
    sandbox.refused(&["restore", "feature-one"], "path_not_empty");
}

#[test]
fn a_branch_that_is_checked_out_elsewhere_meanwhile_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    sandbox.wt(&["remove", "feature-one"]).ok();
    let elsewhere = sandbox.path("elsewhere");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", elsewhere.to_str().unwrap(), "feature/one"]);
    sandbox.refused(&["restore", "feature-one"], "branch_checked_out");
}

#[test]
fn a_branch_that_moved_on_meanwhile_is_not_moved_back() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    sandbox.wt(&["remove", "feature-one"]).ok();
    let tip = sandbox.commit(&sandbox.repo(), "main moves");
    sandbox.git(&sandbox.repo(), &["branch", "-f", "feature/one", "main"]);
    let run = sandbox.wt(&["restore", "feature-one"]);
    assert_eq!(sandbox.git(&sandbox.repo(), &["rev-parse", "feature/one"]), tip, "{}", run.shown());
}

#[test]
fn a_detached_worktree_comes_back_with_its_commits() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "look", "--detach"]).ok();
    let folder = sandbox.worktree("feature-look");
    let tip = sandbox.commit(&folder, "adrift");
    sandbox.wt(&["remove", "feature-look", "--force"]).ok();
    sandbox.git(&sandbox.repo(), &["reflog", "expire", "--expire=now", "--all"]);
    sandbox.git(&sandbox.repo(), &["gc", "-q", "--prune=now"]);
    sandbox.wt(&["restore", "feature-look"]).ok();
    assert_eq!(sandbox.git(&folder, &["rev-parse", "HEAD"]), tip);
}

#[test]
fn a_lock_comes_back_too() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--lock=mine"]).ok();
    sandbox.wt(&["remove", "feature-one", "--force", "--force"]).ok();
    sandbox.wt(&["restore", "feature-one"]).ok();
    assert!(sandbox.git(&sandbox.repo(), &["worktree", "list", "--porcelain"]).contains("locked mine"));
}

#[test]
fn of_two_of_one_name_the_last_comes_back() {
    let sandbox = Sandbox::new();
    for text in ["first\n", "second\n"] {
        sandbox.wt(&["create", "one"]).ok();
        git::write(&sandbox.worktree("feature-one"), "note.txt", text);
        sandbox.wt(&["remove", "feature-one", "--force"]).ok();
    }
    sandbox.wt(&["restore", "feature-one"]).ok();
    let note = fs::read_to_string(sandbox.worktree("feature-one").join("note.txt")).unwrap();
    assert_eq!(note, "second\n");
}

#[test]
fn trash_that_is_not_to_be_kept_goes() {
    let sandbox = Sandbox::new();
    sandbox.configure("[trash]\nkeep = \"0s\"\n");
    sandbox.wt(&["create", "one"]).ok();
    sandbox.wt(&["remove", "feature-one"]).ok();
    crate::support::wait::until("the clean-up", || {
        sandbox.wt(&["list"]).ok();
        let trash = sandbox.path("proj.worktrees/.wt-trash");
        let left = fs::read_dir(trash).map_or(0, |entries| {
            entries.filter(|entry| entry.as_ref().unwrap().file_name() != ".gitignore").count()
        });
        // The record goes last.
        let recorded = !sandbox.registry()["worktrees"].as_array().unwrap().is_empty();
        left == 0 && !recorded && sandbox.git(&sandbox.repo(), &["for-each-ref", "refs/wt"]).is_empty()
    });
    sandbox.refused(&["restore", "feature-one"], "not_found");
}

#[test]
fn a_lock_that_a_killed_git_left_on_our_ref_stops_no_restore() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    sandbox.wt(&["remove", "login"]).ok();
    let keep = sandbox.git(&sandbox.repo(), &["for-each-ref", "--format=%(refname)", "refs/wt/trash"]);
    fs::write(sandbox.repo().join(format!(".git/{keep}.lock")), "").unwrap();
    sandbox.wt(&["restore", "feature-login"]).ok();
    assert_eq!(sandbox.living()[0]["state"], "active");
    sandbox.wt(&["remove", "login"]).ok();
}

#[test]
fn a_restored_worktree_whose_git_name_is_taken_gets_another_and_both_work() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    sandbox.wt(&["remove", "login"]).ok();
    let other = sandbox.path("feature-login");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "other", other.to_str().unwrap()]);
    sandbox.wt(&["restore", "feature-login"]).ok();
    let folder = sandbox.worktree("feature-login");
    assert_eq!(sandbox.git(&folder, &["branch", "--show-current"]), "feature/login");
    assert_eq!(sandbox.git(&other, &["branch", "--show-current"]), "other");
    let error = sandbox.refused(&["remove", "feature-login"], "ambiguous");
    assert_eq!(error["hint"], "give its folder");
    sandbox.wt(&["remove", folder.to_str().unwrap()]).ok();
    assert_eq!(sandbox.status(&other), "");
}

#[test]
fn one_repositorys_size_limit_costs_another_one_nothing() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    sandbox.wt_in(&other, &["create", "theirs"]).ok();
    sandbox.wt_in(&other, &["remove", "feature-theirs"]).ok();
    git::write(&sandbox.repo(), ".wt.toml", "[trash]\nmax_size = 0\n");
    sandbox.wt(&["--yes", "trust"]).ok();
    for name in ["one", "two"] {
        sandbox.wt(&["create", name]).ok();
        sandbox.wt(&["remove", name]).ok();
    }
    crate::support::wait::until("the clean-up of the older one", || {
        sandbox.registry()["worktrees"].as_array().is_some_and(|all| all.len() == 2)
    });
    sandbox.wt(&["restore", "feature-two"]).ok();
    sandbox.wt_in(&other, &["restore", "feature-theirs"]).ok();
}

#[test]
fn the_older_of_two_of_one_name_comes_back_by_its_token_which_the_list_and_the_hint_name() {
    let sandbox = Sandbox::new();
    let note = sandbox.worktree("feature-one").join("note.txt");
    for text in ["older", "newer"] {
        sandbox.wt(&["create", "one"]).ok();
        fs::write(&note, text).unwrap();
        sandbox.wt(&["remove", "feature-one", "--force"]).ok();
        if text == "older" {
            let alone = sandbox.wt(&["restore"]).ok();
            assert_eq!(alone.stdout.trim_end().split('\t').count(), 5, "{}", alone.shown());
        }
    }
    let answer = sandbox.json(&["restore"]);
    let tokens: Vec<&str> =
        answer["restorable"].as_array().unwrap().iter().map(|row| row["token"].as_str().unwrap()).collect();
    let older = tokens[1];
    sandbox.wt(&["restore"]).ok().answers(&[&tokens[0][..8], &older[..8]]);
    // While the newer one is there, the hint leads to the older one and not around in a circle.
    sandbox.wt(&["restore", "feature-one"]).ok();
    let refused = sandbox.refused(&["restore", older], "worktree_exists");
    let command = format!("`wt restore {}`", &older[..8]);
    assert!(refused["hint"].as_str().unwrap().contains(&command), "{refused}");
    sandbox.wt(&["remove", "feature-one", "--force"]).ok();
    sandbox.wt(&["restore", &older[..8]]).ok();
    assert_eq!(fs::read_to_string(&note).unwrap(), "older");
    sandbox.refused(&["restore", "0000"], "not_found");
}
