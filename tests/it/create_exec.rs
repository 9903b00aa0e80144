//! `-x`: a command in the new worktree, with the env block's variables, whose exit code becomes ours.

use crate::support::Sandbox;

#[test]
fn the_command_runs_in_the_new_worktree_with_its_variables() {
    let sandbox = Sandbox::new();
    let script = "pwd; echo $PORT $WT_NAME";
    let run = sandbox.wt(&["create", "login", "--ports", "-x", "sh", "-c", script]).ok();
    let folder = sandbox.worktree("feature-login");
    run.answers(&[folder.to_str().unwrap(), &format!("{} feature-login", sandbox.port(0))]);
}

#[test]
fn its_exit_code_is_ours_and_the_worktree_stays() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "-x", "sh", "-c", "exit 7"]).exits(7);
    assert!(sandbox.worktree("feature-login").join("README.md").exists());
    assert_eq!(sandbox.living()[0]["state"], "active");
}

#[test]
fn with_json_its_stdout_goes_to_stderr() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["--json", "create", "login", "-x", "echo", "spoken"]).ok();
    assert_eq!(run.json()["worktree"]["name"], "feature-login");
    run.says(&["spoken"]);
}

#[test]
fn words_are_words_without_a_shell() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["-q", "create", "login", "-x", "printf", "%s|", "a b", "$HOME", "--json"]).ok();
    run.answers(&["a b|$HOME|--json|"]);
}

#[test]
fn a_program_that_is_nowhere_on_path_is_refused_before_anything_is_made() {
    let sandbox = Sandbox::new();
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["create", "login", "-x", "no-such-program"]).exits(127);
    sandbox.assert_unchanged(&before, &run);
    run.says(&["error:", "no-such-program"]);
    let run = sandbox.wt(&["--json", "create", "login", "-x", "no-such-program"]).exits(127);
    sandbox.assert_unchanged(&before, &run);
    run.error("not_found");
}

#[test]
fn a_program_with_a_path_is_looked_for_in_the_new_worktree() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["--json", "create", "login", "-x", "./no-such-program"]).exits(127);
    let answer = run.json();
    assert_eq!(answer["worktree"]["name"], "feature-login", "{answer}");
    assert_eq!(answer["error"]["code"], "not_found", "{answer}");
    assert_eq!(answer["status"]["exit"], 127, "{answer}");
    assert!(sandbox.worktree("feature-login").exists());
}

#[test]
fn with_json_the_answer_says_how_the_command_ended() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["--json", "create", "one", "-x", "sh", "-c", "exit 7"]).exits(7);
    let status = run.json()["status"].clone();
    assert_eq!(status, serde_json::json!({ "command": ["sh", "-c", "exit 7"], "exit": 7, "signal": null }));
    let run = sandbox.wt(&["--json", "create", "two", "-x", "sh", "-c", "kill -TERM $$"]).exits(143);
    assert_eq!(run.json()["status"]["signal"], 15, "{}", run.shown());
}

#[test]
fn a_failed_create_runs_nothing() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["create", "x", "--branch", "main", "-x", "touch", "ran"]).exits(1);
    assert!(!sandbox.repo().join("ran").exists(), "{}", run.shown());
}

#[test]
fn x_without_a_command_is_asked_wrongly() {
    let sandbox = Sandbox::new();
    sandbox.refused(&["create", "login", "-x"], "usage");
}

#[test]
fn the_commands_git_finds_the_new_worktree_even_when_git_dir_leaks() {
    let mut sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    sandbox.set("GIT_DIR", other.join(".git"));
    sandbox
        .wt(&["create", "login", "-x", "git", "branch", "--show-current"])
        .ok()
        .answers(&["feature/login"]);
}
