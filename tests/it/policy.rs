//! `[policy]` and `WT_POLICY`: what is not allowed is refused before anything is looked at, and a read-only `wt` writes nothing.

use std::fs;

use crate::support::holder::{Hold, hold};
use crate::support::{Sandbox, git};

#[test]
fn read_only_looks_at_everything_and_writes_nothing() {
    let mut sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    // Something to heal, of which a look would tell.
    fs::remove_dir_all(sandbox.worktree("feature-one")).unwrap();
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "feature/two", "../two"]);
    let before = sandbox.snapshot();
    let files = sandbox.state_files();
    sandbox.set("WT_POLICY", "read-only");
    for looks in [
        &["list"][..],
        &["list", "--status"],
        &["prompt"],
        &["switch", "feature-one"],
        &["restore"],
        &["agent", "status"],
        &["clean", "--dry-run"],
        &["status", "-w", "feature-one"],
        &["health"],
        &["events"],
        &["metrics"],
        &["validate", "--verify-ports"],
        &["doctor"],
        &["ports"],
        &["ports", "scan"],
        &["config", "show"],
        &["create", "x", "--dry-run"],
        &["ports", "resolve", "--dry-run"],
        &["config", "export", "-"],
        &["report"],
    ] {
        let run = sandbox.wt(looks);
        assert!(!run.stderr.contains("read-only"), "{}", run.shown());
        sandbox.assert_unchanged(&before, &run);
        assert_eq!(sandbox.state_files(), files, "{}", run.shown());
    }
    for changes in [
        &["create", "x"][..],
        &["remove", "feature-one"],
        &["adopt", "../two"],
        &["up"],
        &["run", "true"],
        &["switch", "^", "-x", "true"],
        &["trust", "--yes"],
        &["validate", "--fix"],
        &["ports", "kill", "5000"],
        &["ports", "resolve"],
        &["report", "--html", "r.html"],
        &["serve", "--detach"],
        &["env"],
        &["hooks", "install"],
        &["init"],
    ] {
        let error = sandbox.refused(changes, "not_allowed");
        assert_eq!(error["details"]["policy"], "policy.mode", "{error}");
    }
    sandbox.wt(&["hook", "post-checkout", "0", "0", "1"]).ok();
    sandbox.set("WT_POLICY", "readonly");
    sandbox.refused(&["list"], "config_invalid");
    sandbox.set("WT_POLICY", "");
    sandbox.configure("[policy]\nmode = \"read-only\"\n");
    sandbox.refused(&["create", "x"], "not_allowed");
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["list"]).ok();
    sandbox.assert_unchanged(&before, &run);
}

#[test]
fn ending_a_holder_and_giving_up_work_are_as_the_user_says_and_a_repository_only_makes_it_stricter() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    git::write(&sandbox.worktree("feature-one"), "new.txt", "work");
    let port = sandbox.port(0);
    let _held = hold("127.0.0.1", port, Hold::Listen).unwrap();
    let kill = ["ports", "kill", &port.to_string()];
    sandbox.configure("[policy]\nkill = \"never\"\nremove_force = \"never\"\n");
    let error = sandbox.refused(&[&kill[..], &["--yes"]].concat(), "not_allowed");
    assert_eq!(error["details"]["policy"], "policy.kill", "{error}");
    let before = sandbox.events().len();
    let resolve = ["ports", "resolve", "--strategy", "aggressive", "--yes"];
    let error = sandbox.refused(&resolve, "not_allowed");
    assert_eq!((&error["details"]["policy"], sandbox.events().len()), (&"policy.kill".into(), before));
    sandbox.refused(&["remove", "feature-one", "--force"], "not_allowed");
    sandbox.refused(&["remove", "feature-one"], "dirty");
    sandbox.configure("[policy]\nkill = \"ask\"\nremove_force = \"ask\"\n");
    sandbox.refused(&kill, "not_allowed");
    sandbox.refused(&["remove", "feature-one", "--force", "--yes"], "not_allowed");
    sandbox.configure("[policy]\nremove_force = \"ask\"\n");
    fs::write(sandbox.repo().join(".wt.toml"), "[policy]\nremove_force = \"allow\"\nkill = \"never\"\n")
        .unwrap();
    sandbox.refused(&["remove", "feature-one", "--force"], "not_allowed");
    sandbox.refused(&[&kill[..], &["--yes"]].concat(), "not_allowed");
    fs::remove_file(sandbox.repo().join(".wt.toml")).unwrap();
    sandbox.configure("[policy]\nremove_force = \"allow\"\n");
    sandbox.wt(&["remove", "feature-one", "--force"]).ok();
}
