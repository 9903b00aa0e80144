//! `wt up` where a stranger holds the port that it would give: what it recommends works, and nothing is settled for
//! commands that may not run.

use std::fs;

use crate::support::holder::linger;
use crate::support::services::is_running;
use crate::support::{Sandbox, skip};

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
        // A worktree that was named is named again.
        let error = sandbox.wt(&["--json", "up", "-w", "feature-one"]).exits(1).error("port_conflict");
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains("`wt up --resolve intelligent --worktree feature-one`"), "{hint}");
        let up = fleet.wt(&["up", "--resolve", strategy]).ok();
        assert!(up.stderr.contains(&format!("{taken} is held by python3 (pid ")), "{}", up.shown());
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

#[test]
fn what_an_ended_connection_keeps_is_said_to_be_that() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    linger(sandbox.port(0));
    let create = sandbox.refused(&["create", "two", "--ports"], "port_conflict");
    linger(sandbox.port(1));
    let port = sandbox.port(1).to_string();
    sandbox.wt(&["ports", "exclude", &sandbox.port(0).to_string(), "--reason", "x"]).ok();
    let allocate = sandbox.refused_in(
        &fleet.folder,
        &["ports", "allocate", "--service", "web", "--port", &port],
        "port_conflict",
    );
    for error in [&create, &allocate] {
        assert!(error["message"].as_str().unwrap().contains("(TIME_WAIT)"), "{error}");
    }
    let given = sandbox.port(2);
    fleet.wt(&["ports", "allocate", "--service", "web", "--port", &given.to_string()]).ok();
    linger(given);
    for arguments in [&["up"][..], &["restart"], &["run", "--service", "web", "--", "true"]] {
        let error = sandbox.refused_in(&fleet.folder, arguments, "port_conflict");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("a connection that ended a moment ago (TIME_WAIT)"), "{error}");
        let hint = error["hint"].as_str().unwrap();
        assert!(
            hint.starts_with("try again once that connection is gone") && !hint.contains("kill"),
            "{hint}"
        );
    }
    let run = fleet.wt(&["run", "--", "true"]).ok();
    assert!(run.stderr.contains("(TIME_WAIT)"), "{}", run.shown());
}

const WITH_FURTHER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }}\"\nextra_ports = [\"debug\"]\n\
                            [service.debug]\nlistens = false\n";

/// Every command that the hint of a refused start names goes through.
#[test]
fn what_a_refused_start_recommends_goes_through() {
    // Who is on the port, under which name, whether the port is pinned; and what is recommended then.
    for (whose, name, pinned, recommended, not) in [
        ("own", None, false, Some("ports kill"), "--resolve"),
        ("own", Some("postgres"), false, None, "ports kill"),
        ("stranger", None, false, Some("up --resolve intelligent"), "ports kill"),
        ("stranger", None, true, Some("ports kill"), "--resolve"),
        ("stranger", Some("postgres"), true, None, "ports kill"),
    ] {
        let sandbox = Sandbox::new();
        let fleet = sandbox.fleet("one", WITH_FURTHER);
        let (taken, pin) = (sandbox.port(1), sandbox.port(1).to_string());
        fleet.wt(&["ports", "allocate", "--service", "web"]).ok();
        let mut allocate = vec!["ports", "allocate", "--service", "debug"];
        if pinned {
            allocate.extend(["--port", &pin]);
        }
        fleet.wt(&allocate).ok();
        let named = name.map(|name| format!("open('/proc/self/comm', 'w').write('{name}')\n"));
        let script = format!(
            "{}s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
             s.bind(('127.0.0.1', {taken})); s.listen(5); hold()",
            named.unwrap_or_default()
        );
        let folder = if whose == "own" { fleet.folder.clone() } else { sandbox.path("home") };
        let Some(_holder) = sandbox.python_script(&folder, &script) else { return skip("no python3") };
        let error = sandbox.refused_in(&fleet.folder, &["up"], "port_conflict");
        let hint = error["hint"].as_str().unwrap();
        let case = format!("{whose} {name:?} pinned {pinned}: {hint}");
        assert!(!hint.contains(not), "{case}");
        assert!(hint.contains(&format!("`wt ports owner {taken}`")), "{case}");
        let Some(recommended) = recommended else { continue };
        let words =
            hint.split('`').find(|part| part.contains(recommended)).unwrap_or_else(|| panic!("{case}"));
        let words: Vec<&str> = words.split(' ').skip(1).chain(["--yes"]).collect();
        fleet.wt(&words).ok();
        fleet.wt(&["up"]).ok();
    }
}
