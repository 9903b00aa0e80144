//! Branches of remotes: named as `REMOTE/NAME`, followed under their short names, and never made here under the remote's.

use crate::support::Sandbox;

/// A repository with remotes, each with the branch `feat/x` that is not here.
fn with_remotes(names: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["branch", "feat/x"]);
    for name in names {
        sandbox.add_remote(&sandbox.repo(), name);
    }
    sandbox.git(&sandbox.repo(), &["branch", "-q", "-D", "feat/x"]);
    sandbox
}

fn upstream(sandbox: &Sandbox, branch: &str) -> String {
    let spec = format!("{branch}@{{u}}");
    let output = sandbox.try_git(&sandbox.repo(), &["rev-parse", "--abbrev-ref", &spec]);
    if output.status.success() {
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    } else {
        String::new()
    }
}

#[test]
fn a_remotes_branch_is_followed_under_its_short_name() {
    let sandbox = with_remotes(&["origin", "fork"]);
    for (index, remote) in ["fork", "origin"].into_iter().enumerate() {
        for prefix in ["", "remotes/", "refs/remotes/"] {
            let answer = sandbox.json(&["create", "--branch", &format!("{prefix}{remote}/feat/x")]);
            assert_eq!(answer["worktree"]["branch"], "feat/x", "{answer}");
            assert_eq!(upstream(&sandbox, "feat/x"), format!("{remote}/feat/x"), "{index}");
            let heads =
                sandbox.git(&sandbox.repo(), &["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
            assert_eq!(heads, "feat/x\nmain", "no branch bears the remote's name");
            let name = answer["worktree"]["name"].as_str().unwrap();
            sandbox.wt(&["remove", name, "-D"]).ok();
        }
    }
}

#[test]
fn a_branch_here_of_the_short_name_is_taken_only_where_it_follows_the_remotes() {
    let sandbox = with_remotes(&["origin", "fork"]);
    sandbox.git(&sandbox.repo(), &["branch", "-q", "--track", "feat/x", "fork/feat/x"]);
    let error = sandbox.refused(&["create", "d", "--branch", "origin/feat/x"], "branch_exists");
    assert!(error["message"].as_str().unwrap().contains("follows `fork/feat/x`"), "{error}");
    let answer = sandbox.json(&["create", "d", "--branch", "fork/feat/x"]);
    assert_eq!(answer["worktree"]["branch"], "feat/x");
    sandbox.wt(&["remove", "d"]).ok();
    sandbox.git(&sandbox.repo(), &["branch", "--unset-upstream", "feat/x"]);
    let error = sandbox.refused(&["create", "d", "--branch", "fork/feat/x"], "branch_exists");
    assert!(error["message"].as_str().unwrap().contains("follows nothing"), "{error}");
}

#[test]
fn no_branch_is_made_that_bears_a_remotes_name() {
    let sandbox = with_remotes(&["origin"]);
    let error = sandbox.refused(&["create", "d", "--branch", "origin/feat/y"], "branch_not_found");
    assert!(error["hint"].as_str().unwrap().contains("git fetch origin"), "{error}");
    sandbox.refused(&["create", "d", "--branch", "origin/HEAD"], "branch_not_found");
    for branch in ["origin/feat/x", "origin/new"] {
        sandbox.refused(&["create", "d", "--branch", branch, "--new-branch"], "name_invalid");
    }
    sandbox.refused(&["create", "d", "--branch", "refs/heads/d"], "name_invalid");
    // No remote of that name: an ordinary branch.
    let made = sandbox.wt(&["create", "d", "--branch", "fork/feat/x"]).ok();
    assert!(!made.stderr.contains("remote"), "{}", made.shown());
    assert!(sandbox.has_branch(&sandbox.repo(), "fork/feat/x"));
    // The template's own names only warn.
    sandbox.git(&sandbox.repo(), &["remote", "add", "feature", "/nowhere"]);
    sandbox.wt(&["create", "e"]).ok().says(&["begins with the name of the remote `feature`"]);
    assert!(sandbox.has_branch(&sandbox.repo(), "feature/e"));
}

#[test]
fn a_new_branch_never_follows_one_of_another_name_because_of_its_base() {
    let sandbox = with_remotes(&["origin"]);
    sandbox.git(&sandbox.repo(), &["branch", "-q", "--set-upstream-to=origin/main"]);
    for value in ["true", "false", "always", "simple", "inherit"] {
        sandbox.git(&sandbox.repo(), &["config", "branch.autoSetupMerge", value]);
        for base in ["origin/main", "main"] {
            let identifier = format!("{value}-{}", base.replace('/', "-"));
            sandbox.wt(&["create", &identifier, "--base", base]).ok();
            assert_eq!(upstream(&sandbox, &format!("feature/{identifier}")), "", "{value} {base}");
        }
        // Of its own name it does, unless that is off, or the base is to follow something.
        let words = ["create", "--branch", "feat/x", "--new-branch", "--base", "origin/feat/x"];
        sandbox.wt(&words).ok();
        let expected = if matches!(value, "false" | "inherit") { "" } else { "origin/feat/x" };
        assert_eq!(upstream(&sandbox, "feat/x"), expected, "{value}");
        sandbox.wt(&["remove", "feat/x", "-D"]).ok();
    }
}

#[test]
fn a_branch_that_follows_another_is_rebased_where_git_would_have_it_so() {
    let sandbox = with_remotes(&["origin"]);
    sandbox.git(&sandbox.repo(), &["config", "branch.autoSetupRebase", "remote"]);
    sandbox.wt(&["create", "--branch", "feat/x"]).ok();
    assert_eq!(upstream(&sandbox, "feat/x"), "origin/feat/x");
    assert_eq!(sandbox.git(&sandbox.repo(), &["config", "branch.feat/x.rebase"]), "true");
}

#[test]
fn a_number_that_a_remotes_branch_has_is_passed_over() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["branch", "feature/1"]);
    sandbox.add_remote(&sandbox.repo(), "origin");
    sandbox.git(&sandbox.repo(), &["branch", "-q", "-D", "feature/1"]);
    let answer = sandbox.json(&["create"]);
    assert_eq!(answer["worktree"]["branch"], "feature/2", "{answer}");
    assert_eq!(upstream(&sandbox, "feature/2"), "");
    // By its name it is taken all the same.
    assert_eq!(sandbox.json(&["create", "1"])["worktree"]["branch"], "feature/1");
    assert_eq!(upstream(&sandbox, "feature/1"), "origin/feature/1");
}

#[test]
fn a_branch_named_like_a_remotes_is_told_and_the_next_create_starts_from_it() {
    let sandbox = Sandbox::new();
    let made = sandbox.wt(&["create", "x", "--branch", "origin/foo"]).ok();
    made.says(&["there is no remote `origin`", "`origin/foo` is a new branch"]);
    let error = sandbox.refused(&["create", "x"], "worktree_exists");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("create x-2 --base origin/foo`"), "{hint}");
    sandbox.git(&sandbox.worktree("feature-x"), &["branch", "-q", "-m", "elsewhere"]);
    let error = sandbox.refused(&["create", "x"], "worktree_exists");
    assert!(error["hint"].as_str().unwrap().contains("--base elsewhere`"), "{error}");
    sandbox.wt(&["create", "x-2", "--base", "elsewhere"]).ok();
}
