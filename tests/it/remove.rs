//! A removal takes back folder, record and ports, and touches nothing else.

use std::fs;
use std::net::TcpListener;

use crate::support::{Sandbox, git};

fn with_worktree() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox
}

#[test]
fn folder_admin_entry_and_ports_go_and_the_branch_stays() {
    let sandbox = with_worktree();
    sandbox.wt(&["remove", "feature-login"]).ok();
    assert!(!sandbox.worktree("feature-login").exists());
    assert_eq!(sandbox.git(&sandbox.repo(), &["worktree", "list"]).lines().count(), 1);
    assert!(sandbox.has_branch(&sandbox.repo(), "feature/login"));
    assert_eq!(sandbox.living().len(), 0);
    sandbox.assert_sound(&sandbox.repo());
    let answer = sandbox.json(&["create", "next", "--ports"]);
    assert_eq!(
        answer["worktree"]["ports"][0]["port"],
        sandbox.port(1),
        "what can be restored gets its port back"
    );
}

#[test]
fn the_worktree_may_be_named_by_branch_identifier_or_path() {
    let sandbox = Sandbox::new();
    for by in ["feature-login", "feature/login", "login", sandbox.worktree("feature-login").to_str().unwrap()]
    {
        sandbox.wt(&["create", "login"]).ok();
        sandbox.wt(&["remove", by]).ok();
        assert!(!sandbox.worktree("feature-login").exists(), "{by}");
    }
}

#[test]
fn several_can_go_at_once() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    sandbox.wt(&["create", "two"]).ok();
    sandbox.wt(&["remove", "feature-one", "feature-two"]).ok();
    assert_eq!(sandbox.living().len(), 0);
}

#[test]
fn of_several_one_that_is_refused_stops_all() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    sandbox.wt(&["create", "two"]).ok();
    git::write(&sandbox.worktree("feature-two"), "new.txt", "new\n");
    sandbox.refused(&["remove", "feature-one", "feature-two"], "dirty");
    sandbox.refused(&["remove", "feature-one", "nobody"], "not_found");
}

#[test]
fn without_a_name_it_is_the_one_one_stands_in() {
    let sandbox = with_worktree();
    let folder = sandbox.worktree("feature-login");
    sandbox.wt_in(&folder.join("src"), &["remove"]).ok();
    assert!(!folder.exists());
}

#[test]
fn the_main_worktree_is_refused() {
    let sandbox = with_worktree();
    let before = sandbox.snapshot();
    let path = sandbox.repo();
    for arguments in [
        &["--json", "remove"][..],
        &["--json", "remove", "--force", "--force"],
        &["--json", "remove", path.to_str().unwrap(), "--force", "--force"],
        &["--json", "remove", "main", "--force", "--force"],
    ] {
        let run = sandbox.wt(arguments);
        assert_ne!(run.status, 0, "{}", run.shown());
        assert!(run.json()["error"]["message"].is_string());
        sandbox.assert_unchanged(&before, &run);
    }
}

#[test]
fn a_name_that_is_not_there_suggests_the_near_one() {
    let sandbox = with_worktree();
    let error = sandbox.refused(&["remove", "feature-logni"], "not_found");
    assert!(error.to_string().contains("feature-login"), "{error}");
}

#[test]
fn a_dry_run_answers_with_its_plan_and_changes_nothing() {
    let sandbox = with_worktree();
    git::write(&sandbox.worktree("feature-login"), "new.txt", "new\n");
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["--json", "remove", "feature-login", "--dry-run"]);
    let answer = run.json();
    assert!(answer.to_string().contains("new.txt"), "the loss is not shown: {}", run.shown());
    assert!(!answer["plan"].is_null(), "{}", run.shown());
    sandbox.assert_unchanged(&before, &run);
}

#[test]
fn a_worktree_made_by_git_can_be_removed_too() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("by-git");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "topic", folder.to_str().unwrap()]);
    sandbox.wt(&["remove", folder.to_str().unwrap()]).ok();
    assert!(!folder.exists());
    assert_eq!(sandbox.git(&sandbox.repo(), &["worktree", "list"]).lines().count(), 1);
}

#[test]
fn a_worktree_whose_folder_was_deleted_can_be_removed() {
    let sandbox = with_worktree();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    sandbox.wt(&["remove", "feature-login"]).ok();
    assert_eq!(sandbox.living().len(), 0);
    assert_eq!(sandbox.git(&sandbox.repo(), &["worktree", "list"]).lines().count(), 1);
    sandbox.wt(&["create", "login", "--ports"]).ok();
}

#[test]
fn a_worktree_moved_by_git_is_found_where_it_is() {
    let sandbox = with_worktree();
    let moved = sandbox.path("moved");
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&sandbox.repo(), &["worktree", "move", folder.to_str().unwrap(), moved.to_str().unwrap()]);
    sandbox.wt(&["remove", "feature-login"]).ok();
    assert!(!moved.exists());
}

#[test]
fn siblings_keep_their_files_records_and_ports() {
    let sandbox = with_worktree();
    sandbox.wt(&["create", "sibling", "--ports"]).ok();
    sandbox.wt(&["remove", "feature-login"]).ok();
    let living = sandbox.living();
    assert_eq!(living[0]["name"], "feature-sibling");
    assert_eq!(living[0]["allocations"][0]["port"], sandbox.port(1));
    assert_eq!(sandbox.status(&sandbox.worktree("feature-sibling")), "");
}

#[test]
fn the_trash_is_invisible_to_a_repository_around_it() {
    let sandbox = Sandbox::new();
    let inside = sandbox.repo().join("trees/x");
    git::write(&sandbox.repo(), ".git/info/exclude", "trees/x\n");
    sandbox.wt(&["create", "x", "--path", inside.to_str().unwrap()]).ok();
    sandbox.wt(&["remove", "feature-x"]).ok();
    assert_eq!(sandbox.status(&sandbox.repo()), "");
}

#[test]
fn the_branch_can_go_and_take_its_configuration_along() {
    let sandbox = with_worktree();
    sandbox.git(&sandbox.repo(), &["config", "branch.feature/login.description", "x"]);
    sandbox.wt(&["remove", "feature-login", "--delete-branch"]).ok();
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/login"));
    let config = fs::read_to_string(sandbox.repo().join(".git/config")).unwrap();
    assert!(!config.contains("feature/login"), "{config}");
}

#[test]
fn a_running_service_is_named_before_its_worktree_goes() {
    let sandbox = with_worktree();
    let folder = sandbox.worktree("feature-login");
    let Some(server) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(0)]) else {
        return crate::support::skip("python3 is not installed");
    };
    let run = sandbox.wt(&["remove", "feature-login"]).exits(1);
    assert!(run.stderr.contains(&server.pid().to_string()), "{}", run.shown());
    assert!(folder.exists());
}

#[test]
fn a_stranger_on_its_port_does_not_hinder_the_removal() {
    let sandbox = with_worktree();
    let _stranger = TcpListener::bind(("127.0.0.1", sandbox.port(0))).unwrap();
    sandbox.wt(&["remove", "feature-login"]).ok();
}

#[test]
fn json_says_what_was_removed() {
    let sandbox = with_worktree();
    let answer = sandbox.json(&["remove", "feature-login"]);
    assert!(answer.to_string().contains("feature-login"), "{answer}");
}

#[test]
fn a_beginning_is_offered_and_never_taken() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "fix"]).ok();
    sandbox.wt(&["create", "fix-2", "--ports"]).ok();
    sandbox.wt(&["remove", "fix"]).ok();
    let again = sandbox.refused(&["remove", "fix"], "not_found");
    assert_eq!(again["details"]["restorable"], true, "{again}");
    assert!(again["hint"].as_str().unwrap().contains("wt restore fix"), "{again}");
    for wanted in ["feature-", "feature/", "fi", "feature-fix-"] {
        let error = sandbox.refused(&["remove", "--force", wanted], "not_found");
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains("did you mean `f") && hint.contains("fix-2`?"), "{wanted}: {error}");
        assert_eq!(error["details"]["restorable"], false, "{wanted}: {error}");
    }
    let folder = sandbox.worktree("feature-fix-2");
    assert!(folder.exists());
    // And so for everything that writes, takes or ends.
    for command in [
        &["ports", "release", "--worktree", "feature-fi"][..],
        &["env", "feature-fi"],
        &["ports", "allocate", "--worktree", "feature-fi", "--service", "api"],
    ] {
        sandbox.refused(command, "not_found");
    }
    assert_eq!(sandbox.living()[0]["allocations"].as_array().unwrap().len(), 1);
}

#[test]
fn if_exists_makes_what_is_not_there_no_error() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    sandbox.wt(&["create", "one-2"]).ok();
    for _ in 0..2 {
        sandbox.wt(&["remove", "--if-exists", "one"]).ok();
    }
    let answer = sandbox.json(&["remove", "--if-exists", "one", "nobody", "feature-one-2"]);
    assert_eq!(answer["absent"], serde_json::json!(["one", "nobody"]), "{answer}");
    assert_eq!(answer["removed"][0]["name"], "feature-one-2", "{answer}");
    sandbox.refused(&["remove", "--if-exists"], "usage");
}

#[test]
fn a_shell_that_stood_in_it_is_told_where_to_go_and_commands_there_too() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let main = sandbox.repo();
    let home = format!("cd {}", main.display());
    let inside = sandbox.worktree("feature-login");
    sandbox
        .wt_in(&inside, &["remove"])
        .ok()
        .says(&["your shell stood in it", &home])
        .answers(&["brings it back for 7d"]);
    let trash = sandbox.path("proj.worktrees/.wt-trash");
    let mut all = std::fs::read_dir(trash).unwrap().map(|entry| entry.unwrap().path());
    let kept = all.find(|path| path.is_dir()).unwrap();
    let run = sandbox.wt_in(&kept, &["list"]).exits(1);
    run.says(&["`feature-login`, which was removed", &home, "`wt restore feature-login`"]);
    sandbox.wt(&["restore", "feature-login"]).ok();
    let run = sandbox.wt(&["-C", inside.to_str().unwrap(), "remove"]).ok();
    assert!(!run.stderr.contains("your shell"), "{}", run.shown());
}
