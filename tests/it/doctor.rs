//! `wt doctor`: names what will bite with the command that helps, whatever else is broken, and changes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::{Run, Sandbox, git, skip};

/// The check called `name` of the answer.
#[track_caller]
fn check(run: &Run, name: &str) -> Value {
    let answer = run.json();
    let checks = answer["checks"].as_array().unwrap();
    checks
        .iter()
        .find(|check| check["name"] == name)
        .unwrap_or_else(|| panic!("no {name}: {answer:#}"))
        .clone()
}

fn doctor(sandbox: &Sandbox) -> Run {
    sandbox.wt(&["--json", "doctor"])
}

#[test]
fn a_sound_machine_has_no_errors_and_nothing_is_changed() {
    let mut sandbox = Sandbox::new();
    sandbox.put_wt_on_path();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let before = sandbox.snapshot();
    let run = doctor(&sandbox).ok();
    for name in
        ["git", "configuration", "state-folder", "registry", "trash", "repository", "checkout", "hooks"]
    {
        let check = check(&run, name);
        assert_eq!(check["status"], "ok", "{check}");
        assert!(check["hint"].is_null());
    }
    assert_eq!(check(&run, "wt-on-path")["status"], "ok");
    sandbox.assert_unchanged(&before, &run);
}

#[test]
fn it_makes_no_state_folder_and_works_outside_of_a_repository() {
    let sandbox = Sandbox::without_repository();
    let run = sandbox.wt_in(&sandbox.path("home"), &["--json", "doctor"]).ok();
    assert!(check(&run, "repository")["message"].as_str().unwrap().contains("not inside"));
    assert!(!sandbox.state().exists());
}

#[test]
fn a_broken_configuration_and_a_damaged_registry_are_errors_each_in_its_row() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    git::write(&sandbox.repo(), ".wt.toml", "[trash]\nkep = \"1d\"\n");
    let file = sandbox.state().join("registry.json");
    fs::write(&file, "{\"schema\":1,").unwrap();
    let run = doctor(&sandbox).exits(1);
    let configuration = check(&run, "configuration");
    assert_eq!(configuration["status"], "error");
    assert!(configuration["message"].as_str().unwrap().contains(".wt.toml"), "{configuration}");
    let registry = check(&run, "registry");
    assert_eq!(registry["status"], "error");
    assert!(registry["hint"].is_string());
    assert_eq!(check(&run, "git")["status"], "ok", "the other checks go on");
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"schema\":1,");
    git::write(&sandbox.repo(), ".wt.toml", "this is [ no TOML\n\0");
    assert_eq!(check(&doctor(&sandbox).exits(1), "configuration")["status"], "error");
    fs::remove_file(sandbox.repo().join(".wt.toml")).unwrap();
    fs::create_dir(sandbox.repo().join(".wt.toml")).unwrap();
    assert_eq!(check(&doctor(&sandbox).exits(1), "configuration")["status"], "error");
}

#[test]
fn a_row_of_the_registry_that_cannot_be_read_is_a_warning() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let mut registry = sandbox.registry();
    registry["worktrees"].as_array_mut().unwrap().push(serde_json::json!({"name": 5}));
    git::write(&sandbox.state(), "registry.json", &registry.to_string());
    let row = check(&doctor(&sandbox).ok(), "registry");
    assert_eq!((row["status"].as_str(), row["hint"].as_str()), (Some("warning"), Some("wt validate --fix")));
}

#[test]
fn a_range_of_ports_that_the_kernel_gives_away_is_named_with_the_command_that_reserves_it() {
    let sandbox = Sandbox::new();
    let Ok(range) = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range") else {
        return skip("this system tells no ephemeral range");
    };
    let first: u16 = range.split_whitespace().next().unwrap().parse().unwrap();
    sandbox.configure(&format!("[service.db]\nports = \"{first}-{}\"\n", first + 9));
    let run = doctor(&sandbox).ok();
    let row = check(&run, "ephemeral-ports");
    assert_eq!(row["status"], "warning");
    assert!(row["message"].as_str().unwrap().contains("service `db`"), "{row}");
    let hint = row["hint"].as_str().unwrap();
    assert!(hint.contains("sysctl") && hint.contains(&first.to_string()), "{hint}");
}

#[test]
fn another_wt_earlier_on_the_path_is_named() {
    let mut sandbox = Sandbox::new();
    let folder = sandbox.path("other/bin");
    git::write(&folder, "wt", "#!/bin/sh\n");
    fs::set_permissions(folder.join("wt"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    sandbox.set("PATH", format!("{}:{path}", folder.display()));
    let run = doctor(&sandbox).ok();
    let row = check(&run, "wt-on-path");
    assert_eq!(row["status"], "warning");
    assert!(row["message"].as_str().unwrap().contains("other/bin/wt"), "{row}");
}

#[test]
fn a_state_folder_that_others_may_enter_or_nobody_may_write_is_said() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let mode = |mode| fs::set_permissions(sandbox.state(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o777);
    let run = doctor(&sandbox).ok();
    assert_eq!(check(&run, "state-folder")["status"], "warning");
    assert!(check(&run, "state-folder")["hint"].as_str().unwrap().starts_with("chmod 700"));
    mode(0o700);
    let mut sandbox = sandbox;
    let file = sandbox.path("home/.gitconfig/state");
    sandbox.set("WT_STATE_DIR", file);
    assert_eq!(check(&doctor(&sandbox).exits(1), "state-folder")["status"], "error");
}

#[test]
fn hooks_that_are_wanted_and_cannot_fire_are_a_warning() {
    let mut sandbox = Sandbox::new();
    sandbox.put_wt_on_path();
    sandbox.wt(&["hooks", "install"]).ok();
    assert_eq!(check(&doctor(&sandbox).ok(), "hooks")["status"], "ok");
    let hook = sandbox.repo().join(".git/hooks/post-checkout");
    if !hook.exists() {
        return skip("this git has hooks in its configuration");
    }
    fs::remove_file(hook).unwrap();
    let row = check(&doctor(&sandbox).ok(), "hooks");
    assert_eq!((row["status"].as_str(), row["hint"].as_str()), (Some("warning"), Some("wt hooks install")));
    assert!(row["message"].as_str().unwrap().contains("post-checkout"), "{row}");
}

#[test]
fn a_record_that_makes_every_git_worktree_list_fail_is_an_error() {
    let sandbox = Sandbox::new();
    let half = sandbox.repo().join(".git/worktrees/half");
    fs::create_dir_all(&half).unwrap();
    for (name, text) in
        [("commondir", ""), ("gitdir", "/nowhere/half/.git\n"), ("HEAD", "ref: refs/heads/x\n")]
    {
        fs::write(half.join(name), text).unwrap();
    }
    let row = check(&doctor(&sandbox).exits(1), "repository");
    assert_eq!(row["status"], "error");
    assert!(half.exists(), "nothing is healed");
}

#[test]
fn a_missing_git_is_an_error_and_what_needs_none_is_looked_at_all_the_same() {
    let mut sandbox = Sandbox::new();
    sandbox.set("PATH", sandbox.path("nothing"));
    let run = doctor(&sandbox).exits(1);
    assert_eq!(check(&run, "git")["status"], "error");
    assert_eq!(check(&run, "registry")["status"], "ok");
}

#[test]
fn removed_worktrees_long_beyond_their_time_are_said() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    sandbox.wt(&["remove", "login"]).ok();
    let mut registry = sandbox.registry();
    registry["worktrees"][0]["trash"]["until"] = "2026-01-01T00:00:00Z".into();
    git::write(&sandbox.state(), "registry.json", &registry.to_string());
    let row = check(&doctor(&sandbox).ok(), "trash");
    assert_eq!((row["status"].as_str(), row["hint"].as_str()), (Some("warning"), Some("wt sweep")));
}

#[test]
fn without_json_each_check_is_a_line_of_fields() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["doctor"]).ok();
    assert!(run.stdout.lines().all(|line| line.split('\t').count() == 4), "{}", run.shown());
    run.answers(&["ok\tgit\t2."]);
}
