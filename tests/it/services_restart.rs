//! Restarts: asked for, after a crash, and not for ever.

use std::fs;

use crate::support::holder::{Hold, hold};
use crate::support::services::{is_running, kill};
use crate::support::{Sandbox, wait};
use wt::door::Port;

fn server(more: &str) -> String {
    format!("[service.web]\nrun = \"python3 -m http.server {{{{ port }}}} --bind 127.0.0.1\"\n{more}\n")
}

#[test]
fn a_killed_service_is_started_again_on_its_port_after_its_pause() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &server("restart = { policy = \"on-failure\", backoff = \"50ms\" }"));
    fleet.wt(&["up"]).ok();
    let (pid, port) = (fleet.pid("web"), fleet.port("web"));
    kill(pid);
    wait::until("another process", || {
        let service = fleet.service("web");
        service["state"] == "ready" && service["pid"].is_u64() && service["pid"] != pid
    });
    let service = fleet.service("web");
    assert_eq!((service["restarts"].as_u64(), fleet.port("web")), (Some(1), port));
}

#[test]
fn in_the_pause_before_a_restart_nobody_else_is_given_the_port() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &server("restart = { policy = \"always\", backoff = \"60s\" }"));
    fleet.wt(&["up"]).ok();
    let port = fleet.port("web");
    kill(fleet.pid("web"));
    wait::until("the pause", || fleet.state("web").0 == "backoff");
    assert!(hold("127.0.0.1", port, Hold::Bound).is_none());
    fleet.wt(&["down"]).ok();
    assert!(hold("127.0.0.1", port, Hold::Bound).is_some());
}

#[test]
fn without_a_policy_a_killed_service_is_failed_with_its_reason() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &server(""));
    fleet.wt(&["up"]).ok();
    kill(fleet.pid("web"));
    wait::until("the state", || fleet.state("web").0 == "failed");
    assert_eq!(fleet.state("web").1, "was ended by signal KILL");
    fleet.wt(&["up"]).ok();
    assert_eq!(fleet.state("web"), ("ready".to_owned(), String::new()));
}

#[test]
fn what_dies_at_once_again_and_again_is_failed_and_says_how_often_it_was_tried() {
    let sandbox = Sandbox::new();
    let policy = "restart = { policy = \"always\", max = 2, backoff = \"5ms\" }";
    let config = format!("[service.web]\nrun = \"sh -c 'echo begun; exit 3'\"\n{policy}\n");
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up"]).exits(1).says(&["ended with status 3; 2 restarts in a row did not help", "begun"]);
    let service = fleet.service("web");
    assert_eq!((service["state"].as_str(), service["restarts"].as_u64()), (Some("failed"), Some(2)));
}

#[test]
fn a_restart_takes_the_new_command_and_leaves_the_others_alone() {
    let sandbox = Sandbox::new();
    let other = "[service.api]\nrun = \"python3 -m http.server {{ port }}\"\n";
    let fleet = sandbox.fleet("one", &format!("{}{other}", server("")));
    fleet.wt(&["up"]).ok();
    let (web, api) = (fleet.pid("web"), fleet.pid("api"));
    let changed = format!("{}{other}", server("")).replace("--bind 127.0.0.1", "--bind 127.0.0.1 -d .");
    fs::write(sandbox.repo().join(".wt.toml"), changed).unwrap();
    fleet.wt(&["restart", "web"]).exits(1).says(&["not trusted"]);
    assert!(is_running(web), "nothing was stopped for what may not be started");
    fleet.wt(&["trust", "--yes"]).ok();
    fleet.wt(&["up"]).ok().says(&["`wt restart web`"]);
    assert_eq!(fleet.pid("web"), web);
    fleet.wt(&["restart", "web"]).ok();
    let words = fs::read_to_string(format!("/proc/{}/cmdline", fleet.pid("web"))).unwrap();
    assert!(words.contains("-d") && !is_running(web));
    assert_eq!(fleet.pid("api"), api);
}

#[test]
fn a_restart_onto_another_port_holds_it_before_the_old_process_is_gone() {
    let sandbox = Sandbox::new();
    let script = "import sys, os, time, signal, http.server as h
def end(*_):
    while not os.path.exists('end'): time.sleep(0.01)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
h.HTTPServer(('127.0.0.1', int(sys.argv[1])), h.SimpleHTTPRequestHandler).serve_forever()
";
    fs::write(sandbox.path("slow.py"), script).unwrap();
    let path = sandbox.path("slow.py");
    let fleet = sandbox
        .fleet("one", &format!("[service.web]\nrun = \"python3 {} {{{{ port }}}}\"\n", path.display()));
    fleet.wt(&["up"]).ok();
    let (old, pid) = (fleet.port("web"), fleet.pid("web"));
    let new = (0..20).map(|index| sandbox.port(index)).find(|port| *port != old).unwrap();
    fleet.wt(&["ports", "release", &old.to_string()]).ok();
    fleet.wt(&["ports", "allocate", "--service", "web", "--port", &new.to_string()]).ok();
    let mut restart = sandbox.command(&fleet.folder, &["restart", "-q"]).spawn().unwrap();
    wait::until("the stop", || fleet.state("web").0 == "stopping");
    let is_bound = |port: u16| {
        let all = wt::door::listeners().unwrap();
        all.iter().any(|socket| Some(socket.port) == Port::new(port) && !socket.listening)
    };
    assert!(is_bound(new) && is_running(pid), "held while the other still runs");
    fs::write(fleet.folder.join("end"), "").unwrap();
    assert!(wait::end_of(&mut restart).success());
    assert_eq!((fleet.port("web"), fleet.state("web").0.as_str()), (new, "ready"));
    assert!(!is_bound(new), "let go of once it listens");
}
