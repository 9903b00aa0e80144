//! A server of the worktree that no `wt up` started and that listens on a service's port: it counts as running for every
//! command, nobody ends it unasked, and `wt up --take-over` starts the service in its place.

use serde_json::{Value, json};

use crate::support::holder::Holder;
use crate::support::services::{Fleet, is_running};
use crate::support::skip::skip;
use crate::support::terminal::Terminal;
use crate::support::wait::{end_of, until};
use crate::support::{Run, Sandbox};

const TWO: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n\
                   [service.api]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n\
                   depends_on = [\"web\"]\n";

/// One of the worktree's own processes, which serves the port of its `web`.
fn server(fleet: &Fleet<'_>) -> Option<Holder> {
    let script = format!(
        "import http.server\n\
         s = http.server.ThreadingHTTPServer(('127.0.0.1', {}), http.server.SimpleHTTPRequestHandler)\n\
         threading.Thread(target=s.serve_forever, daemon=True).start()\nhold()",
        fleet.sandbox.port(0)
    );
    fleet.sandbox.python_script(&fleet.folder, &script)
}

/// A worktree with a port for `web`, on which one of its own processes listens.
fn served(sandbox: &Sandbox) -> Option<(Fleet<'_>, Holder)> {
    let fleet = sandbox.fleet("one", TWO);
    fleet.wt(&["ports", "allocate", "--service", "web"]).ok();
    let server = server(&fleet)?;
    Some((fleet, server))
}

#[track_caller]
fn of(answer: &Value, name: &str) -> Value {
    let services = answer["services"].as_array().unwrap_or_else(|| panic!("{answer}"));
    services.iter().find(|known| known["service"] == name).cloned().unwrap_or_else(|| panic!("{answer}"))
}

/// What a command says of `web`: state, pid, whether it is supervised, and why it stands so.
#[track_caller]
fn told(run: &Run) -> (Value, Value, Value, Value) {
    let web = of(&run.json(), "web");
    (web["state"].clone(), web["pid"].clone(), web["managed"].clone(), web["reason"].clone())
}

/// How `web` stands in the list of worktrees.
#[track_caller]
fn listed(fleet: &Fleet<'_>) -> Value {
    let answer = fleet.json(&["list"]);
    let worktrees = answer["worktrees"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let mut ports = worktrees.iter().flat_map(|worktree| worktree["ports"].as_array().unwrap());
    let web = ports.find(|port| port["service"] == "web").unwrap_or_else(|| panic!("{answer}"));
    web["state"].clone()
}

#[test]
fn every_command_says_the_same_of_it_and_none_ends_it() {
    let sandbox = Sandbox::new();
    let Some((fleet, server)) = served(&sandbox) else { return skip("no python3") };
    let pid = server.pid();
    let stands = (json!("ready"), json!(pid), json!(false), json!(format!("started elsewhere, pid {pid}")));
    // Whether the other service runs by then, and whether the command tells what ends the server.
    let cases: [(&[&str], bool, bool); 10] = [
        (&["status"], false, false),
        (&["up", "web"], false, false),
        (&["down"], false, true),
        (&["up"], true, false),
        (&["up", "--resolve", "conservative"], true, false),
        (&["up", "--resolve", "intelligent"], true, false),
        (&["up", "--resolve", "aggressive", "--yes"], true, false),
        (&["restart"], true, true),
        (&["status"], true, false),
        (&["down"], false, true),
    ];
    for (arguments, runs, tells) in cases {
        let run = fleet.wt(&[&["--json"], arguments].concat()).ok();
        assert_eq!(told(&run), stands, "{arguments:?}");
        let hint = format!("`wt ports kill {}` ends it", sandbox.port(0));
        assert_eq!(run.stderr.contains(&hint), tells, "{}", run.shown());
        let api = fleet.service("api");
        assert_eq!(api["state"] == "ready", runs, "{arguments:?}: {api}");
        assert_eq!(api["managed"], true);
        assert_eq!(fleet.supervisor().is_some(), runs, "{arguments:?}: nobody supervises nothing");
        let health = fleet.json(&["health", "--service", "web"]);
        assert_eq!(of(&health["worktrees"][0], "web")["health"], "healthy", "{health}");
        assert_eq!(listed(&fleet), "ready", "{arguments:?}");
        assert!(is_running(pid), "{arguments:?}");
    }
    let up = fleet.wt(&["up", "web"]).ok();
    let port = sandbox.port(0);
    assert!(
        up.stderr.contains(&format!("web on {port} ready (started elsewhere, pid {pid})")),
        "{}",
        up.shown()
    );
    fleet.wt(&["down"]).ok().says(&["nothing ran that `wt up` had started"]);
    // Named, it cannot be restarted, and that is said.
    let error = fleet.wt(&["--json", "restart", "web"]).exits(1).error("service_failed");
    assert!(error["hint"].as_str().unwrap().contains("`wt up --take-over web`"), "{error}");
    assert!(is_running(pid));
}

#[test]
fn a_failed_start_leaves_it_alone() {
    let sandbox = Sandbox::new();
    let Some((fleet, server)) = served(&sandbox) else { return skip("no python3") };
    let broken = TWO.replace(
        "[service.api]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"",
        "[service.api]\nrun = \"false\"",
    );
    std::fs::write(sandbox.repo().join(".wt.toml"), broken).unwrap();
    fleet.wt(&["trust", "--yes"]).ok();
    fleet.wt(&["--json", "up"]).exits(1).error("service_failed");
    assert!(is_running(server.pid()));
    assert_eq!(fleet.service("web")["managed"], false);
}

#[test]
fn it_stands_in_for_a_service_that_was_given_up() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", "[service.web]\nrun = \"false\"\n");
    fleet.wt(&["up"]).exits(1);
    let health = || {
        let run = fleet.wt(&["--json", "health", "--service", "web"]);
        of(&run.json()["worktrees"][0], "web")
    };
    assert_eq!(fleet.state("web").0, "failed");
    assert_eq!(health()["health"], "unhealthy");
    assert_eq!(listed(&fleet), "failed");
    let Some(server) = server(&fleet) else { return skip("no python3") };
    assert_eq!(listed(&fleet), "ready");
    assert_eq!(health()["health"], "healthy");
    assert_eq!(told(&fleet.wt(&["--json", "status"]).ok()), told(&fleet.wt(&["--json", "up"]).ok()));
    assert_eq!(fleet.pid("web"), server.pid());
}

#[test]
fn a_supervised_one_a_strangers_and_a_siblings_are_none() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    let sibling = sandbox.fleet("two", TWO);
    fleet.wt(&["ports", "allocate", "--service", "web"]).ok();
    for folder in [sandbox.path("home"), sibling.folder.clone()] {
        let Some(_other) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(0)]) else {
            return skip("no python3");
        };
        fleet.wt(&["--json", "up", "web"]).exits(1).error("port_conflict");
        fleet.wt(&["--json", "up", "--take-over", "web"]).exits(1).error("port_conflict");
        assert_ne!(fleet.service("web")["state"], "ready");
    }
    fleet.wt(&["up", "web"]).ok();
    let pid = fleet.pid("web");
    fleet.wt(&["up", "--take-over", "web"]).ok();
    assert_eq!(fleet.pid("web"), pid, "what `wt up` started is nothing to take over");
    assert_eq!(fleet.service("web")["managed"], true);
}

#[test]
fn taken_over_it_ends_and_the_service_is_started_under_supervision() {
    let sandbox = Sandbox::new();
    let Some((fleet, mut server)) = served(&sandbox) else { return skip("no python3") };
    fleet.wt(&["up"]).ok();
    let run = fleet.wt(&["--json", "up", "--take-over", "web"]).ok();
    assert!(run.stderr.contains(&format!("(pid {}), which served `web`", server.pid())), "{}", run.shown());
    assert!(!end_of(&mut server.child).success(), "it was asked to end");
    let web = of(&run.json(), "web");
    assert_eq!(
        (&web["state"], &web["managed"], &web["port"]),
        (&json!("ready"), &json!(true), &json!(sandbox.port(0)))
    );
    assert_ne!(web["pid"], server.pid());
    assert!(sandbox.events().iter().any(|event| event["event"] == "holder_terminated"));
    let deeds = sandbox.json(&["report"])["actions"].clone();
    assert_eq!(deeds, json!([{ "action": "restart", "outcome": "done", "count": 1 }]), "one deed");
}

#[test]
fn a_terminal_is_asked_before_it_ends() {
    let sandbox = Sandbox::new();
    let Some((fleet, server)) = served(&sandbox) else { return skip("no python3") };
    let mut terminal = Terminal::start(sandbox.command(&fleet.folder, &["up", "--take-over", "web"]));
    terminal.expect("End that, and start the service in its place?");
    terminal.send("n\n");
    let (status, said) = terminal.finish();
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("nothing was ended") && is_running(server.pid()), "{said}");
}

#[test]
fn nobody_is_ended_for_commands_that_are_not_trusted() {
    let sandbox = Sandbox::new();
    let Some((fleet, server)) = served(&sandbox) else { return skip("no python3") };
    std::fs::write(sandbox.repo().join(".wt.toml"), TWO.replace("-m http", "-u -m http")).unwrap();
    fleet.wt(&["--json", "up", "--take-over", "web"]).exits(1).error("untrusted");
    fleet.wt(&["--json", "up", "--take-over", "nosuch"]).exits(1).error("not_found");
    assert!(is_running(server.pid()));
}

#[test]
fn in_the_foreground_it_is_told_and_the_others_are_watched() {
    let sandbox = Sandbox::new();
    let Some((fleet, server)) = served(&sandbox) else { return skip("no python3") };
    fleet.wt(&["up", "--foreground", "web"]).ok().says(&["ready (started elsewhere, pid"]);
    let mut terminal = Terminal::start(sandbox.command(&fleet.folder, &["up", "--foreground"]));
    terminal.expect("ready (started elsewhere, pid");
    until("the other one", || fleet.state("api").0 == "ready");
    let api = fleet.pid("api");
    terminal.interrupt();
    let (code, screen) = terminal.finish();
    assert_eq!(code, 130, "{screen}");
    until("the end of the other one", || !is_running(api));
    assert!(is_running(server.pid()), "nobody ends it unasked");
}
