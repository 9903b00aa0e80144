//! `wt restore` of a worktree whose folder was deleted by hand, whose record a command had released by then.

use std::fs;

use crate::support::Sandbox;

#[test]
fn what_was_released_and_pruned_comes_back_with_purpose_identifier_ports_and_env_block() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "other", "--ports"]).ok();
    let made = sandbox.json(&["create", "login", "--ports"]);
    let folder = sandbox.worktree("feature-login");
    fs::remove_dir_all(&folder).unwrap();
    sandbox.wt(&["list"]).ok().says(&["`feature-login` was released"]);
    sandbox.wt(&["prune"]).ok();
    sandbox.wt(&["remove", "other"]).ok();
    let back = sandbox.json(&["restore", "login"]);
    for key in ["name", "purpose", "identifier", "branch"] {
        assert_eq!(back["worktree"][key], made["worktree"][key], "{key}");
    }
    assert_eq!(back["worktree"]["ports"][0]["port"], sandbox.port(1));
    let block = fs::read_to_string(folder.join(".env")).unwrap();
    assert!(block.contains(&format!("PORT={}", sandbox.port(1))), "{block}");
}

#[test]
fn one_without_ports_keeps_its_purpose_and_its_identifier() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    sandbox.wt(&["list"]).ok();
    sandbox.wt(&["prune"]).ok();
    let back = sandbox.json(&["restore", "login"]);
    assert_eq!(
        (&back["worktree"]["purpose"], &back["worktree"]["identifier"]),
        (&"feature".into(), &"login".into())
    );
    let block = fs::read_to_string(sandbox.worktree("feature-login").join(".env")).unwrap();
    assert!(block.contains("WT_PURPOSE=feature"), "{block}");
}

#[test]
fn a_worktree_without_a_purpose_is_told_how_it_gets_one() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("loose");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "loose", folder.to_str().unwrap()]);
    sandbox.wt(&["adopt", "loose"]).ok();
    let refused = sandbox.wt_in(&folder, &["ports", "allocate", "--service", "web"]).exits(2);
    refused.says(&["no purpose", "wt adopt loose --purpose feature"]);
    sandbox.wt_in(&folder, &["adopt", "loose", "--purpose", "feature"]).ok();
    sandbox.wt_in(&folder, &["ports", "allocate", "--service", "web"]).ok();
    assert_eq!(sandbox.living()[0]["purpose"], "feature");
}
