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
fn a_name_comes_before_a_branch_a_branch_before_a_folder_and_that_before_an_identifier() {
    let sandbox = with_two();
    let means = |word: &str, folder: &std::path::Path| {
        let said = sandbox.wt(&["path", word]).ok().stdout;
        assert_eq!(said, format!("{}\n", folder.display()), "{word}");
    };
    let login = sandbox.worktree("feature-login");
    means("login", &login);
    // A worktree's folder of that name where one stands; git calls the worktree as its folder was called first.
    let (first, beside) = (sandbox.repo().join("first"), sandbox.repo().join("login"));
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "other", first.to_str().unwrap()]);
    sandbox.git(&sandbox.repo(), &["worktree", "move", first.to_str().unwrap(), beside.to_str().unwrap()]);
    means("login", &beside);
    means("other", &beside);
    // A branch that is called so, of a worktree on record and of one that is not.
    sandbox.git(&sandbox.worktree("feature-logout"), &["checkout", "-q", "-b", "login"]);
    means("login", &sandbox.worktree("feature-logout"));
    sandbox.git(&sandbox.worktree("feature-logout"), &["checkout", "-q", "feature/logout"]);
    let unrecorded = sandbox.path("elsewhere");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", unrecorded.to_str().unwrap(), "login"]);
    means("login", &unrecorded);
    // What git calls so, without a record: that is its name.
    let named = sandbox.path("other");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "--detach", named.to_str().unwrap()]);
    means("other", &named);
}

#[test]
fn one_that_git_moved_or_that_is_amid_a_rebase_keeps_its_words() {
    let sandbox = with_two();
    let (login, moved) = (sandbox.worktree("feature-login"), sandbox.path("moved"));
    crate::support::git::write(&login, "src/main.txt", "theirs\n");
    sandbox.commit(&login, "theirs");
    crate::support::git::write(&sandbox.repo(), "src/main.txt", "ours\n");
    sandbox.commit(&sandbox.repo(), "ours");
    sandbox.try_git(&login, &["rebase", "main"]);
    assert_eq!(sandbox.git(&login, &["rev-parse", "--abbrev-ref", "HEAD"]), "HEAD");
    let words = ["feature/login", "login", "feature-login"];
    for word in words {
        assert_eq!(sandbox.wt(&["path", word]).ok().stdout, format!("{}\n", login.display()), "{word}");
    }
    sandbox.git(&login, &["rebase", "--abort"]);
    sandbox.git(&sandbox.repo(), &["worktree", "move", login.to_str().unwrap(), moved.to_str().unwrap()]);
    // Before any command has noticed: where it stood nothing is any more.
    sandbox.refused(&["remove", "--dry-run", login.to_str().unwrap()], "not_found");
    for word in words.into_iter().chain(moved.to_str()) {
        assert_eq!(sandbox.wt(&["path", word]).ok().stdout, format!("{}\n", moved.display()), "{word}");
    }
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
