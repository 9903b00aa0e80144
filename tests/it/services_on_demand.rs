//! Services that the first request starts, and that sleep again when nobody is connected.

use std::fs;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::http::{Reply, Server, read};
use crate::support::services::{is_running, kill};
use crate::support::wait::until;
use crate::support::{Sandbox, skip};

/// Serves on its port, or on the socket that it is handed, and writes down each start.
const SERVER: &str = "import http.server, os, socket, socketserver
with open('starts', 'a') as file: file.write('x')
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words): pass
    def do_GET(self):
        self.send_response(200); self.send_header('Content-Length', '2'); self.end_headers(); self.wfile.write(b'up')
class Server(http.server.ThreadingHTTPServer): pass
if 'LISTEN_FDS' in os.environ:
    server = Server(('127.0.0.1', 0), Handler, bind_and_activate=False)
    server.socket = socket.socket(fileno=3)
else:
    server = Server(('127.0.0.1', int(os.environ['PORT'])), Handler)
server.serve_forever()
";

fn config(sandbox: &Sandbox, more: &str) -> String {
    fs::write(sandbox.path("server.py"), SERVER).unwrap();
    let script = sandbox.path("server.py");
    format!("[service.web]\nrun = \"python3 {}\"\nstart = \"on-demand\"\n{more}\n", script.display())
}

fn ask(server: &Server, more: &str) -> Reply {
    let (port, accept) = (server.port, "Accept: application/json\r\n");
    let host = format!("Host: web.feature-one.proj.localhost:{port}\r\n");
    read(server.send(&format!("GET / HTTP/1.1\r\n{host}{accept}{more}Connection: close\r\n\r\n")))
}

#[test]
fn the_first_request_starts_it_and_a_page_of_another_site_does_not() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &config(&sandbox, ""));
    let starts = || fs::read_to_string(fleet.folder.join("starts")).unwrap_or_default().len();
    let wt = sandbox.serve(&[]);
    // What nobody started before is started by no request.
    let never = ask(&wt, "");
    assert!(matches!(never.status, 404 | 502), "{}", never.body);
    let up = fleet.json(&["up"]);
    assert_eq!(up["services"][0]["state"], "asleep", "{up}");
    // It is well, nobody's to take, and a look does not wake it.
    let health = fleet.json(&["health"]);
    let service = &health["worktrees"][0]["services"][0];
    assert_eq!(
        (service["health"].as_str(), service["reason"].as_str()),
        (Some("healthy"), Some("asleep")),
        "{health}"
    );
    // Nobody says that it answers.
    let waited = fleet.wt(&["wait", "--timeout", "0s"]).exits(1).shown();
    assert!(waited.contains("it sleeps until the first request") && waited.contains("wt up web"), "{waited}");
    fleet.wt(&["url", "web", "--check"]).exits(1);
    fleet.wt(&["status", "--check"]).exits(1);
    let list = fleet.json(&["list"]);
    assert!(list.to_string().contains("\"state\":\"asleep\""), "{list}");
    assert!(fleet.wt(&["metrics"]).ok().stdout.contains("service=\"web\",worktree=\"feature-one\"} 1"));
    let findings = fleet.wt(&["validate", "--verify-ports", "--json"]).json();
    assert!(!findings.to_string().contains("port-stale"), "{findings}");
    assert_eq!(fleet.json(&["ports", "conflicts"])["summary"]["mismatches"], 0);
    fleet.wt(&["monitor", "--once"]).ok();
    let before = fleet.port("web");
    fleet.wt(&["validate", "--verify-ports", "--fix", "--json"]);
    fleet.wt(&["ports", "cleanup", "--force", "--json"]);
    fleet.wt(&["ports", "resolve", "--yes", "--json"]);
    assert_eq!((fleet.port("web"), fleet.state("web").0.as_str(), starts()), (before, "asleep", 0));
    let cross = ask(&wt, "Sec-Fetch-Site: cross-site\r\n");
    assert_eq!((cross.status, cross.code().as_str(), starts()), (403, "forbidden", 0), "{}", cross.body);
    // A browser that does not say so names the page.
    for page in ["Origin: http://evil.example", "Referer: http://evil.example/page", "Origin: null"] {
        let foreign = ask(&wt, &format!("{page}\r\n"));
        assert_eq!((foreign.status, foreign.code().as_str(), starts()), (403, "forbidden", 0), "{page}");
    }
    let woken = ask(&wt, "Sec-Fetch-Site: none\r\n");
    assert_eq!((woken.status, woken.body.as_str(), starts()), (200, "up", 1), "{}", woken.body);
    assert_eq!(fleet.state("web").0, "ready");
    assert_eq!(ask(&wt, "Sec-Fetch-Site: cross-site\r\n").status, 200, "it runs");
    fleet.wt(&["down"]).ok();
    assert_eq!(fleet.state("web").0, "stopped");
    assert_eq!(ask(&wt, "").status, 502, "it was told to end");
    // By name it starts at once, and down ends one that sleeps.
    assert_eq!(fleet.json(&["up", "web"])["services"][0]["state"], "ready");
    fleet.wt(&["down"]).ok();
    fleet.wt(&["up"]).ok();
    fleet.wt(&["down"]).ok();
    assert_eq!((fleet.state("web").0.as_str(), starts()), ("stopped", 2));
}

#[test]
fn a_connection_to_its_port_wakes_it_and_without_one_it_sleeps_again() {
    let sandbox = Sandbox::new();
    // Its own checks come many times a second, and are nobody who needs it.
    let more = "socket = \"activate\"\nidle_stop = \"1s\"\nhealth = { http = \"/\", interval = \"100ms\" }";
    let fleet = sandbox.fleet("one", &config(&sandbox, more));
    fleet.wt(&["up"]).ok();
    let port = fleet.port("web");
    let get = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        std::io::Write::write_all(&mut stream, b"GET / HTTP/1.0\r\n\r\n").unwrap();
        read(stream).body
    };
    assert_eq!(fleet.state("web").0, "asleep");
    // As long as somebody is connected it stays: two looks at who is connected, at least, find it so.
    let open = TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert_eq!(get(), "up");
    let begun = Instant::now();
    until("it stays for two seconds", || {
        assert_ne!(fleet.state("web").0, "asleep", "somebody is connected");
        begun.elapsed() > Duration::from_secs(2)
    });
    drop(open);
    until("it sleeps again, whoever looks at it", || {
        let health = fleet.json(&["health"]);
        let service = &health["worktrees"][0]["services"][0];
        assert_ne!(service["health"], "not_running", "{health}");
        assert_ne!(service["health"], "unhealthy", "{health}");
        fleet.state("web").0 == "asleep"
    });
    // A supervisor that was killed holds nothing; the next one goes on where it was.
    let supervisor = fleet.supervisor().unwrap();
    let refused = fleet.wt(&["ports", "kill", &port.to_string()]).exits(1);
    assert!(refused.shown().contains("wt down") && is_running(supervisor), "{}", refused.shown());
    kill(supervisor);
    until("its end", || !is_running(supervisor));
    fleet.wt(&["validate", "--verify-ports", "--fix", "--yes"]).ok();
    assert_eq!(fleet.port("web"), port, "it sleeps, though nobody holds its port");
    assert_eq!(fleet.state("web").0, "asleep");
    assert_eq!(get(), "up");
    assert_eq!(fs::read_to_string(fleet.folder.join("starts")).unwrap(), "xx");
    until("it sleeps once more, on record too", || {
        let has_processes = sandbox.living().iter().any(|entry| !entry["processes"].is_null());
        fleet.state("web").0 == "asleep" && !has_processes
    });
    let events = sandbox.events();
    let told: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    for word in ["asleep", "started", "ready"] {
        assert!(told.contains(&word), "{word}: {told:?}");
    }
    // It would go on under the old name.
    sandbox.refused(&["rename", "feature-one", "two"], "dirty");
    // Nothing runs that a removal had to refuse for, and what held the port goes along.
    let supervisor = fleet.supervisor().unwrap();
    sandbox.wt(&["remove", "feature-one", "--force"]).ok();
    until("the end of its supervisor", || !is_running(supervisor));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn whoever_looks_at_one_that_is_just_going_to_sleep_does_not_wake_it() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &config(&sandbox, "socket = \"activate\"\nidle_stop = \"1s\"\n"));
    // It listens on while it ends: whoever connects now waits for the next start.
    let slow =
        "import signal, time\nsignal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), os._exit(0)))\n";
    fs::write(sandbox.path("server.py"), SERVER.replacen('\n', &format!("\n{slow}"), 1)).unwrap();
    fleet.wt(&["up"]).ok();
    let mut stream = TcpStream::connect(("127.0.0.1", fleet.port("web"))).unwrap();
    std::io::Write::write_all(&mut stream, b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(read(stream).body, "up");
    until("it is going to sleep", || fleet.state("web").0 == "stopping");
    let health = fleet.json(&["health"]);
    let service = &health["worktrees"][0]["services"][0];
    assert_eq!((&service["health"], &service["reason"]), (&"unknown".into(), &"stopping".into()), "{health}");
    until("it sleeps", || fleet.state("web").0 == "asleep");
    let begun = Instant::now();
    until("it sleeps on for a second", || {
        assert_eq!(fleet.state("web").0, "asleep");
        begun.elapsed() > Duration::from_secs(1)
    });
    assert_eq!(fs::read_to_string(fleet.folder.join("starts")).unwrap(), "x");
}

#[test]
fn one_that_sleeps_follows_its_port_is_not_woken_for_it_and_goes_with_its_worktree() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &config(&sandbox, "socket = \"activate\"\n"));
    let starts = || fs::read_to_string(fleet.folder.join("starts")).unwrap_or_default().len();
    let listens = |port: u16| TcpStream::connect(("127.0.0.1", port)).is_ok();
    let sleeps_on = |port: u16| {
        let service = fleet.service("web");
        assert_eq!(
            (service["state"].as_str(), service["port"].as_u64()),
            (Some("asleep"), Some(port.into())),
            "{service}"
        );
    };
    fleet.wt(&["up"]).ok();
    let (first, second) = (sandbox.port(0), sandbox.port(1));
    assert!(first == fleet.port("web"));
    let released = fleet.json(&["ports", "release", &first.to_string()]);
    assert_eq!(released["released"][0]["listening"], false, "{released}");
    assert_eq!(fleet.state("web").0, "stopped");
    assert!(!listens(first), "nobody listens where it is no more");
    fleet.wt(&["ports", "allocate", "--service", "web", "--port", &second.to_string()]).ok();
    fleet.wt(&["up"]).ok();
    sleeps_on(second);
    // One that was named is pinned, and moves for nobody.
    fleet.wt(&["ports", "release", &second.to_string()]).ok();
    // A stranger beside it is a conflict that is settled without waking it.
    fs::write(sandbox.repo().join(".wt.toml"), config(&sandbox, "")).unwrap();
    fleet.wt(&["trust", "--yes"]).ok();
    fleet.wt(&["up"]).ok();
    let before = fleet.port("web");
    let Some(stranger) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[before]) else {
        return skip("python3");
    };
    fleet.wt(&["ports", "resolve", "--strategy", "conservative", "--yes"]).ok();
    assert_ne!(fleet.port("web"), before);
    sleeps_on(fleet.port("web"));
    drop(stranger);
    // One that a request woke in vain sleeps on.
    let told = |event: &str| sandbox.events().iter().filter(|known| known["event"] == event).count();
    let wt = sandbox.serve(&[]);
    let held = fleet.port("web");
    let Some(stranger) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[held]) else {
        return skip("python3");
    };
    assert_eq!(ask(&wt, "").status, 502);
    assert_eq!((fleet.state("web").0.as_str(), starts()), ("asleep", 0));
    assert_eq!(told("started"), 0, "what never ran did not start");
    drop(stranger);
    until("its port", || !listens(held));
    assert_eq!((ask(&wt, "").status, starts()), (200, 1));
    fleet.wt(&["down"]).ok();
    fleet.wt(&["up"]).ok();
    let supervisor = fleet.supervisor().unwrap();
    // The server that ran before left a file.
    sandbox.wt(&["remove", "feature-one", "--force"]).ok();
    until("the end of its supervisor", || !is_running(supervisor));
}
