//! `wt up` where a stranger holds the port that it would give: what it recommends works, and nothing is settled for
//! commands that may not run.

use std::fs;

use crate::support::Sandbox;
use crate::support::services::is_running;

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }}\"\n";

#[test]
fn a_worktree_without_ports_gets_past_a_stranger_as_the_hint_says() {
    for strategy in ["intelligent", "conservative"] {
        let sandbox = Sandbox::new();
        let fleet = sandbox.fleet("one", SERVER);
        let taken = sandbox.port(0);
        let Some(holder) = sandbox.python_server(&sandbox.path("run"), "127.0.0.1", &[taken]) else { return };
        for command in ["up", "restart"] {
            let error = sandbox.wt_in(&fleet.folder, &["--json", command]).exits(1).error("port_conflict");
            let hint = error["hint"].as_str().unwrap();
            assert!(
                hint.contains("`wt up --resolve intelligent`") && !hint.contains("--on-conflict"),
                "{hint}"
            );
        }
        fleet.wt(&["up", "--resolve", strategy]).ok();
        assert_eq!(fleet.state("web").0, "ready");
        assert_ne!(fleet.port("web"), taken);
        assert!(is_running(holder.pid()));
    }
}

#[test]
fn nothing_is_settled_for_commands_that_are_not_trusted() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let port = fleet.port("web");
    fleet.wt(&["down"]).ok();
    let before = fs::read_to_string(fleet.folder.join(".env")).unwrap();
    let Some(_holder) = sandbox.python_server(&sandbox.path("run"), "127.0.0.1", &[port]) else { return };
    fs::write(sandbox.repo().join(".wt.toml"), SERVER.replace("-m http", "-u -m http")).unwrap();
    for more in [&[][..], &["--foreground"]] {
        let arguments = [&["--json", "up", "--resolve", "intelligent"], more].concat();
        sandbox.wt_in(&fleet.folder, &arguments).exits(1).error("untrusted");
    }
    assert_eq!(fs::read_to_string(fleet.folder.join(".env")).unwrap(), before);
    assert_eq!(fleet.port("web"), port);
}
