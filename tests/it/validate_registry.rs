//! A registry that is damaged, in part or as a whole: said, mended, and nothing lost.

use std::fs;
use std::process::Stdio;

use crate::support::{Sandbox, git, skip, wait};
use crate::validate::{codes, findings, mended};

fn registry(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.state().join("registry.json")).unwrap()
}

fn damage(sandbox: &Sandbox, text: &str) {
    git::write(&sandbox.state(), "registry.json", text);
}

fn kept(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.state().join("registry.json.damaged-1")).unwrap()
}

#[test]
fn garbage_is_critical_and_the_backup_takes_its_place_with_the_damaged_bytes_kept() {
    for garbage in ["", "\0\0\0\0", "{\"schema\":1,\"worktr", "[]", "{\"schema\":\"one\"}", "not json at all"]
    {
        let sandbox = Sandbox::new();
        sandbox.wt(&["create", "one", "--ports"]).ok();
        sandbox.wt(&["create", "two", "--ports"]).ok();
        damage(&sandbox, garbage);
        let found = findings(&sandbox, &[], 2);
        assert_eq!(
            (codes(&found), found[0]["severity"].as_str()),
            (vec!["registry-unreadable"], Some("critical"))
        );
        assert_eq!(found[0]["fix"]["action"], "restore_backup");
        let found = findings(&sandbox, &["--fix"], 0);
        assert!(found.iter().all(|finding| finding["fixed"] == true), "{found:?}");
        assert_eq!(kept(&sandbox), garbage);
        let names: Vec<String> = sandbox.living().iter().map(|entry| entry["name"].to_string()).collect();
        assert_eq!(names, ["\"feature-one\"", "\"feature-two\""]);
        assert_eq!(codes(&findings(&sandbox, &["--fix"], 0)), [""; 0]);
    }
}

#[test]
fn a_create_that_the_backup_calls_unfinished_and_that_is_whole_is_finished_and_never_undone() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, "work.txt", "a day's work\n");
    let backup = fs::read_to_string(sandbox.state().join("registry.json.bak")).unwrap();
    assert!(backup.contains("\"creating\""), "the backup is one step behind");
    damage(&sandbox, "half");
    findings(&sandbox, &["--fix"], 0);
    assert!(folder.join("work.txt").exists());
    assert_eq!(sandbox.living()[0]["state"], "active");
}

#[test]
fn an_allocation_that_the_backup_does_not_know_is_believed_from_the_env_block() {
    let by_hand = |sandbox: &Sandbox| {
        let state = sandbox.state();
        fs::copy(state.join("registry.json.bak"), state.join("registry.json")).unwrap();
    };
    for recover in [&(|sandbox: &Sandbox| damage(sandbox, "half")) as &dyn Fn(&Sandbox), &by_hand] {
        let sandbox = Sandbox::new();
        sandbox.wt(&["create", "one", "--ports"]).ok();
        sandbox.wt(&["ports", "allocate", "--worktree", "feature-one", "--service", "api"]).ok();
        let env = fs::read_to_string(sandbox.worktree("feature-one").join(".env")).unwrap();
        assert!(env.contains(&sandbox.port(1).to_string()));
        recover(&sandbox);
        sandbox.wt(&["validate", "--fix"]).ok().says(&["`feature-one` has port", "again"]);
        assert_eq!(fs::read_to_string(sandbox.worktree("feature-one").join(".env")).unwrap(), env);
        assert_eq!(sandbox.living()[0]["allocations"][1]["port"], sandbox.port(1));
        assert_eq!(codes(&findings(&sandbox, &[], 0)), [""; 0]);
    }
}

#[test]
fn a_block_of_another_repository_is_heard_too_before_its_record_is_believed() {
    let sandbox = Sandbox::new();
    sandbox.make_repository("other");
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt_in(&sandbox.path("other"), &["create", "two", "--ports"]).ok();
    sandbox
        .wt_in(
            &sandbox.path("other"),
            &["ports", "allocate", "--worktree", "feature-two", "--service", "api"],
        )
        .ok();
    damage(&sandbox, "half");
    findings(&sandbox, &["--fix"], 0);
    let living = sandbox.living();
    let two = living.iter().find(|entry| entry["name"] == "feature-two").unwrap();
    assert_eq!(two["allocations"].as_array().unwrap().len(), 2, "{two}");
}

#[test]
fn a_server_that_runs_on_a_port_that_the_backup_does_not_know_keeps_it() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--no-env"]).ok();
    let folder = sandbox.worktree("feature-one");
    let Some(_server) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(3)]) else {
        return skip("no python3");
    };
    damage(&sandbox, "half");
    findings(&sandbox, &["--fix"], 0);
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(3));
}

#[test]
fn without_a_backup_it_is_rebuilt_from_its_own_rows_and_from_git_and_env_blocks() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports=web,api"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    let ports = |name: &str| {
        let living = sandbox.living();
        let entry = living.iter().find(|entry| entry["name"] == name).unwrap().clone();
        let all = entry["allocations"].as_array().unwrap().clone();
        all.iter().map(|known| format!("{}:{}", known["service"], known["port"])).collect::<Vec<_>>()
    };
    let before = (ports("feature-one"), ports("feature-two"));
    for half in [registry(&sandbox).replace("feature-two", "\u{0}"), "gone".to_owned()] {
        damage(&sandbox, &half);
        fs::remove_file(sandbox.state().join("registry.json.bak")).unwrap();
        let found = findings(&sandbox, &[], 2);
        assert_eq!(found[0]["fix"]["action"], "rebuild_registry");
        findings(&sandbox, &["--fix"], 0);
        assert_eq!((ports("feature-one"), ports("feature-two")), before);
        assert_eq!(codes(&findings(&sandbox, &[], 0)), [""; 0]);
    }
}

#[test]
fn a_registry_that_is_missing_while_its_backup_is_there_is_taken_from_it() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    fs::remove_file(sandbox.state().join("registry.json")).unwrap();
    assert_eq!(codes(&findings(&sandbox, &[], 2)), ["registry-unreadable"]);
    mended(&sandbox, &[]);
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn a_registry_of_a_newer_wt_is_left_unharmed() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    let newer = registry(&sandbox).replace("\"schema\":1", "\"schema\":99");
    damage(&sandbox, &newer);
    let found = findings(&sandbox, &["--fix"], 2);
    assert_eq!((codes(&found), found[0]["fixable"].as_bool()), (vec!["registry-unreadable"], Some(false)));
    assert_eq!(registry(&sandbox), newer);
}

#[test]
fn a_row_of_a_wrong_type_is_rebuilt_from_git_with_its_ports() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let broken = registry(&sandbox).replace("\"state\":\"active\"", "\"state\":7");
    damage(&sandbox, &broken);
    let found = findings(&sandbox, &[], 1);
    assert!(codes(&found).contains(&"registry-schema"), "{found:?}");
    findings(&sandbox, &["--fix"], 0);
    let entry = &sandbox.living()[0];
    assert_eq!(
        (entry["name"].as_str(), &entry["allocations"][0]["port"]),
        (Some("feature-one"), &sandbox.port(0).into())
    );
    assert_eq!(codes(&findings(&sandbox, &[], 0)), [""; 0]);
}

#[test]
fn rows_that_nobody_knows_are_set_aside_and_not_lost() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    let broken = registry(&sandbox)
        .replace("\"worktrees\":[", "\"worktrees\":[{\"name\":\"ghost\",\"secret\":42},")
        .replace("\"exclusions\":[", "\"exclusions\":[{\"what\":\"?\"}");
    damage(&sandbox, &broken);
    assert_eq!(codes(&findings(&sandbox, &[], 1)), ["registry-schema", "registry-schema"]);
    findings(&sandbox, &["--fix"], 0);
    let aside = fs::read_to_string(sandbox.state().join("set-aside.jsonl")).unwrap();
    assert!(aside.contains("\"secret\":42") && aside.contains("\"what\":\"?\""), "{aside}");
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn one_worktree_recorded_twice_keeps_its_elder_record() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let text = registry(&sandbox);
    let row =
        text.lines().find(|line| line.contains("\"name\":\"feature-one\"")).unwrap().trim_end_matches(',');
    for copy in [
        row.to_owned(),
        row.replace("\"name\":\"feature-one\"", "\"name\":\"other\"")
            .replace("\"sequence\":1", "\"sequence\":500"),
    ] {
        damage(&sandbox, &text.replace(row, &format!("{row},\n{copy}")));
        let found = findings(&sandbox, &[], 1);
        assert!(codes(&found).contains(&"duplicate-worktree"), "{found:?}");
        findings(&sandbox, &["--fix"], 0);
        assert_eq!(sandbox.living().len(), 1);
        assert_eq!(sandbox.living()[0]["name"], "feature-one");
        assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(0));
    }
}

#[test]
fn ten_thousand_unreadable_rows_are_looked_through() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let text = registry(&sandbox);
    let row =
        text.lines().find(|line| line.contains("\"name\":\"feature-one\"")).unwrap().trim_end_matches(',');
    let rows: Vec<String> = (0..10_000)
        .map(|number| {
            row.replace("feature-one", &format!("feature-x{number}"))
                .replace("\"sequence\":1", &format!("\"sequence\":{}", number + 100))
                .replace(&format!("\"port\":{}", sandbox.port(0)), "\"port\":0")
                .replace("\"state\":\"active\"", "\"state\":\"lost\"")
        })
        .collect();
    damage(&sandbox, &text.replace(row, &format!("{row},\n{}", rows.join(",\n"))));
    let found = findings(&sandbox, &["--fix"], 0);
    assert_eq!(found.len(), 10_000);
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn a_fix_writes_back_nothing_that_another_process_changed_meanwhile() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&folder, &["switch", "-q", "-c", "seen"]);
    // Until the lock is let go the fix has looked, and not yet written.
    let state = fs::File::open(sandbox.state()).unwrap();
    rustix::fs::flock(&state, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let mut command = sandbox.command(&sandbox.repo(), &["validate", "--fix"]);
    let mut fix = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let looked = sandbox.state().join("registry.json.before-fix");
    wait::until("the fix to have looked", || looked.exists());
    sandbox.git(&folder, &["switch", "-q", "-c", "newer"]);
    let hook = sandbox.command(&folder, &["hook", "post-checkout", "0", "0", "1"]).spawn().unwrap();
    drop(state);
    assert!(wait::end_of(&mut fix).success());
    assert!(hook.wait_with_output().unwrap().status.success());
    assert_eq!(sandbox.living()[0]["branch"], "newer");
    let branches = || sandbox.events().into_iter().filter(|event| event["event"] == "branch_changed");
    assert_eq!(
        branches().count(),
        1,
        "nothing was written that was not so: {:?}",
        branches().collect::<Vec<_>>()
    );
}
