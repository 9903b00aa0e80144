//! `wt carry`: what is new or unchanged here comes along, and nothing of the user's gives way unasked.

use std::fs;

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::git::write;

/// A repository that carries `.env`, `data/` and `tool`.
fn carrying() -> Sandbox {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    write(&repo, ".gitignore", ".env\n/data/\n/tool\n/late\n");
    write(&repo, ".worktreeinclude", ".env\n/data/\n/tool\n/late\n");
    sandbox.commit(&repo, "lists");
    write(&repo, ".env", "KEY=1\n");
    write(&repo, "data/a", "a");
    write(&repo, "data/b", "b");
    write(&repo, "data/old/c", "c");
    write(&repo, "tool", "t");
    sandbox
}

fn read(sandbox: &Sandbox, path: &str) -> String {
    fs::read_to_string(sandbox.worktree("feature-login").join(path)).unwrap()
}

fn reasons(carried: &Value) -> Vec<(&str, &str)> {
    let rows = carried["kept"].as_array().unwrap().iter();
    rows.map(|row| (row["path"].as_str().unwrap(), row["reason"].as_str().unwrap())).collect()
}

#[test]
fn what_is_new_or_unchanged_here_is_brought_and_the_users_edits_stay() {
    let sandbox = carrying();
    let repo = sandbox.repo();
    write(&repo, "late", "main's");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::remove_file(repo.join("late")).unwrap();
    let nothing = sandbox.json(&["carry", "login"]);
    assert_eq!((&nothing["carried"][0]["files"], reasons(&nothing["carried"][0]).len()), (&json!(0), 0));
    // Edited there, edited here, edited in both, deleted here, new there, new in both.
    write(&repo, ".env", "KEY=2\n");
    write(&repo, "data/a", "a2");
    write(&folder, "data/b", "mine");
    write(&repo, "data/b", "theirs");
    fs::remove_dir_all(folder.join("data/old")).unwrap();
    write(&repo, "data/new/d", "d");
    write(&repo, "data/own", "main's");
    write(&folder, "data/own", "my own");
    fs::remove_file(repo.join("tool")).unwrap();
    let before = sandbox.snapshot();
    let plan = sandbox.json(&["carry", "login", "--dry-run"])["plan"]["carried"][0].clone();
    sandbox.assert_unchanged(&before, &sandbox.wt(&["carry", "login", "--dry-run"]).ok());
    let carried = sandbox.json(&["carry", "-w", "login"])["carried"][0].clone();
    for answer in [&plan, &carried] {
        assert_eq!(answer["updated"], json!([".env", "data/a"]), "{answer}");
        assert_eq!((&answer["files"], &answer["worktree"]), (&json!(3), &json!("feature-login")), "{answer}");
        assert_eq!(
            reasons(answer),
            [("data/b", "edited"), ("data/old", "deleted"), ("data/own", "own")],
            "{answer}"
        );
    }
    let env = read(&sandbox, ".env");
    assert!(env.starts_with("KEY=2\n") && env.contains("PORT="), "{env}");
    sandbox.wt(&["env", "login", "--check"]).ok();
    assert_eq!(read(&sandbox, "data/a") + &read(&sandbox, "data/new/d"), "a2d");
    assert_eq!(read(&sandbox, "data/b") + &read(&sandbox, "data/own"), "minemy own");
    assert_eq!(read(&sandbox, "tool"), "t", "nothing is deleted");
    assert!(!folder.join("data/old").exists());
    assert_eq!(sandbox.status(&folder), "");
    // What was brought is a copy, and no loss; once more there is nothing to do.
    assert_eq!(sandbox.json(&["carry", "login"])["carried"][0]["files"], 0);
    let refused = sandbox.wt(&["remove", "login"]).exits(1);
    assert!(refused.stderr.contains("data/") && !refused.stderr.contains(".env"), "{}", refused.shown());
    // By force, and what is replaced is kept.
    let said = sandbox.wt(&["carry", "login"]).ok().says(&["wt carry --force feature-login"]);
    assert!(said.stderr.contains("data/b: it was changed here"), "{}", said.shown());
    let forced = sandbox.json(&["carry", "login", "--force"])["carried"][0].clone();
    assert_eq!((reasons(&forced).len(), &forced["files"]), (0, &json!(3)), "{forced}");
    assert_eq!(
        read(&sandbox, "data/b") + &read(&sandbox, "data/own") + &read(&sandbox, "data/old/c"),
        "theirsmain'sc"
    );
    let kept = std::path::PathBuf::from(forced["replaced"].as_str().unwrap());
    assert_eq!(fs::read_to_string(kept.join("data/b")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(kept.join("data/own")).unwrap(), "my own");
    sandbox.wt(&["remove", "login", "--force"]).ok();
    sandbox.wt(&["restore", "login"]).ok();
    assert!(kept.join("data/b").exists());
    assert_eq!(sandbox.json(&["carry", "login"])["carried"][0]["files"], 0, "the record came back");
}

#[test]
fn the_source_is_the_one_of_the_create_and_the_main_worktree_takes_nothing() {
    let sandbox = carrying();
    sandbox.wt(&["create", "one", "--no-env"]).ok();
    let one = sandbox.worktree("feature-one");
    write(&one, ".env", "KEY=one\n");
    sandbox.wt(&["create", "login", "--carry-from", "one", "--no-env"]).ok();
    write(&one, ".env", "KEY=later\n");
    write(&sandbox.repo(), ".env", "KEY=main\n");
    sandbox.wt(&["create", "none", "--no-carry", "--no-env"]).ok();
    // A copy that a process has open is not changed under it.
    let log = sandbox.worktree("feature-login").join("data/a");
    write(&one, "data/a", "newer");
    let opened = fs::File::open(&log).unwrap();
    let all = sandbox.json(&["carry", "--all"]);
    let carried = all["carried"].as_array().unwrap();
    let of = |name: &str| carried.iter().find(|row| row["worktree"] == name).unwrap();
    assert_eq!(reasons(of("feature-login")), [("data/a", "in_use")], "{all}");
    assert_eq!(of("feature-login")["updated"], json!([".env"]), "{all}");
    assert_eq!(of("feature-login")["source"], one.display().to_string());
    assert_eq!(read(&sandbox, ".env"), "KEY=later\n");
    assert_eq!(
        (&of("feature-none")["files"], reasons(of("feature-one"))),
        (&json!(5), vec![(".env", "edited"), ("data/a", "edited")])
    );
    drop(opened);
    assert_eq!(sandbox.json(&["carry", "login"])["carried"][0]["updated"], json!(["data/a"]));
    // Gone: the main worktree is the source.
    sandbox.wt(&["remove", "one", "--force"]).ok();
    let again = sandbox.json(&["carry", "login"])["carried"][0].clone();
    assert_eq!(again["source"], sandbox.repo().display().to_string());
    assert_eq!(again["updated"], json!([".env", "data/a"]), "{again}");
    sandbox.refused(&["carry"], "usage");
    sandbox.refused(&["carry", "nobody"], "not_found");
    sandbox.refused(&["carry", "login", "-w", "login"], "usage");
}

#[test]
fn a_changed_source_is_told_by_validate_until_it_is_carried() {
    let sandbox = carrying();
    let repo = sandbox.repo();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let drift = || {
        let found = sandbox.json(&["validate"])["findings"].as_array().unwrap().clone();
        let of = |finding: &Value| {
            (finding["code"] == "carry-drift").then(|| finding["message"].as_str().unwrap().to_owned())
        };
        found.iter().find_map(of)
    };
    assert_eq!(drift(), None);
    // Touched is not changed, by its hash or by its copy; nor is what is gone.
    write(&repo, ".env", "KEY=1\n");
    write(&repo, "data/a", "a");
    fs::remove_file(repo.join("tool")).unwrap();
    assert_eq!(drift(), None);
    write(&repo, "data/b", "changed");
    write(&repo, ".env", "KEY=2\n");
    assert!(drift().unwrap().ends_with(": .env, data/b"), "{:?}", drift());
    sandbox.wt(&["carry", "login"]).ok();
    assert_eq!(drift(), None);
    // The same change here and there is none.
    write(&repo, "data/b", "both");
    write(&folder, "data/b", "both");
    assert!(drift().is_some());
    sandbox.wt(&["carry", "login"]).ok();
    assert_eq!(drift(), None);
}

#[test]
fn a_folder_of_our_kind_that_a_repository_brings_is_left_alone_and_led_nowhere() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let outside = sandbox.path("outside");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("precious"), "p").unwrap();
    let planted = repo.join(".carry.wt-4194305-00000000");
    std::fs::create_dir_all(&planted).unwrap();
    std::os::unix::fs::symlink(&outside, planted.join("tree")).unwrap();
    std::fs::write(repo.join(".gitignore"), "sec*\n").unwrap();
    std::fs::write(repo.join(".worktreeinclude"), "sec*\n").unwrap();
    sandbox.git(&repo, &["add", "-A"]);
    sandbox.git(&repo, &["commit", "-qm", "planted"]);
    std::fs::write(repo.join("sec"), "s").unwrap();
    sandbox.wt(&["create", "login"]).ok();
    sandbox.wt(&["carry", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    assert!(folder.join(".carry.wt-4194305-00000000/tree").is_symlink());
    assert_eq!(sandbox.status(&folder), "");
    let kept = sandbox.program("find", &sandbox.state()).args([".", "-name", "precious"]).output().unwrap();
    assert!(kept.stdout.is_empty(), "{}", String::from_utf8_lossy(&kept.stdout));
}
