//! `-w NAME`: what concerns the worktree one stands in concerns another one, from anywhere in the repository.

use crate::support::Sandbox;

#[test]
fn services_of_a_worktree_are_started_looked_at_and_stopped_from_elsewhere() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"sh -c 'pwd; echo ${WT_NAME}; exec sleep 1000'\"\nlistens = false\n";
    let fleet = sandbox.fleet("one", config);
    sandbox.wt(&["create", "two"]).ok();
    for name in ["one", "feature-one", "feature/one"] {
        let answer = sandbox.json(&["up", "-w", name]);
        assert_eq!(
            (&answer["worktree"], &answer["services"][0]["state"]),
            (&"feature-one".into(), &"ready".into())
        );
    }
    let pid = fleet.pid("web");
    let two = sandbox.worktree("feature-two");
    assert_eq!(sandbox.json_in(&two, &["status", "-w", "one"])["services"][0]["pid"], pid);
    assert_eq!(sandbox.json_in(&two, &["status"])["services"][0]["state"], "stopped");
    let logs = sandbox.wt_in(&two, &["logs", "web", "-w", "one"]).ok();
    assert_eq!(logs.stdout, format!("{}\nfeature-one\n", sandbox.worktree("feature-one").display()));
    assert_ne!(sandbox.json_in(&two, &["restart", "--worktree", "one"])["services"][0]["pid"], pid);
    sandbox.wt_in(&two, &["down"]).ok().says(&["nothing ran"]);
    sandbox.wt_in(&two, &["down", "-w", "one"]).ok().answers(&["stopped web"]);
    assert_eq!(fleet.state("web").0, "stopped");
    for command in ["up", "down", "restart", "status", "logs", "health"] {
        sandbox.refused(&[command, "-w", "three"], "not_found");
    }
}

#[test]
fn a_command_runs_in_the_root_of_the_worktree_that_is_named_and_a_block_is_written_there() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let worktree = sandbox.worktree("feature-one");
    let run = sandbox.wt(&["run", "-w", "one", "--", "sh", "-c", "pwd; echo $PORT $WT_NAME"]).ok();
    assert_eq!(run.stdout, format!("{}\n{} feature-one\n", worktree.display(), sandbox.port(0)));
    std::fs::remove_file(worktree.join(".env")).unwrap();
    sandbox.wt(&["env", "-w", "one"]).ok();
    assert!(worktree.join(".env").exists());
    sandbox.refused(&["env", "one", "-w", "one"], "usage");
    sandbox.refused(&["run", "-w", "none", "true"], "not_found");
}

#[test]
fn a_broken_configuration_is_told_once() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    std::fs::write(sandbox.repo().join(".wt.toml"), "[service.web\n").unwrap();
    for command in ["status", "down", "logs", "events"] {
        let run = sandbox.wt(&[command, "-w", "one"]);
        assert_eq!(run.stderr.matches("not valid TOML").count(), 1, "{command}: {}", run.stderr);
    }
}
