//! Asking again: `--reuse` answers with what is there, and every worktree remembers where its branch began.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::wait::end_of;

/// The worktree of that name in `wt list --status`.
fn listed(sandbox: &Sandbox, name: &str) -> Value {
    let list = sandbox.json(&["list", "--status"]);
    list["worktrees"].as_array().unwrap().iter().find(|one| one["name"] == name).cloned().unwrap()
}

#[test]
fn a_worktree_that_is_there_and_agrees_is_the_answer_and_gets_the_ports_it_lacks() {
    let sandbox = Sandbox::new();
    let first = sandbox.json(&["create", "login", "--reuse"]);
    assert_eq!((&first["created"], &first["branch"]["action"]), (&json!(true), &json!("new")), "{first}");
    fs::write(sandbox.worktree("feature-login").join("work"), "mine").unwrap();
    let again = sandbox.json(&["create", "login", "--reuse", "--ports=web,api"]);
    assert_eq!(again["created"], false);
    assert_eq!(
        (&again["worktree"]["name"], &again["branch"]["name"]),
        (&json!("feature-login"), &json!("feature/login"))
    );
    assert_eq!(again["worktree"]["ports"].as_array().unwrap().len(), 2, "{again}");
    let env = fs::read_to_string(sandbox.worktree("feature-login").join(".env")).unwrap();
    assert!(env.contains(&format!("API_PORT={}", sandbox.port(1))), "{env}");
    let before = sandbox.registry();
    for words in [
        &["create", "login", "--reuse"][..],
        &["create", "--branch", "feature/login", "--reuse", "--ports=web"],
    ] {
        let run = sandbox.wt(words).ok();
        assert!(run.stdout.starts_with("Reused feature-login on branch feature/login\n"), "{}", run.shown());
    }
    assert_eq!(sandbox.registry(), before);
    let plan = sandbox.json(&["create", "login", "--reuse", "--dry-run"])["plan"].clone();
    assert_eq!((&plan["name"], &plan["created"]), (&json!("feature-login"), &json!(false)));
    // What is different there has no effect, and is said.
    let words = ["create", "login", "--reuse", "--base", "HEAD", "--lock=mine", "--path", "elsewhere"];
    let run = sandbox.wt(&words).ok();
    assert!(
        run.stderr.contains("`--lock` has no effect") && run.stderr.contains("`--path "),
        "{}",
        run.shown()
    );
    assert!(!run.stderr.contains("--base"), "it began there: {}", run.shown());
    let run =
        sandbox.wt(&["create", "login", "--reuse", "-x", "sh", "-c", "echo $API_PORT; pwd; exit 4"]).exits(4);
    assert_eq!(run.stdout, format!("{}\n{}\n", sandbox.port(1), sandbox.worktree("feature-login").display()));
    assert_eq!(fs::read_to_string(sandbox.worktree("feature-login").join("work")).unwrap(), "mine");
}

#[test]
fn one_that_does_not_agree_is_refused_and_one_whose_folder_is_gone_is_made_again() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    sandbox.refused(&["create", "--reuse"], "usage");
    let error = sandbox.refused(&["create", "login", "--reuse", "--branch", "other"], "worktree_exists");
    assert!(
        error["message"].as_str().unwrap().contains("branch `feature/login` and not on branch `other`"),
        "{error}"
    );
    sandbox.git(&folder, &["switch", "-q", "-c", "moved"]);
    sandbox.refused(&["create", "login", "--reuse"], "worktree_exists");
    sandbox.git(&folder, &["switch", "-q", "feature/login"]);
    sandbox.configure("[worktree]\nname = \"{{ identifier }}\"\n");
    sandbox.wt(&["create", "same", "--purpose", "bugfix", "--branch", "b"]).ok();
    let error = sandbox.refused(&["create", "same", "--branch", "b", "--reuse"], "worktree_exists");
    assert!(
        error["message"].as_str().unwrap().contains("its purpose is `bugfix` and not `feature`"),
        "{error}"
    );
    sandbox.configure("");
    fs::remove_dir_all(&folder).unwrap();
    let again = sandbox.json(&["create", "login", "--reuse", "--ports"]);
    assert_eq!(
        (&again["created"], &again["branch"]["action"]),
        (&json!(true), &json!("existing")),
        "{again}"
    );
    assert_eq!(again["worktree"]["ports"][0]["port"], sandbox.port(0), "its former port");
    assert!(folder.join(".env").exists());
    // Also where git's record was all that was left.
    sandbox.wt(&["remove", "login"]).ok();
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", folder.to_str().unwrap(), "feature/login"]);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(sandbox.json(&["create", "login", "--reuse"])["created"], true);
}

#[test]
fn of_many_that_ask_at_once_one_creates_and_all_have_the_same_worktree() {
    let sandbox = Sandbox::new();
    let words = ["--json", "create", "login", "--ports", "--reuse"];
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = sandbox.command(&sandbox.repo(), &words);
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    let answers = children.into_iter().map(|mut child| {
        let status = end_of(&mut child);
        let answer: Value = serde_json::from_reader(child.stdout.take().unwrap()).unwrap();
        assert!(status.success(), "{answer}");
        assert_eq!(answer["worktree"]["ports"][0]["port"], sandbox.port(0), "{answer}");
        answer["created"].as_bool().unwrap()
    });
    assert_eq!(answers.filter(|created| *created).count(), 1);
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn where_a_branch_began_is_recorded_and_shown_with_the_commits_since() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let tip = sandbox.git(&repo, &["rev-parse", "HEAD"]).trim().to_owned();
    let made = sandbox.json(&["create", "one"]);
    let base = json!({"name": "main", "commit": tip, "ahead": 0, "behind": 0});
    assert_eq!(made["worktree"]["base"], base, "{made}");
    let folder = sandbox.worktree("feature-one");
    for text in ["a", "b"] {
        sandbox.git(&folder, &["commit", "-q", "--allow-empty", "-m", text]);
    }
    sandbox.git(&repo, &["commit", "-q", "--allow-empty", "-m", "main goes on"]);
    let one = listed(&sandbox, "feature-one");
    assert_eq!(one["base"], json!({"name": "main", "commit": tip, "ahead": 2, "behind": 1}), "{one}");
    assert_eq!((&one["ahead"], &one["behind"]), (&json!(2), &json!(1)), "of the default branch, as ever");
    let list = sandbox.json(&["list"]);
    assert!(list["worktrees"].as_array().unwrap().iter().all(|one| one.get("base").is_none()), "{list}");
    // A commit that was named stays the commit that it was; what existed before began nowhere that we know of.
    sandbox.wt(&["create", "two", "--base", "HEAD~1"]).ok();
    assert_eq!(
        listed(&sandbox, "feature-two")["base"],
        json!({"name": "HEAD~1", "commit": tip, "ahead": 0, "behind": 0})
    );
    sandbox.git(&repo, &["branch", "old"]);
    assert_eq!(sandbox.json(&["create", "--branch", "old"])["worktree"]["base"], Value::Null);
    assert_eq!(listed(&sandbox, "feature-old")["base"], Value::Null);
    sandbox.wt(&["remove", "one"]).ok();
    sandbox.wt(&["restore", "feature-one"]).ok();
    assert_eq!(listed(&sandbox, "feature-one")["base"]["commit"], tip);
}

#[test]
fn a_branch_here_that_follows_the_remotes_that_was_named_says_how_far_it_is_behind() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["branch", "feat/x"]);
    sandbox.git(&repo, &["checkout", "-q", "feat/x"]);
    sandbox.git(&repo, &["commit", "-q", "--allow-empty", "-m", "theirs"]);
    sandbox.add_remote(&repo, "origin");
    sandbox.git(&repo, &["checkout", "-q", "main"]);
    sandbox.git(&repo, &["branch", "-q", "-f", "feat/x", "main"]);
    sandbox.git(&repo, &["branch", "-q", "--set-upstream-to=origin/feat/x", "feat/x"]);
    let run = sandbox.wt(&["create", "--branch", "origin/feat/x"]).ok();
    assert!(run.stdout.lines().next().unwrap().ends_with(", 1 behind origin/feat/x)"), "{}", run.shown());
}
