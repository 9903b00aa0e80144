//! `wt validate`: what git, folders, branches and env blocks say against the records, and mending it.

use std::fs;

use serde_json::Value;

use crate::support::{Sandbox, git};

/// The findings of a run that exits with `status`.
pub fn findings(sandbox: &Sandbox, arguments: &[&str], status: i32) -> Vec<Value> {
    let words: Vec<&str> = [&["validate", "--json"], arguments].concat();
    let answer = sandbox.wt(&words).exits(status).json();
    assert_eq!((answer["schema"].as_u64(), answer["command"].as_str()), (Some(1), Some("validate")));
    answer["findings"].as_array().unwrap().clone()
}

pub fn codes(findings: &[Value]) -> Vec<&str> {
    findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// Mends everything and asserts that a second run finds nothing.
pub fn mended(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let found = findings(sandbox, &[arguments, &["--fix"]].concat(), 0);
    assert!(found.iter().all(|finding| finding["fixed"] == true), "{found:#?}");
    assert_eq!(codes(&findings(sandbox, &[arguments, &["--fix"]].concat(), 0)), [""; 0]);
    found
}

#[test]
fn a_repository_in_order_is_valid() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    assert_eq!(findings(&sandbox, &[], 0), [] as [Value; 0]);
    sandbox.wt(&["validate"]).ok().answers(&["Valid", "1 worktree"]);
    sandbox.wt(&["validate", "--verbose"]).ok().says(&["registry.json", "1 worktree, 1 port"]);
}

#[test]
fn outside_of_a_repository_it_says_so_and_all_works() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    sandbox.refused_in(&sandbox.path(""), &["validate"], "not_a_repository");
    sandbox.wt_in(&sandbox.path(""), &["validate", "--all"]).ok();
}

#[test]
fn plain_validate_and_a_dry_run_change_nothing() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["create", "gone", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-gone")).unwrap();
    fs::remove_file(sandbox.worktree("feature-login").join(".env")).unwrap();
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["validate"]).exits(1);
    sandbox.assert_unchanged(&before, &run);
    let run = sandbox.wt(&["validate", "--fix", "--dry-run", "--json"]).exits(1);
    sandbox.assert_unchanged(&before, &run);
    let plan = run.json()["plan"].clone();
    let actions: Vec<&str> =
        plan.as_array().unwrap().iter().map(|fix| fix["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["release_entry", "render_env"]);
}

#[test]
fn a_finding_has_everything_that_programs_need() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    let found = findings(&sandbox, &[], 1);
    let finding = &found[0];
    assert_eq!(finding["code"], "worktree-missing");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["subject"], "feature-login");
    assert_eq!(finding["fixable"], true);
    assert_eq!(finding["fixed"], false);
    assert_eq!(finding["fix"]["action"], "release_entry");
    assert!(finding["message"].as_str().unwrap().contains("is gone"));
    let summary = sandbox.wt(&["validate", "--json"]).json()["summary"].clone();
    assert_eq!(summary["error"], 1);
    assert_eq!(summary["fixable"], 1);
    assert_eq!(summary["fixed"], 0);
}

#[test]
fn people_see_it_by_worktree_with_the_fix_under_each_finding() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    let run = sandbox.wt(&["validate"]).exits(1);
    let text = run.answers(&["feature-login\n", "  error  worktree-missing", "    fix   release the record"]);
    text.says(&["wt validate --fix"]);
}

#[test]
fn a_vanished_worktree_is_released_and_a_locked_one_is_not() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "gone", "--ports"]).ok();
    sandbox.wt(&["create", "stick", "--lock"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-gone")).unwrap();
    fs::remove_dir_all(sandbox.worktree("feature-stick")).unwrap();
    let found = findings(&sandbox, &["--fix"], 0);
    assert_eq!(codes(&found), ["worktree-missing", "worktree-unregistered"], "ours first, then git's own");
    assert_eq!((&found[0]["fixed"], &found[1]["fixed"]), (&true.into(), &true.into()));
    assert_eq!(sandbox.living().len(), 1);
    assert_eq!(codes(&findings(&sandbox, &[], 0)), [""; 0]);
}

#[test]
fn a_worktree_of_plain_git_is_recorded() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let path = sandbox.path("by-hand");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-b", "fix/crash", path.to_str().unwrap()]);
    assert_eq!(codes(&findings(&sandbox, &[], 0)), ["worktree-unregistered"]);
    mended(&sandbox, &[]);
    let entry = sandbox.living().into_iter().find(|entry| entry["name"] == "by-hand").unwrap();
    assert_eq!(entry["purpose"], "bugfix");
}

#[test]
fn a_move_by_git_is_followed_and_the_env_block_stays_true() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let to = sandbox.path("elsewhere");
    let from = sandbox.worktree("feature-login");
    sandbox.git(&sandbox.repo(), &["worktree", "move", from.to_str().unwrap(), to.to_str().unwrap()]);
    assert_eq!(codes(&findings(&sandbox, &[], 1)), ["worktree-moved"]);
    mended(&sandbox, &[]);
    assert_eq!(sandbox.living()[0]["path"], to.to_str().unwrap());
}

#[test]
fn a_moved_repository_is_repaired_with_its_worktrees() {
    for together in [false, true] {
        let sandbox = Sandbox::without_repository();
        let repository = sandbox.make_repository("work/shop");
        sandbox.wt_in(&repository, &["create", "login", "--ports"]).ok();
        let moved = if together {
            fs::rename(sandbox.path("work"), sandbox.path("play")).unwrap();
            sandbox.path("play/shop")
        } else {
            fs::rename(&repository, sandbox.path("work/store")).unwrap();
            sandbox.path("work/store")
        };
        let run = sandbox.wt_in(&moved, &["validate", "--json"]).exits(1);
        assert_eq!(codes(run.json()["findings"].as_array().unwrap()), ["worktree-moved"], "{}", run.shown());
        let run = sandbox.wt_in(&moved, &["validate", "--fix"]).ok();
        let folder = sandbox.path(if together {
            "play/shop.worktrees/feature-login"
        } else {
            "work/shop.worktrees/feature-login"
        });
        assert_eq!(sandbox.status(&folder), "", "{}", run.shown());
        assert_eq!(sandbox.living()[0]["path"], folder.to_str().unwrap());
        assert_eq!(sandbox.living()[0]["repository"], moved.to_str().unwrap());
    }
}

#[test]
fn what_stands_in_a_worktrees_place_is_named_and_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    git::write(&folder, "thesis.txt", "mine\n");
    let found = findings(&sandbox, &["--fix"], 2);
    assert_eq!(codes(&found), ["worktree-foreign"]);
    assert_eq!(found[0]["fixable"], false);
    assert!(folder.join("thesis.txt").exists());
}

#[test]
fn a_switch_of_branch_is_recorded_and_the_env_block_follows() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&folder, &["switch", "-c", "feature/signup"]);
    let found = findings(&sandbox, &[], 0);
    // The block is compared with the branch that git has.
    assert_eq!(codes(&found), ["branch-changed", "env-drift"]);
    assert_eq!(found[0]["severity"], "info");
    mended(&sandbox, &[]);
    assert!(fs::read_to_string(folder.join(".env")).unwrap().contains("WT_BRANCH=feature/signup"));
    assert_eq!(sandbox.living()[0]["branch"], "feature/signup");
}

#[test]
fn a_branch_that_is_gone_is_for_a_person_to_settle() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    sandbox.git(&sandbox.repo(), &["update-ref", "-d", "refs/heads/feature/login"]);
    let found = findings(&sandbox, &["--fix"], 2);
    assert_eq!((codes(&found), found[0]["fixable"].as_bool()), (vec!["branch-missing"], Some(false)));
}

#[test]
fn env_blocks_that_are_missing_or_drifted_are_rendered_and_the_users_lines_stay() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    fs::remove_file(sandbox.worktree("feature-one").join(".env")).unwrap();
    let two = sandbox.worktree("feature-two").join(".env");
    let text = fs::read_to_string(&two).unwrap().replace("WT_NAME=feature-two", "WT_NAME=nonsense");
    git::write(two.parent().unwrap(), ".env", &format!("SECRET=1\n{text}"));
    assert_eq!(codes(&findings(&sandbox, &[], 0)), ["env-missing", "env-drift"]);
    mended(&sandbox, &[]);
    let text = fs::read_to_string(&two).unwrap();
    assert!(text.starts_with("SECRET=1\n") && text.contains("WT_NAME=feature-two"), "{text}");
}

#[test]
fn a_block_with_one_marker_missing_is_a_finding_and_stays_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let file = sandbox.worktree("feature-login").join(".env");
    let text = fs::read_to_string(&file).unwrap().replace("# <<< wt <<<\n", "");
    git::write(file.parent().unwrap(), ".env", &text);
    let found = findings(&sandbox, &["--fix"], 0);
    assert_eq!((codes(&found), found[0]["fixable"].as_bool()), (vec!["env-drift"], Some(false)));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_name_of_ours_outside_of_the_block_and_a_tracked_file_are_warnings() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let text = fs::read_to_string(folder.join(".env")).unwrap();
    git::write(&folder, ".env", &format!("PORT=1234\n{text}"));
    sandbox.git(&folder, &["add", "-f", ".env"]);
    let found = findings(&sandbox, &["--fix"], 0);
    assert_eq!(codes(&found), ["env-duplicate", "env-tracked"]);
}

#[test]
fn a_create_that_died_is_reported_and_settled() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let file = sandbox.state().join("registry.json");
    let text = fs::read_to_string(&file).unwrap();
    let creating = r#""state":"creating","process":{"pid":4194303,"started":1},"journal":{"token":"dead","commit":"0000000000000000000000000000000000000000","env":true}"#;
    git::write(&sandbox.state(), "registry.json", &text.replace(r#""state":"active""#, creating));
    assert_eq!(codes(&findings(&sandbox, &[], 1)), ["create-incomplete"]);
    mended(&sandbox, &[]);
    assert_eq!(sandbox.living()[0]["state"], "active", "it was whole");
}

#[test]
fn what_a_dead_git_left_half_made_is_taken_away_and_git_works_again() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let admin = sandbox.repo().join(".git/worktrees/half");
    fs::create_dir_all(&admin).unwrap();
    let folder = sandbox.path("half");
    for (name, text) in
        [("gitdir", folder.join(".git").to_str().unwrap()), ("commondir", ""), ("locked", "initializing")]
    {
        git::write(&admin, name, text);
    }
    git::write(&admin, "HEAD", &sandbox.git(&sandbox.repo(), &["rev-parse", "HEAD"]));
    assert!(!sandbox.try_git(&sandbox.repo(), &["worktree", "list"]).status.success(), "git fails");
    assert_eq!(codes(&findings(&sandbox, &[], 0)), [""; 0], "git may still be at it");
    git::age(&admin);
    assert_eq!(codes(&findings(&sandbox, &[], 1)), ["create-incomplete"]);
    mended(&sandbox, &[]);
    sandbox.git(&sandbox.repo(), &["worktree", "list"]);
    assert!(!admin.exists());
}

#[test]
fn a_worktree_that_git_left_without_its_last_step_is_finished() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("whole");
    sandbox.git(&sandbox.repo(), &["worktree", "add", folder.to_str().unwrap()]);
    let admin = sandbox.repo().join(".git/worktrees/whole");
    git::write(&admin, "locked", "initializing");
    git::write(&folder, "mine.txt", "not committed\n");
    git::age(&admin);
    git::age(&folder);
    mended(&sandbox, &[]);
    assert!(!admin.join("locked").exists() && folder.join("mine.txt").exists());
}

#[test]
fn a_half_made_worktree_with_something_of_the_users_in_it_is_left_alone() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("half");
    sandbox.git(&sandbox.repo(), &["worktree", "add", folder.to_str().unwrap()]);
    let admin = sandbox.repo().join(".git/worktrees/half");
    fs::remove_file(admin.join("index")).unwrap();
    git::write(&admin, "locked", "initializing");
    git::write(&folder, "mine.txt", "not committed\n");
    git::age(&admin);
    git::age(&folder);
    let found = findings(&sandbox, &["--fix"], 2);
    assert_eq!(codes(&found), ["create-incomplete"]);
    assert!(folder.join("mine.txt").exists() && admin.exists());
}

#[test]
fn a_broken_configuration_is_a_finding_and_no_refusal() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    git::write(&sandbox.repo(), ".wt.toml", "[purpose.feature]\nports = \"5099-5000\"\n");
    assert_eq!(codes(&findings(&sandbox, &[], 2)), ["range-invalid"]);
    git::write(
        &sandbox.repo(),
        ".wt.toml",
        "[purpose.one]\nports = \"5900-5999\"\n[purpose.two]\nports = \"5950-5960\"\n",
    );
    assert_eq!(codes(&findings(&sandbox, &[], 2)), ["range-overlap"]);
    git::write(&sandbox.repo(), ".wt.toml", "colour = \"blue\"\n");
    assert_eq!(codes(&findings(&sandbox, &[], 2)), ["config-invalid"]);
}

#[test]
fn a_fix_keeps_a_copy_of_the_registry_and_tells_what_it_did() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    let before = fs::read(sandbox.state().join("registry.json")).unwrap();
    let answer = sandbox.json(&["validate", "--fix"]);
    let backup = answer["backup"].as_str().unwrap();
    assert_eq!(fs::read(backup).unwrap(), before);
    assert_eq!(answer["summary"]["fixed"], 2, "our record and git's");
    assert!(sandbox.events().iter().any(|event| event["event"] == "released"));
}

#[test]
fn one_command_finishes_what_a_deletion_by_hand_began() {
    for asks_first in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.wt(&["create", "log8", "--ports"]).ok();
        let folder = sandbox.worktree("feature-log8");
        git::write(&folder, "staged.txt", "staged\n");
        sandbox.git(&folder, &["add", "-A"]);
        fs::remove_dir_all(&folder).unwrap();
        if asks_first {
            // Released in passing: git alone lists it, and it goes on being known by its name.
            sandbox.wt(&["list"]).ok();
            assert!(sandbox.living().is_empty());
            sandbox.wt(&["remove", "log8", "--dry-run"]).ok();
        }
        sandbox.wt(&["validate", "--fix"]).ok();
        let after = sandbox.json(&["validate"]);
        assert_eq!(after["findings"].as_array().map(Vec::len), Some(0), "{after}");
        assert!(!sandbox.git(&sandbox.repo(), &["worktree", "list"]).contains("log8"));
        sandbox.wt(&["restore", "log8"]).ok();
        assert_eq!(fs::read_to_string(folder.join("staged.txt")).unwrap(), "staged\n");
    }
}

/// Runs the first command of a hint that begins with `program`.
fn follow(sandbox: &Sandbox, hint: &str, program: &str) {
    let command = hint.split('`').find(|part| part.starts_with(program)).unwrap();
    let mut shell = sandbox.program("sh", &sandbox.repo());
    let command = command.replacen("wt ", "\"$WT\" ", usize::from(program == "wt "));
    let done = shell.args(["-c", &command]).env("WT", env!("CARGO_BIN_EXE_wt")).output().unwrap();
    assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn either_way_that_the_hint_names_settles_what_stands_in_a_worktrees_place() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    let hint = || {
        let found = findings(&sandbox, &[], 2);
        assert_eq!(codes(&found), ["worktree-foreign"]);
        found[0]["hint"].as_str().unwrap().to_owned()
    };
    // It is the worktree, and lost its link.
    fs::remove_file(folder.join(".git")).unwrap();
    follow(&sandbox, &hint(), "git ");
    assert!(findings(&sandbox, &[], 0).is_empty());
    assert_eq!(sandbox.status(&folder), "");
    // It is something else.
    fs::remove_file(folder.join(".git")).unwrap();
    let said = hint();
    fs::rename(&folder, sandbox.path("away")).unwrap();
    follow(&sandbox, &said, "wt ");
    assert!(findings(&sandbox, &[], 0).is_empty());
    assert_eq!(sandbox.living().len(), 0);
}
