//! `wt path` and `wt switch`: names, identifiers, branches, paths, their beginnings, and what is ambiguous.

use crate::support::Sandbox;

fn with_two() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    sandbox.wt(&["create", "logout"]).ok();
    sandbox
}

#[test]
fn every_way_to_name_a_worktree_works() {
    let sandbox = with_two();
    let folder = sandbox.worktree("feature-login");
    let text = folder.to_str().unwrap();
    for name in ["feature-login", "login", "feature/login", text, "feature-logi", "logi"] {
        let run = sandbox.wt(&["path", name]).ok();
        assert_eq!(run.stdout, format!("{text}\n"), "{name}");
        assert_eq!(run.stderr, "");
    }
    assert_eq!(sandbox.wt(&["path", "main"]).ok().stdout, format!("{}\n", sandbox.repo().display()));
}

#[test]
fn a_path_may_be_relative_to_where_one_stands() {
    let sandbox = with_two();
    let folder = sandbox.worktree("feature-login");
    assert_eq!(sandbox.wt_in(&folder.join("src"), &["path", ".."]).stdout, format!("{}\n", folder.display()));
}

#[test]
fn ambiguity_is_an_error_that_lists_the_candidates() {
    let sandbox = with_two();
    let error = sandbox.refused(&["path", "log"], "ambiguous");
    assert!(
        error.to_string().contains("feature-login") && error.to_string().contains("feature-logout"),
        "{error}"
    );
}

#[test]
fn a_whole_name_wins_over_a_beginning() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "log"]).ok();
    sandbox.wt(&["create", "logout"]).ok();
    let expected = format!("{}\n", sandbox.worktree("feature-log").display());
    assert_eq!(sandbox.wt(&["path", "log"]).ok().stdout, expected);
    assert_eq!(sandbox.wt(&["path", "feature-log"]).ok().stdout, expected);
}

#[test]
fn an_identifier_of_two_purposes_is_ambiguous() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    sandbox.wt(&["create", "login", "--purpose", "bugfix"]).ok();
    sandbox.refused(&["path", "login"], "ambiguous");
}

#[test]
fn what_is_not_there_is_not_found_and_the_near_name_suggested() {
    let sandbox = with_two();
    let error = sandbox.refused(&["path", "feature-logim"], "not_found");
    assert!(error.to_string().contains("feature-login"), "{error}");
}

#[test]
fn json_has_the_path() {
    let sandbox = with_two();
    let answer = sandbox.json(&["path", "login"]);
    assert!(answer.to_string().contains(sandbox.worktree("feature-login").to_str().unwrap()), "{answer}");
}

#[test]
fn switch_without_the_shell_function_says_how_to_get_it() {
    let sandbox = with_two();
    let run = sandbox.wt(&["switch", "login"]);
    assert!((run.stdout.clone() + &run.stderr).contains("shell-init"), "{}", run.shown());
}

#[test]
fn switch_changes_the_folder_of_the_shell() {
    let sandbox = with_two();
    let wt = env!("CARGO_BIN_EXE_wt");
    let bin = std::path::Path::new(wt).parent().unwrap();
    let script = "PATH=\"$1:$PATH\"; eval \"$(wt shell-init bash)\"; wt switch login >/dev/null && pwd; \
                  wt create fresh --switch >/dev/null && pwd; wt switch nobody 2>/dev/null; echo \"exit $?\"";
    let output = sandbox.program("bash", &sandbox.repo()).args(["-c", script, "bash"]).arg(bin).output();
    let Ok(output) = output else { return crate::support::skip("bash is not installed") };
    let expected = format!(
        "{}\n{}\nexit 1\n",
        sandbox.worktree("feature-login").display(),
        sandbox.worktree("feature-fresh").display()
    );
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{stderr}");
}
