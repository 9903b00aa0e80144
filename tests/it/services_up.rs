//! `wt up`, `wt down` and `wt status`: real servers on their ports, in order, from any shell.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::services::is_running;
use crate::support::{Sandbox, wait};

/// Two servers, the second of which needs the first.
const TWO: &str = r#"
[service.api]
run = "python3 -m http.server {{ port }}"
health = { http = "/" }

[service.web]
run = "python3 -m http.server {{ port }} --bind 127.0.0.1"
health = { http = "/" }
depends_on = ["api"]
"#;

fn responds(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let mut answer = String::new();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    stream.read_to_string(&mut answer).is_ok_and(|_| answer.starts_with("HTTP/1.0 200"))
}

#[test]
fn up_starts_what_is_declared_on_its_ports_and_down_stops_it() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    let up = fleet.json(&["up"]);
    assert_eq!(up["allocated"].as_array().unwrap().len(), 2, "{up}");
    for name in ["api", "web"] {
        assert_eq!(fleet.state(name), ("ready".to_owned(), String::new()));
        assert!(responds(fleet.port(name)));
    }
    let service = fleet.service("web");
    assert!(service["memory_bytes"].as_u64().unwrap() > 1_000_000, "{service}");
    assert!(service["cpu_percent"].is_number() && service["uptime_s"].is_number(), "{service}");
    let (pids, supervisor) = ([fleet.pid("api"), fleet.pid("web")], fleet.supervisor().unwrap());
    fleet.wt(&["down"]).ok().answers(&["api", "web"]);
    assert!(!pids.into_iter().any(is_running));
    assert_eq!(fleet.state("web"), ("stopped".to_owned(), String::new()));
    wait::until("the supervisor's end", || !is_running(supervisor));
    fleet.wt(&["down"]).ok().says(&["nothing ran"]);
}

#[test]
fn what_a_service_needs_is_started_with_it_and_nothing_else_is() {
    let sandbox = Sandbox::new();
    let more = "[service.mail]\nrun = \"python3 -m http.server {{ port }}\"\n";
    let fleet = sandbox.fleet("one", &format!("{TWO}{more}"));
    fleet.wt(&["up", "web"]).ok();
    assert_eq!(fleet.state("api").0, "ready");
    assert_eq!(fleet.state("mail").0, "stopped");
    let api = fleet.pid("api");
    fleet.wt(&["up"]).ok();
    assert_eq!((fleet.state("mail").0.as_str(), fleet.pid("api")), ("ready", api), "what runs is left alone");
}

#[test]
fn two_worktrees_run_side_by_side() {
    let sandbox = Sandbox::new();
    let one = sandbox.fleet("one", TWO);
    let two = sandbox.fleet("two", TWO);
    one.wt(&["up"]).ok();
    two.wt(&["up"]).ok();
    let pid = two.pid("web");
    assert_ne!(one.port("web"), two.port("web"));
    one.wt(&["down"]).ok();
    assert!(is_running(pid) && two.state("web").0 == "ready");
}

#[test]
fn commands_that_nobody_trusts_are_not_run() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.repo().join(".wt.toml"), TWO).unwrap();
    sandbox.wt(&["create", "one"]).ok();
    let folder = sandbox.worktree("feature-one");
    let error = sandbox.refused_in(&folder, &["up"], "untrusted");
    assert!(error["hint"].as_str().unwrap().contains("wt trust"), "{error}");
}

#[test]
fn a_service_that_is_not_there_is_said_with_the_near_word() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    let run = fleet.wt(&["up", "wbe"]).exits(1).says(&["there is no service `wbe`", "did you mean `web`"]);
    assert!(run.stdout.is_empty());
    assert_eq!(fleet.supervisor(), None, "nothing was started for it");
}

#[test]
fn services_find_their_port_in_the_environment_and_descend_from_no_shell_of_ours() {
    let sandbox = Sandbox::new();
    let script = "import os,sys,http.server as h; print(os.environ['WT_NAME'], os.environ['PORT'], \
                  os.getsid(0)==os.getpid(), flush=True); \
                  h.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), h.SimpleHTTPRequestHandler).serve_forever()";
    let config = format!(
        "[service.api]\nrun = '''python3 -c \"{script}\"'''\n[service.web]\nrun = '''python3 -c \"{script}\"'''\n"
    );
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up"]).ok();
    for name in ["api", "web"] {
        let log = sandbox.services_of("feature-one").join("logs");
        let said = fs::read_to_string(log.join(format!("{name}.log"))).unwrap();
        assert!(said.contains(&format!("feature-one {} True", fleet.port(name))), "{said}");
    }
}

#[test]
fn what_runs_is_seen_and_stopped_though_the_configuration_broke_meanwhile() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    fleet.wt(&["up"]).ok();
    let pids = [fleet.pid("api"), fleet.pid("web")];
    let file = sandbox.repo().join(".wt.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}rum = 1\n")).unwrap();
    fleet.wt(&["status"]).ok().says(&["rum"]);
    fleet.wt(&["down"]).ok();
    assert!(!pids.into_iter().any(is_running));
}
