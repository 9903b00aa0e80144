//! `wt adopt`: worktrees that something else made come onto the record, with ports if asked.

use std::fs;
use std::path::PathBuf;

use crate::support::Sandbox;

/// A sandbox with a worktree that git made, on branch `bugfix/crash`.
fn with_foreign() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("by-git");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "bugfix/crash", folder.to_str().unwrap()]);
    (sandbox, folder)
}

#[test]
fn a_worktree_made_by_git_is_recorded() {
    let (sandbox, folder) = with_foreign();
    sandbox.wt(&["adopt", folder.to_str().unwrap()]).ok();
    let living = sandbox.living();
    assert_eq!(living.len(), 1);
    assert_eq!(living[0]["path"], folder.to_str().unwrap());
    assert_eq!(living[0]["branch"], "bugfix/crash");
    assert_eq!(living[0]["purpose"], "bugfix", "the branch's name says it");
    assert_eq!(living[0]["state"], "active");
    assert_eq!(sandbox.status(&folder), "");
}

#[test]
fn without_a_path_all_of_them_are() {
    let (sandbox, _) = with_foreign();
    let second = sandbox.path("second");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "other", second.to_str().unwrap()]);
    sandbox.wt(&["adopt"]).ok();
    assert_eq!(sandbox.living().len(), 2);
}

#[test]
fn ports_and_env_come_when_asked_for() {
    let (sandbox, folder) = with_foreign();
    let path = folder.to_str().unwrap();
    let answer = sandbox.json(&["adopt", path, "--purpose", "feature", "--ports"]);
    assert!(answer.to_string().contains(&sandbox.port(0).to_string()), "{answer}");
    let env = fs::read_to_string(folder.join(".env")).unwrap();
    assert!(env.contains(&format!("PORT={}", sandbox.port(0))), "{env}");
    assert_eq!(sandbox.status(&folder), "");
    let next = sandbox.json(&["create", "login", "--ports"]);
    assert_eq!(next["worktree"]["ports"][0]["port"], sandbox.port(1));
}

#[test]
fn a_busy_port_refuses_an_adoption_too() {
    let (sandbox, folder) = with_foreign();
    let _held = std::net::TcpListener::bind(("127.0.0.1", sandbox.port(0))).unwrap();
    let path = folder.to_str().unwrap();
    sandbox.refused(&["adopt", path, "--purpose", "feature", "--ports"], "port_conflict");
}

#[test]
fn adopting_twice_changes_nothing_the_second_time() {
    let (sandbox, folder) = with_foreign();
    sandbox.wt(&["adopt", folder.to_str().unwrap()]).ok();
    let before = sandbox.living();
    sandbox.wt(&["adopt", folder.to_str().unwrap()]);
    assert_eq!(sandbox.living(), before);
}

#[test]
fn a_folder_that_is_no_worktree_is_refused() {
    let (sandbox, _) = with_foreign();
    let plain = sandbox.path("plain");
    fs::create_dir(&plain).unwrap();
    let run = sandbox.wt(&["--json", "adopt", plain.to_str().unwrap()]).exits(1);
    assert!(run.json()["error"]["message"].as_str().unwrap().contains("plain"), "{}", run.shown());
    assert_eq!(sandbox.living().len(), 0);
}

#[test]
fn an_adopted_worktree_can_be_removed_and_restored() {
    let (sandbox, folder) = with_foreign();
    sandbox.wt(&["adopt", folder.to_str().unwrap(), "--ports"]).ok();
    sandbox.wt(&["remove", folder.to_str().unwrap()]).ok();
    assert!(!folder.exists());
    sandbox.wt(&["restore", "crash"]).ok();
    assert!(folder.join("README.md").exists());
}

#[test]
fn what_is_recorded_gets_what_is_asked_for() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("by-agent");
    let path = folder.to_str().unwrap();
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "agent-7", path]);
    sandbox.wt(&["adopt", path]).ok();
    assert!(sandbox.living()[0]["purpose"].is_null());
    // Nothing asked for, nothing changed, and no error.
    let before = sandbox.living();
    sandbox.wt(&["adopt", path]).ok();
    assert_eq!(sandbox.living(), before);
    let answer = sandbox.json(&["adopt", path, "--purpose", "feature", "--ports"]);
    assert_eq!(answer["worktree"]["purpose"], "feature", "{answer}");
    assert_eq!(answer["worktree"]["ports"][0]["port"], sandbox.port(0), "{answer}");
    let env = || fs::read_to_string(folder.join(".env")).unwrap();
    assert!(env().contains(&format!("PORT={}", sandbox.port(0))), "{}", env());
    // More of them keeps what is there; the worktree may be meant by standing in it, or by its name.
    sandbox.wt_in(&folder, &["adopt", "--ports=web,api"]).ok();
    assert!(env().contains(&format!("API_PORT={}", sandbox.port(1))), "{}", env());
    fs::remove_file(folder.join(".env")).unwrap();
    sandbox.wt(&["adopt", "by-agent", "--ports=2"]).ok();
    assert!(env().contains("WT_PURPOSE=feature"), "{}", env());
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_recorded_worktree_is_meant_by_each_of_its_names() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    for (name, count) in [("login", 1), ("feature/login", 2), ("feature-login", 3)] {
        let answer = sandbox.json(&["adopt", name, &format!("--ports={count}")]);
        assert_eq!(answer["worktree"]["ports"].as_array().unwrap().len(), count, "{name}: {answer}");
    }
    // The hint has the name that was typed.
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "agent-7", "../by-agent"]);
    sandbox.wt(&["adopt", "by-agent"]).ok();
    let error = sandbox.refused(&["adopt", "by-agent", "--ports"], "usage");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("adopt by-agent --ports --purpose feature"), "{hint}");
}

#[test]
fn a_recorded_worktree_whose_ports_are_not_to_be_had_stays_as_it_was() {
    let (sandbox, folder) = with_foreign();
    sandbox.wt(&["adopt", folder.to_str().unwrap()]).ok();
    let _held = std::net::TcpListener::bind(("127.0.0.1", sandbox.port(0))).unwrap();
    let before = sandbox.living();
    let words = ["--json", "adopt", folder.to_str().unwrap(), "--purpose", "feature", "--ports"];
    sandbox.wt(&words).exits(1).error("port_conflict");
    assert_eq!(sandbox.living(), before);
}

#[test]
fn what_is_recorded_already_is_not_said_to_be_adopted() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let run = sandbox.wt(&["adopt", sandbox.worktree("feature-login").to_str().unwrap()]).ok();
    assert!(run.stdout.starts_with("Recorded already") && !run.stdout.contains("Adopted"), "{}", run.shown());
}

#[test]
fn a_pattern_names_the_purpose_for_adopt_the_hook_and_validate_alike() {
    let sandbox = crate::support::hooks::hooked();
    let repo = sandbox.repo();
    let purpose_at = |folder: &str| {
        let found =
            sandbox.living().into_iter().find(|entry| entry["path"].as_str().unwrap().ends_with(folder));
        found.unwrap()["purpose"].clone()
    };
    // The hook: with the pair that is built in, then with a table of one's own in its place.
    sandbox.git(&repo, &["worktree", "add", "-q", "-b", "worktree-calm-fox", "../fox"]);
    sandbox.git(&repo, &["worktree", "add", "-q", "--detach", "../loose"]);
    sandbox.git(&repo, &["worktree", "add", "-q", "-b", "typo", "../typo"]);
    assert_eq!(purpose_at("/fox"), "feature");
    assert_eq!(purpose_at("/loose"), "experiment");
    assert_eq!(purpose_at("/typo"), serde_json::Value::Null);
    assert!(sandbox.path("fox/.env").exists() && !sandbox.path("typo/.env").exists());
    sandbox
        .configure("[adopt]\npurpose = { \"bot*\" = \"review\", \"bot/*/x\" = \"bugfix\" }\nauto = false\n");
    for (branch, folder) in [("bot/1/x", "../one"), ("bot-2", "../two"), ("worktree-3", "../three")] {
        sandbox.git(&repo, &["worktree", "add", "-q", "-b", branch, folder]);
    }
    sandbox.wt(&["adopt", "../one"]).ok();
    sandbox.wt(&["validate", "--fix"]);
    let purposes = ["/one", "/two", "/three"].map(purpose_at);
    assert_eq!(purposes, ["bugfix".into(), "review".into(), serde_json::Value::Null]);
    // What does not exist is said with its near one.
    sandbox.configure("[adopt]\npurpose = { \"bot*\" = \"reviw\" }\n");
    let error = sandbox.refused(&["adopt", "../two"], "config_invalid");
    assert!(error["message"].as_str().unwrap().contains("reviw"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("`review`"), "{error}");
}
