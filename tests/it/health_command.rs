//! Command checks: without a shell, in the worktree, with its variables, only when trusted, never beyond the deadline.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::health_states::service;
use crate::support::{Sandbox, git, skip, wait};

/// A worktree with a listening `web`, checked by `command`, which the repository's own configuration names.
fn checked_by(command: &str) -> Option<(Sandbox, crate::support::holder::Holder)> {
    let sandbox = Sandbox::new();
    let check = format!("[service.web]\nhealth = {{ command = {command:?}, timeout = \"2s\" }}\n");
    git::write(&sandbox.repo(), ".wt.toml", &check);
    sandbox.commit(&sandbox.repo(), "check");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let server =
        sandbox.python_server(&sandbox.worktree("feature-login"), "127.0.0.1", &[sandbox.port(0)])?;
    Some((sandbox, server))
}

#[track_caller]
fn web(sandbox: &Sandbox) -> Value {
    let run = sandbox.wt(&["--json", "health"]);
    assert!(run.status < 2, "{}", run.shown());
    service(&run.json(), "web").clone()
}

#[test]
fn an_untrusted_command_is_not_run() {
    let Some((sandbox, _server)) = checked_by("touch ran") else { return skip("no python3") };
    let found = web(&sandbox);
    assert_eq!((&found["health"], &found["level"]), (&"unknown".into(), &2.into()), "{found}");
    assert!(found["reason"].as_str().unwrap().contains("not trusted"), "{found}");
    assert_eq!(found["action"], "wt trust");
    assert!(!sandbox.worktree("feature-login").join("ran").exists());
    sandbox.wt(&["--yes", "trust"]).ok();
    assert_eq!(web(&sandbox)["health"], "healthy");
    assert!(sandbox.worktree("feature-login").join("ran").exists(), "it runs in the worktree");
}

#[test]
fn it_has_the_worktrees_variables_and_its_words_are_filled_in() {
    let command = "sh -c 'test \"$WEB_PORT\" = \"$1\" && test \"$WT_NAME\" = feature-login && test -z \"$WT_MARKER\"' x {{ port }}";
    let Some((sandbox, _server)) = checked_by(command) else {
        return skip("no python3");
    };
    sandbox.wt(&["--yes", "trust"]).ok();
    let found = web(&sandbox);
    assert_eq!(found["health"], "healthy", "{found}");
}

#[test]
fn its_status_and_its_complaint_are_the_reason() {
    let Some((sandbox, _server)) = checked_by("sh -c 'echo no such table >&2; exit 3'") else {
        return skip("no python3");
    };
    sandbox.wt(&["--yes", "trust"]).ok();
    let found = web(&sandbox);
    assert_eq!(found["reason"], "`sh` ended with status 3: no such table", "{found}");
    assert_eq!(found["health"], "unhealthy");
}

#[test]
fn no_shell_looks_at_the_words() {
    let Some((sandbox, _server)) = checked_by("touch a;b $HOME") else { return skip("no python3") };
    sandbox.wt(&["--yes", "trust"]).ok();
    web(&sandbox);
    let folder = sandbox.worktree("feature-login");
    assert!(folder.join("a;b").exists() && folder.join("$HOME").exists());
}

#[test]
fn what_does_not_end_is_killed_with_all_that_it_started() {
    let Some((sandbox, _server)) = checked_by("sh -c 'sleep 600 & echo $! > pid; yes complaint >&2'") else {
        return skip("no python3");
    };
    sandbox.wt(&["--yes", "trust"]).ok();
    let begun = Instant::now();
    let found = web(&sandbox);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let reason = found["reason"].as_str().unwrap();
    assert!(reason.starts_with("`sh` did not end within 2s: complaint"), "{found}");
    let pid = fs::read_to_string(sandbox.worktree("feature-login").join("pid")).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    // Whoever adopts it may take a moment to bury it.
    wait::until("the end of the sleeper", || {
        fs::read_to_string(&stat).is_ok_and(|text| text.contains(") Z ")) || !fs::exists(&stat).unwrap()
    });
}

#[test]
fn a_command_that_is_not_there_is_said() {
    let Some((sandbox, _server)) = checked_by("wt-no-such-command") else { return skip("no python3") };
    sandbox.wt(&["--yes", "trust"]).ok();
    assert!(web(&sandbox)["reason"].as_str().unwrap().contains("no such command"));
}
