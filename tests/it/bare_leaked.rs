//! `core.bare` that a tool left in a repository with a main worktree: it is named with the command that mends it, and the
//! main worktree stays where it is.

use crate::support::Sandbox;

#[test]
fn a_leaked_core_bare_is_named_and_the_main_worktree_stays_in_the_list() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--no-env"]).ok();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["config", "core.bare", "true"]);
    for folder in [repo.clone(), sandbox.worktree("feature-login")] {
        let listed = sandbox.json_in(&folder, &["list"])["worktrees"].clone();
        let main = listed.as_array().unwrap().iter().find(|worktree| worktree["main"] == true);
        assert_eq!(main.unwrap()["path"], repo.to_str().unwrap(), "{listed}");
        let run = sandbox.wt_in(&folder, &["--json", "validate"]).exits(2);
        let found = run.json()["findings"].as_array().unwrap().clone();
        let leak = found.iter().find(|finding| finding["code"] == "git-bare-leaked").unwrap().clone();
        let command = format!("git -C {} config core.bare false", quoted(&repo.to_string_lossy()));
        assert_eq!((&leak["severity"], &leak["hint"]), (&"error".into(), &command.clone().into()), "{leak}");
        let doctor = sandbox.wt_in(&folder, &["doctor"]).exits(1);
        assert!(doctor.stdout.contains(&command), "{}", doctor.shown());
    }
    let mended = sandbox
        .program("sh", &repo)
        .args(["-c", &format!("git -C {} config core.bare false", quoted(repo.to_str().unwrap()))])
        .status();
    assert!(mended.unwrap().success());
    sandbox.wt(&["validate"]).ok();
    sandbox.wt(&["doctor"]);
}

#[test]
fn a_create_that_git_refuses_for_it_names_the_command() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    // With settings of their own git lays out the files, and it refuses.
    sandbox.git(&repo, &["config", "extensions.worktreeConfig", "true"]);
    sandbox.git(&repo, &["config", "--worktree", "some.setting", "x"]);
    sandbox.git(&repo, &["config", "core.bare", "true"]);
    let command = format!("git -C {} config core.bare false", quoted(repo.to_str().unwrap()));
    let error = sandbox.refused(&["create", "q"], "git_failed");
    assert!(error["hint"].as_str().unwrap().contains(&format!("`{command}`")), "{error}");
}

#[test]
fn a_bare_repository_in_a_folder_called_git_stays_bare() {
    let sandbox = Sandbox::new();
    let outer = sandbox.path("outer");
    std::fs::create_dir(&outer).unwrap();
    sandbox.git(&outer, &["clone", "-q", "--bare", sandbox.repo().to_str().unwrap(), ".git"]);
    let listed = sandbox.json_in(&outer, &["list"])["worktrees"].clone();
    assert!(listed.as_array().unwrap().iter().all(|worktree| worktree["main"] != true), "{listed}");
}

fn quoted(text: &str) -> String {
    text.to_owned()
}
