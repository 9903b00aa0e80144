//! A branch's own `.wt.toml`: only the main worktree's counts, and that is said where it matters.

use std::fs;

use serde_json::json;

use super::support::git::write;
use super::support::{Run, Sandbox};

const COUNTS: &str = "[service.web]\nenv = [\"PORT\"]\n";
const CHANGED: &str = "[service.web]\nenv = [\"PORT\", \"WEB\"]\n";

/// A repository with a `.wt.toml` and a worktree of it.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    write(&sandbox.repo(), ".wt.toml", COUNTS);
    sandbox.commit(&sandbox.repo(), "configure");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox
}

fn is_told(run: &Run) -> bool {
    run.stderr.contains(".wt.toml differs from ") && run.stderr.contains("which alone counts")
}

fn codes(sandbox: &Sandbox) -> Vec<String> {
    let findings = sandbox.json(&["validate"])["findings"].as_array().unwrap().clone();
    findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_branch_changed_is_told_once_where_it_matters() {
    let sandbox = sandbox();
    let folder = sandbox.worktree("feature-login");
    let wt = |words: &[&str]| sandbox.wt_in(&folder, words);
    assert!(!is_told(&wt(&["env"]).ok()), "nothing differs");
    for (text, words) in [
        (CHANGED.to_owned(), &["env"][..]),
        (format!("{CHANGED}run = \"true\"\n"), &["run", "--", "true"]),
        (format!("{CHANGED}run = \"false\"\n"), &["up"]),
    ] {
        write(&folder, ".wt.toml", &text);
        for quiet in [&["list"][..], &["path", "login"], &["status"], &["env", "--check"], &["-q", "list"]] {
            assert!(!is_told(&wt(quiet)), "{quiet:?}");
        }
        assert!(is_told(&wt(words)), "{words:?}");
        for again in [&["env"][..], &["run", "--", "true"], &["up"]] {
            assert!(!is_told(&wt(again)), "{again:?} after {words:?}");
        }
    }
    write(&folder, ".wt.toml", &format!("# a comment\n{COUNTS}"));
    assert!(!is_told(&wt(&["env"]).ok()), "a comment is no difference");
}

#[test]
fn create_tells_of_a_branch_that_brings_its_own() {
    let sandbox = sandbox();
    sandbox.git(&sandbox.repo(), &["checkout", "-q", "-b", "feature/own"]);
    write(&sandbox.repo(), ".wt.toml", CHANGED);
    sandbox.commit(&sandbox.repo(), "own");
    sandbox.git(&sandbox.repo(), &["checkout", "-q", "main"]);
    let run = sandbox.wt(&["create", "own", "--json"]).ok();
    assert!(is_told(&run), "{}", run.shown());
    assert!(!is_told(&sandbox.wt_in(&sandbox.worktree("feature-own"), &["env"]).ok()), "told before");
    assert_eq!(codes(&sandbox), ["config-differs"]);
}

#[test]
fn validate_finds_what_a_branch_changed_and_not_what_is_behind() {
    let sandbox = sandbox();
    assert_eq!(codes(&sandbox), [""; 0]);
    let folder = sandbox.worktree("feature-login");
    write(&sandbox.repo(), ".wt.toml", CHANGED);
    assert_eq!(codes(&sandbox), [""; 0], "the main worktree is ahead of what the branch began with");
    write(&folder, ".wt.toml", "[service.web]\nenv = [\"PORT\", \"MINE\"]\n");
    let answer = sandbox.json(&["validate"]);
    let finding = &answer["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["severity"], &finding["subject"], &finding["fixable"]),
        (&json!("config-differs"), &json!("info"), &json!("feature-login"), &json!(false)),
        "{answer}"
    );
    assert_eq!(answer["summary"]["info"], 1);
    fs::copy(folder.join(".wt.toml"), sandbox.repo().join(".wt.toml")).unwrap();
    assert_eq!(codes(&sandbox), [""; 0], "it counts now");
}

#[test]
fn where_another_file_counts_nothing_is_said() {
    let sandbox = sandbox();
    let folder = sandbox.worktree("feature-login");
    write(&folder, ".wt.toml", CHANGED);
    let file = folder.join(".wt.toml");
    let named = ["--config", file.to_str().unwrap()];
    assert!(!is_told(&sandbox.wt_in(&folder, &[&named[..], &["run", "--", "true"]].concat()).ok()));
    let bare = Sandbox::without_repository();
    let repository = bare.make_repository("proj");
    bare.git(&bare.path(""), &["clone", "-q", "--bare", repository.to_str().unwrap(), "bare.git"]);
    let own = bare.path("own");
    bare.git(&bare.path("bare.git"), &["worktree", "add", "-q", own.to_str().unwrap()]);
    bare.wt_in(&own, &["adopt"]).ok();
    write(&own, ".wt.toml", CHANGED);
    assert!(!is_told(&bare.wt_in(&own, &["env"]).ok()));
}
