//! Names that are asked wrongly: refused with the same code everywhere, and nothing made.

use crate::support::Sandbox;

#[test]
fn an_identifier_that_is_no_name_is_refused() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(300);
    for bad in ["..", ".", "a/b", "a\nb", "a b", "-lead", "", "ü", "a:b", "$(x)", "a\u{202e}b", &long] {
        let before = sandbox.snapshot();
        let argument = format!("--identifier={bad}");
        let plain = sandbox.wt(&["create", &argument]);
        assert_eq!(plain.status, 2, "{bad:?} {}", plain.shown());
        assert!(plain.stderr.contains("error: "), "{}", plain.shown());
        let run = sandbox.wt(&["--json", "create", &argument]);
        assert_eq!(run.status, 2, "{bad:?} {}", run.shown());
        run.error("name_invalid");
        sandbox.assert_unchanged(&before, &run);
    }
}

#[test]
fn a_leading_dash_after_the_double_dash_is_a_bad_name_not_a_flag() {
    let sandbox = Sandbox::new();
    sandbox.refused(&["create", "--", "-x"], "name_invalid");
}

#[test]
fn an_escape_in_a_name_never_reaches_the_terminal_raw() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["create", "a\u{1b}[31mb"]).exits(2);
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.shown());
}

#[test]
fn a_branch_that_git_would_refuse_is_refused() {
    let sandbox = Sandbox::new();
    for bad in ["a..b", "a b", "a~1", "a^", "x.lock", "@{-1}", "/a", "a/", "a//b", ".a", "-b", "a\nb", "HEAD"]
    {
        let before = sandbox.snapshot();
        let argument = format!("--branch={bad}");
        let run = sandbox.wt(&["--json", "create", "x", &argument]);
        assert_eq!(run.status, 2, "{bad:?} {}", run.shown());
        run.error("name_invalid");
        sandbox.assert_unchanged(&before, &run);
    }
}

#[test]
fn a_branch_with_shell_metacharacters_is_only_a_name() {
    let sandbox = Sandbox::new();
    let branch = "odd/$(touch pwned)'\"&;";
    // A space is not allowed in branches; everything else here is.
    let branch = branch.replace(' ', "");
    sandbox.wt(&["create", "odd", "--branch", &branch]).ok();
    let folder = sandbox.worktree("feature-odd");
    assert_eq!(sandbox.git(&folder, &["branch", "--show-current"]), branch);
    assert!(!sandbox.repo().join("pwned").exists() && !folder.join("pwned").exists());
}

#[test]
fn an_unknown_purpose_suggests_the_near_one() {
    let sandbox = Sandbox::new();
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["--json", "create", "x", "--purpose", "featrue"]).exits(2);
    let error = run.json()["error"].clone();
    assert!(
        ["usage", "config_invalid", "name_invalid"].contains(&error["code"].as_str().unwrap()),
        "{error}"
    );
    assert!(error["message"].as_str().unwrap().contains("featrue"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("feature"), "{error}");
    sandbox.assert_unchanged(&before, &run);
}

#[test]
fn a_purpose_of_the_users_own_works() {
    let sandbox = Sandbox::new();
    sandbox.configure("[purpose.spike]\nservices = [\"web\"]\n");
    let answer = sandbox.json(&["create", "x", "--purpose", "spike"]);
    assert_eq!(answer["worktree"]["branch"], "spike/x");
}

#[test]
fn an_identifier_may_have_64_letters_and_not_65() {
    let sandbox = Sandbox::new();
    sandbox.refused(&["create", &"x".repeat(65)], "name_invalid");
    sandbox.wt(&["create", &"x".repeat(64)]).ok();
}

#[test]
fn templates_name_folder_branch_and_worktree() {
    let sandbox = Sandbox::new();
    sandbox.configure(
        "[worktree]\nname = \"{{ identifier }}\"\nbranch = \"me/{{ identifier }}\"\n\
         path = \"{{ repo_parent }}/trees/{{ name }}\"\n",
    );
    let answer = sandbox.json(&["create", "login"]);
    assert_eq!(answer["worktree"]["name"], "login");
    assert_eq!(answer["worktree"]["branch"], "me/login");
    assert_eq!(answer["worktree"]["path"], sandbox.path("trees/login").to_str().unwrap());
}

#[test]
fn a_template_that_misses_a_variable_fails_before_anything_is_made() {
    let sandbox = Sandbox::new();
    sandbox.configure("[worktree]\npath = \"/tmp/{{ nmae }}\"\n");
    let error = sandbox.refused(&["create", "login"], "config_invalid");
    assert!(error.to_string().contains("nmae") && error.to_string().contains("worktree.path"), "{error}");
}

#[test]
fn a_branch_that_no_file_can_be_called_as_is_refused_before_anything_is_recorded() {
    let sandbox = Sandbox::new();
    let (fits, long) = ("b".repeat(250), "b".repeat(251));
    let in_part = format!("a/{long}/c");
    for bad in [&long, &"b".repeat(300), &in_part] {
        let before = sandbox.snapshot();
        let run = sandbox.wt(&["--json", "create", "login", "--branch", bad]);
        assert_eq!(run.status, 2, "{}", run.shown());
        run.error("name_invalid");
        sandbox.assert_unchanged(&before, &run);
    }
    sandbox.wt(&["create", "login", "--branch", &fits]).ok();
    sandbox.wt(&["remove", "feature-login", "--delete-branch"]).ok();
}

#[test]
fn an_identifier_that_is_a_worktrees_whole_name_is_told() {
    let sandbox = Sandbox::new();
    let first = sandbox.wt(&["create", "feature-login"]).ok();
    assert!(!first.stderr.contains("if that one was meant"), "{}", first.shown());
    sandbox.wt(&["remove", "feature-login"]).ok();
    sandbox.wt(&["create", "login"]).ok();
    let made = sandbox.wt(&["create", "feature-login"]).ok();
    made.says(&["there is a worktree `feature-login` already", "`wt switch feature-login`"]);
}
