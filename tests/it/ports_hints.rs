//! The next command about a port: none is advised that would be refused.

use serde_json::json;

use super::support::holder::{Hold, hold};
use super::support::terminal::Terminal;
use super::support::{Run, Sandbox, skip};

const SERVER: &str = "s = listen(port); ready(); stay()";

#[test]
fn only_what_people_excluded_is_offered_to_be_included() {
    let sandbox = Sandbox::new();
    let check = |port: &str| sandbox.wt(&["ports", "check", port]).exits(1).stderr;
    assert!(!check("80").contains("ports include"), "built in");
    assert!(!check("6000").contains("ports include"), "built in");
    let port = sandbox.port(0).to_string();
    sandbox.wt(&["ports", "exclude", &port, "--reason", "x"]).ok();
    assert!(check(&port).contains(&format!("`wt ports include {port}`")));
    sandbox.wt(&["ports", "include", &port]).ok();
    sandbox.wt(&["ports", "check", &port]).ok().answers(&["free"]);
    sandbox.configure(&format!("[ports]\nexclude = [{{ ports = \"{port}\", reason = \"y\" }}]\n"));
    sandbox.wt(&["ports", "exclude", &port, "--reason", "x"]).ok();
    assert!(!check(&port).contains("ports include"), "the configuration keeps it out all the same");
}

#[test]
fn a_server_that_merely_stopped_is_started_and_a_supervised_one_stopped_by_down() {
    let sandbox = Sandbox::new();
    let run = "python3 -m http.server --bind 127.0.0.1 {{ port }}";
    let config = format!("[create]\n[service.web]\nrun = \"{run}\"\n");
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        return skip("no python3");
    }
    let config = config.replace("[create]\n", "");
    let fleet = sandbox.fleet("login", &config);
    fleet.wt(&["ports", "allocate", "--service", "web"]).ok();
    let port = sandbox.port(0).to_string();
    let stopped = fleet.wt(&["ports", "check", &port]).exits(1);
    assert!(stopped.stderr.contains("`wt up web`"), "{}", stopped.shown());
    fleet.wt(&["ports", "conflicts"]).ok().answers(&["wt up web"]);
    fleet.wt(&["up", "web"]).ok();
    for command in ["check", "owner"] {
        let run = fleet.wt(&["ports", command, &port]);
        assert!(run.stderr.contains("`wt down web`"), "{}", run.shown());
        assert!(!run.stderr.contains("ports kill"), "{}", run.shown());
    }
    let mut asked = Terminal::start(sandbox.command(&fleet.folder, &["ports", "kill", &port]));
    asked.expect("`wt down web` stops it");
    asked.expect("End what holds port");
    asked.send("\r");
    assert_eq!(asked.finish().0, 1);
    let outside = sandbox.wt(&["ports", "check", &port]);
    assert!(
        outside.stderr.contains("down web`") && outside.stderr.contains("wt -C /"),
        "{}",
        outside.shown()
    );
    // Where nobody can be asked what is ours is ended all the same, and not without a word.
    fleet.wt(&["ports", "kill", &port]).says(&["counts as failed", "`wt down web` stops it"]);
}

#[test]
fn a_stranger_on_our_port_is_evaded_rather_than_ended() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let Some(_stranger) = sandbox.python(&sandbox.path("home"), sandbox.port(0), SERVER) else {
        return skip("no python3");
    };
    let port = sandbox.port(0).to_string();
    sandbox.wt(&["ports", "check", &port]).exits(1).says(&["`wt ports resolve`"]);
    let conflicts = sandbox.wt(&["--json", "ports", "conflicts"]).exits(1).json();
    assert_eq!(conflicts["conflicts"][0]["fix"], "wt ports resolve");
    let health = sandbox.wt(&["--json", "health"]).exits(1).json();
    assert_eq!(health["worktrees"][0]["services"][0]["action"], json!("wt ports resolve"), "{health}");
    sandbox.wt(&["ports", "resolve"]).ok();
    sandbox.wt(&["ports", "conflicts"]).ok();
}

#[test]
fn what_only_looks_leaves_the_registry_its_bytes_its_time_and_its_backup() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["create", "gone", "--ports"]).ok();
    std::fs::remove_dir_all(sandbox.worktree("feature-gone")).unwrap();
    let files = || {
        let read = |name: &str| {
            let path = sandbox.state().join(name);
            let time = path.metadata().and_then(|found| found.modified()).ok();
            (std::fs::read(&path).ok(), time)
        };
        [read("registry.json"), read("registry.json.bak")]
    };
    let before = files();
    let port = sandbox.port(0).to_string();
    for words in [
        &["ports", "conflicts"][..],
        &["ports", "scan"],
        &["ports", "check", &port],
        &["ports", "owner", &port],
        &["validate"],
        &["validate", "--fix", "--dry-run"],
        &["ports", "resolve", "--dry-run"],
    ] {
        let run = sandbox.wt(words);
        assert_eq!(files(), before, "{}", run.shown());
    }
}

#[test]
fn what_was_looked_at_once_is_looked_at_again_without_a_change() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    let Some(_server) = sandbox.python(&sandbox.worktree("feature-login"), sandbox.port(0), SERVER) else {
        return skip("no python3");
    };
    let _stranger = hold("127.0.0.1", sandbox.port(1), Hold::Listen).unwrap();
    let files = || {
        let read = |name: &str| {
            let path = sandbox.state().join(name);
            let time = path.metadata().and_then(|found| found.modified()).ok();
            (std::fs::read(&path).ok(), time)
        };
        [read("registry.json"), read("registry.json.bak"), read("events.jsonl")]
    };
    let port = sandbox.port(0).to_string();
    for words in [
        &["list", "--all", "--status"][..],
        &["status"],
        &["validate"],
        &["doctor"],
        &["ports", "list"],
        &["ports", "check", &port],
        &["ports", "scan"],
        &["ports", "conflicts"],
        &["events"],
        &["report"],
        &["url", "-w", "login"],
        &["env", "-w", "login", "--print"],
        &["team"],
        &["metrics"],
    ] {
        sandbox.wt(words);
        let before = files();
        let run = sandbox.wt(words);
        assert!(files() == before, "{}", run.shown());
    }
}

#[test]
fn a_restored_worktree_keeps_the_port_that_its_own_server_holds() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let Some(mut server) = sandbox.python(&folder, sandbox.port(0), SERVER) else {
        return skip("no python3");
    };
    sandbox.wt(&["remove", "login", "--force"]).ok();
    assert!(server.is_running());
    let answer = sandbox.json(&["restore", "feature-login"]);
    assert_eq!(answer["worktree"]["ports"][0]["port"], sandbox.port(0), "{answer}");
}

#[test]
fn conflicts_are_shown_where_nothing_of_ours_can_be_written() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let probe = sandbox.program("unshare", &sandbox.repo()).args(["-m", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        return skip("needs `unshare -m`, which only root may");
    }
    let script = format!(
        "mount --bind '{0}' '{0}' && mount -o remount,ro,bind '{0}' && ! touch '{0}/x' 2>/dev/null || exit 77\n\
         exec '{1}' --json ports conflicts",
        sandbox.state().display(),
        env!("CARGO_BIN_EXE_wt")
    );
    let mut shell = sandbox.program("unshare", &sandbox.repo());
    let output = shell.args(["-m", "sh", "-c", &script]).output().unwrap();
    if output.status.code() == Some(77) {
        return skip("needs mounts");
    }
    let run = Run::new(&["--json", "ports", "conflicts"], &output).ok();
    assert_eq!(run.json()["summary"]["mismatches"], 1, "{}", run.shown());
}
