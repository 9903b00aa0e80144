//! The main job: one command makes branch, folder, ports, `.env` and the record of it all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::Sandbox;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn one_command_makes_folder_branch_port_env_and_record() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--purpose", "feature", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    assert_eq!(fs::read_to_string(folder.join("README.md")).unwrap(), "# A project\n");
    assert_eq!(sandbox.git(&folder, &["branch", "--show-current"]), "feature/login");
    assert_eq!(
        sandbox.git(&folder, &["rev-parse", "HEAD"]),
        sandbox.git(&sandbox.repo(), &["rev-parse", "main"])
    );
    let env = fs::read_to_string(folder.join(".env")).unwrap();
    assert!(env.contains(&format!("PORT={}", sandbox.port(0))), "{env}");
    assert!(env.contains(&format!("WEB_PORT={}", sandbox.port(0))), "{env}");
    assert!(env.contains("WT_NAME=feature-login"), "{env}");
    assert!(env.contains("WT_PURPOSE=feature"), "{env}");
    assert!(env.contains("WT_BRANCH=feature/login"), "{env}");
    assert!(env.contains("COMPOSE_PROJECT_NAME="), "{env}");
    assert_eq!(mode(&folder.join(".env")), 0o600);
    assert_eq!(sandbox.status(&folder), "", "the new `.env` must not show up in git status");
    assert_eq!(sandbox.status(&sandbox.repo()), "");
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn the_record_says_what_was_made_and_is_private() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let living = sandbox.living();
    assert_eq!(living.len(), 1);
    let entry = &living[0];
    assert_eq!(entry["name"], "feature-login");
    assert_eq!(entry["branch"], "feature/login");
    assert_eq!(entry["purpose"], "feature");
    assert_eq!(entry["identifier"], "login");
    assert_eq!(entry["state"], "active");
    assert_eq!(entry["path"], sandbox.worktree("feature-login").to_str().unwrap());
    assert_eq!(entry["repository"], sandbox.repo().to_str().unwrap());
    assert!(entry["created_at"].is_string() && entry["created_by"].is_string(), "{entry}");
    assert_eq!(entry["allocations"][0]["port"], sandbox.port(0));
    assert_eq!(entry["allocations"][0]["service"], "web");
    assert_eq!(entry["allocations"][0]["pinned"], false);
    assert!(entry["allocations"][0]["allocated_at"].is_string());
    assert_eq!(sandbox.registry()["schema"], 1);
    assert_eq!(mode(&sandbox.state()), 0o700);
    assert_eq!(mode(&sandbox.state().join("registry.json")), 0o600);
    assert_eq!(mode(&sandbox.state().join("events.jsonl")), 0o600);
}

#[test]
fn every_change_is_one_line_of_events() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["remove", "feature-login"]).ok();
    let events = sandbox.events();
    let of_it: Vec<&str> = events
        .iter()
        .filter(|event| event["worktree"] == "feature-login")
        .filter_map(|event| event["event"].as_str())
        .collect();
    assert!(of_it.contains(&"created") && of_it.contains(&"removed"), "{of_it:?}");
    assert!(events.iter().all(|event| event["at"].is_string()));
}

#[test]
fn json_has_the_worktree_with_every_field() {
    let sandbox = Sandbox::new();
    let answer = sandbox.json(&["create", "login", "--ports"]);
    let worktree = &answer["worktree"];
    assert_eq!(worktree["name"], "feature-login");
    assert_eq!(worktree["path"], sandbox.worktree("feature-login").to_str().unwrap());
    assert_eq!(worktree["branch"], "feature/login");
    assert_eq!(worktree["purpose"], "feature");
    assert_eq!(worktree["identifier"], "login");
    assert_eq!(worktree["state"], "active");
    assert_eq!(worktree["main"], false);
    assert_eq!(worktree["current"], false);
    assert_eq!(worktree["registered"], true);
    assert_eq!(worktree["missing"], false);
    assert_eq!(worktree["head"], sandbox.git(&sandbox.repo(), &["rev-parse", "main"]));
    for key in ["repository", "locked", "created_at"] {
        assert!(worktree.get(key).is_some(), "lacks {key}: {worktree}");
    }
    let port = &worktree["ports"][0];
    assert_eq!(port["port"], sandbox.port(0));
    assert_eq!(port["service"], "web");
    assert!(port["url"].as_str().unwrap().contains(&sandbox.port(0).to_string()));
    assert_eq!(port["pinned"], false);
}

#[test]
fn stdout_is_the_answer_and_names_folder_and_port() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["create", "login", "--ports"]).ok();
    let answer = run.stdout.clone();
    assert!(answer.contains(sandbox.worktree("feature-login").to_str().unwrap()), "{}", run.shown());
    assert!(answer.contains(&sandbox.port(0).to_string()), "{}", run.shown());
    assert!(!answer.contains('\u{1b}'), "colour in a pipe: {}", run.shown());
    assert!(!run.stderr.contains('\u{1b}'), "colour or a progress bar in a pipe: {}", run.shown());
}

#[test]
fn quiet_says_nothing_on_stderr() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["-q", "create", "login"]).ok();
    assert_eq!(run.stderr, "");
}

#[test]
fn the_purpose_is_feature_unless_named() {
    let sandbox = Sandbox::new();
    let answer = sandbox.json(&["create", "login"]);
    assert_eq!(answer["worktree"]["purpose"], "feature");
    let answer = sandbox.json(&["create", "crash", "--purpose", "bugfix"]);
    assert_eq!(answer["worktree"]["branch"], "bugfix/crash");
    assert_eq!(answer["worktree"]["name"], "bugfix-crash");
}

#[test]
fn without_an_identifier_it_takes_the_next_number() {
    let sandbox = Sandbox::new();
    for number in 1..=3 {
        let answer = sandbox.json(&["create", "--purpose", "bugfix"]);
        assert_eq!(answer["worktree"]["name"], format!("bugfix-{number}"));
        assert_eq!(answer["worktree"]["branch"], format!("bugfix/{number}"));
    }
    sandbox.wt(&["create", "--purpose", "feature"]).ok();
    assert!(sandbox.has_branch(&sandbox.repo(), "feature/1"));
}

#[test]
fn the_next_number_passes_over_a_branch_that_exists() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["branch", "feature/1"]);
    let answer = sandbox.json(&["create"]);
    assert_eq!(answer["worktree"]["branch"], "feature/2");
}

#[test]
fn the_identifier_may_be_given_as_a_flag() {
    let sandbox = Sandbox::new();
    let answer = sandbox.json(&["create", "--identifier", "GH-42"]);
    assert_eq!(answer["worktree"]["name"], "feature-GH-42");
}

#[test]
fn without_ports_no_port_is_taken_and_the_env_is_written_all_the_same() {
    let sandbox = Sandbox::new();
    let answer = sandbox.json(&["create", "login"]);
    assert_eq!(answer["worktree"]["ports"].as_array().map(Vec::len), Some(0));
    let env = fs::read_to_string(sandbox.worktree("feature-login").join(".env")).unwrap();
    assert!(env.contains("WT_NAME=feature-login"), "{env}");
    assert!(!env.contains("PORT="), "{env}");
}

#[test]
fn the_same_worktree_twice_is_refused_and_the_first_one_stays() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["--json", "create", "login", "--ports"]).exits(1);
    let code = run.json()["error"]["code"].clone();
    assert_eq!(code, "worktree_exists", "{}", run.shown());
    sandbox.assert_unchanged(&before, &run);
}

#[test]
fn a_dry_run_answers_with_its_plan_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["--json", "create", "login", "--ports", "--dry-run"]).ok();
    let answer = run.json();
    assert!(answer["plan"].is_object(), "{answer}");
    assert!(answer["plan"].to_string().contains("feature/login"), "{answer}");
    assert!(answer["plan"].to_string().contains(&sandbox.port(0).to_string()), "{answer}");
    sandbox.assert_unchanged(&before, &run);
    assert!(!sandbox.repo().join(".git/wt").exists(), "a dry run left something in the common dir");
    assert!(!sandbox.state().join("registry.json").exists(), "a dry run wrote a registry");
    let plain = sandbox.wt(&["create", "login", "--ports", "--dry-run"]).ok();
    assert!(plain.stdout.contains("feature/login"), "{}", plain.shown());
    sandbox.assert_unchanged(&before, &plain);
}

#[test]
fn a_dry_run_does_not_even_heal() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let path = sandbox.state().join("registry.json");
    let before = fs::read(&path).unwrap();
    sandbox.wt(&["create", "other", "--dry-run"]).ok();
    assert_eq!(fs::read(&path).unwrap(), before);
}
