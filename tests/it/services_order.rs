//! Order and failure: what starts after what, what is taken back, and how it is said why.

use std::fs;
use std::net::TcpListener;

use crate::support::services::is_running;
use crate::support::{Sandbox, wait};

/// A server that says when it begins, and some time after it was asked to end that it does so.
const SERVER: &str = "import http.server, os, signal, sys, time
name, pause = sys.argv[1], float(sys.argv[2])
def note(text):
    with open('order', 'a') as file: file.write(text + '\\n')
def end(*_):
    time.sleep(pause); note(name + ' ends'); os._exit(0)
signal.signal(signal.SIGTERM, end)
note(name)
address = ('127.0.0.1', int(os.environ['PORT']))
http.server.HTTPServer(address, http.server.SimpleHTTPRequestHandler).serve_forever()
";

/// A server that says when it began, as a line in `order`.
fn noting(name: &str, more: &str) -> String {
    format!(
        "[service.{name}]\nrun = \"sh -c 'echo {name} >> order; exec python3 -m http.server $PORT --bind 127.0.0.1'\"\n\
         health = {{ http = \"/\" }}\n{more}\n"
    )
}

#[test]
fn each_starts_after_what_it_needs_and_ends_before_it() {
    let sandbox = Sandbox::new();
    let script = sandbox.path("server.py");
    fs::write(&script, SERVER).unwrap();
    let server = |name: &str, pause: f32, needs: &str| {
        format!("[service.{name}]\nrun = \"python3 {} {name} {pause}\"\n{needs}\n", script.display())
    };
    // Those that must go first take the longest: asked all at once, they would end the other way round.
    let config = server("web", 0.4, "depends_on = [\"api\"]")
        + &server("api", 0.2, "depends_on = [\"db\"]")
        + &server("db", 0.0, "")
        + "[service.watch]\nrun = \"sh -c 'trap \\\"echo watch ends >> order; exit 0\\\" TERM; \
           while :; do sleep 0.01; done'\"\nlistens = false\ndepends_on = { web = \"started\" }\n";
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up"]).ok();
    let order = || fs::read_to_string(fleet.folder.join("order")).unwrap();
    assert_eq!(order(), "db\napi\nweb\n");
    fleet.wt(&["down"]).ok();
    assert_eq!(order(), "db\napi\nweb\nwatch ends\nweb ends\napi ends\ndb ends\n");
}

#[test]
fn a_failed_start_leaves_nothing_running_that_was_not_before_and_shows_the_last_words() {
    let sandbox = Sandbox::new();
    let config = noting("db", "")
        + &noting("other", "")
        + "[service.web]\nrun = \"sh -c 'for i in $(seq 30); do echo line $i; done; exit 3'\"\ndepends_on = [\"db\"]\n";
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up", "other"]).ok();
    let other = fleet.pid("other");
    let run =
        fleet.wt(&["up"]).exits(1).says(&["service `web` did not start: ended with status 3", "line 30"]);
    assert!(run.stderr.contains("line 11") && !run.stderr.contains("line 10\n"), "{}", run.shown());
    assert_eq!(fleet.state("web").0, "failed");
    assert_eq!(fleet.state("db").0, "stopped");
    assert!(is_running(other) && fleet.state("other").0 == "ready");
    let error = sandbox.wt_in(&fleet.folder, &["--json", "up"]).exits(1).error("service_failed");
    assert_eq!(error["details"]["log"].as_array().unwrap().len(), 20);
}

#[test]
fn a_job_is_waited_for_and_a_service_that_is_not_critical_is_not() {
    let sandbox = Sandbox::new();
    let config = noting("web", "depends_on = { migrate = \"completed\", mail = \"healthy\" }")
        + "[service.migrate]\nrun = \"sh -c 'echo migrated >> order'\"\nlistens = false\n\
           [service.mail]\nrun = \"false\"\ncritical = false\nlistens = false\n";
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up"]).ok();
    assert_eq!(fs::read_to_string(fleet.folder.join("order")).unwrap(), "migrated\nweb\n");
    assert_eq!(fleet.state("migrate").0, "completed");
    assert_eq!(fleet.state("mail"), ("failed".to_owned(), "ended with status 1".to_owned()));
}

#[test]
fn a_setup_runs_once_for_a_worktree() {
    let sandbox = Sandbox::new();
    let config = noting("db", "setup = \"sh -c 'echo setup >> order'\"");
    let fleet = sandbox.fleet("one", &config);
    for _ in 0..2 {
        fleet.wt(&["up"]).ok();
        fleet.wt(&["down"]).ok();
    }
    assert_eq!(fs::read_to_string(fleet.folder.join("order")).unwrap(), "setup\ndb\ndb\n");
    fleet.wt(&["down", "--reset"]).ok();
    fleet.wt(&["up"]).ok();
    assert_eq!(fs::read_to_string(fleet.folder.join("order")).unwrap().matches("setup").count(), 2);
}

#[test]
fn a_server_that_listens_elsewhere_is_said_so() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.port(7);
    let config = format!(
        "[service.web]\nrun = \"python3 -m http.server {elsewhere} --bind 127.0.0.1\"\n\
         health = {{ tcp = {{}}, start_timeout = \"1500ms\" }}\n"
    );
    let fleet = sandbox.fleet("one", &config);
    let run = fleet.wt(&["up"]).exits(1);
    assert!(run.stderr.contains(&format!(", listening on {elsewhere}")), "{}", run.shown());
    assert!(run.stderr.contains("not ready within 1.5s: allocated"), "{}", run.shown());
    assert!(TcpListener::bind(("127.0.0.1", elsewhere)).is_ok(), "it was ended");
}

#[test]
fn a_port_that_a_stranger_took_is_refused_with_the_holder_before_anything_starts() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &(noting("web", "") + &noting("db", "")));
    fleet.wt(&["up"]).ok();
    let port = fleet.port("web");
    fleet.wt(&["down"]).ok();
    let Some(holder) = sandbox.python_server(&sandbox.path("run"), "127.0.0.1", &[port]) else { return };
    let error = sandbox.wt_in(&fleet.folder, &["--json", "up"]).exits(1).error("port_conflict");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("pid {}", holder.pid())) && message.contains("`web`"), "{message}");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("`wt up --resolve intelligent` moves away from it"), "{error}");
    let error = sandbox.wt(&["--json", "up", "-w", "feature-one"]).exits(1).error("port_conflict");
    let named = "`wt up --resolve intelligent --worktree feature-one` moves away from it";
    assert!(error["hint"].as_str().unwrap().contains(named), "{error}");
    // A stranger is ended by nobody who did not agree, so that is no advice.
    assert!(hint.contains(&format!("`wt ports owner {port}`")) && !hint.contains("ports kill"), "{error}");
    assert_eq!(error["details"]["port"], port, "{error}");
    assert_eq!(fleet.state("db").0, "stopped");
    fleet.wt(&["up", "--resolve", "conservative"]).ok().says(&["moved to"]);
    assert_ne!(fleet.port("web"), port);
    assert_eq!((fleet.state("web").0.as_str(), is_running(holder.pid())), ("ready", true));
}

#[test]
fn a_command_that_is_not_there_and_a_service_that_never_answers_are_said() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"wt-no-such-server {{ port }}\"\n\
                  [service.silent]\nrun = \"sleep 600\"\nhealth = { tcp = {}, start_timeout = \"300ms\" }\n";
    let fleet = sandbox.fleet("one", config);
    let error = sandbox.wt_in(&fleet.folder, &["--json", "up", "web"]).exits(1).error("not_found");
    assert!(error["message"].as_str().unwrap().contains("`wt-no-such-server` cannot be run"), "{error}");
    fleet.wt(&["up", "silent"]).exits(1).says(&["not ready within 300ms"]);
    assert_eq!(fleet.state("silent").0, "failed");
}

#[test]
fn a_server_that_does_not_share_its_port_is_started_all_the_same() {
    let sandbox = Sandbox::new();
    let script = "import os,socket; s=socket.socket(); s.bind(('127.0.0.1', int(os.environ['PORT']))); s.listen(); \
                  [s.accept() for _ in iter(int, 1)]";
    let fleet = sandbox.fleet("one", &format!("[service.web]\nrun = '''python3 -c \"{script}\"'''\n"));
    fleet.wt(&["up"]).ok();
    assert_eq!(fleet.state("web").0, "ready");
}

#[test]
fn ten_services_without_needs_start_at_once() {
    let sandbox = Sandbox::with_ports(12);
    sandbox.make_repository("proj");
    let run = "run = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"";
    let config: Vec<String> = (0..10).map(|number| format!("[service.s{number}]\n{run}\n")).collect();
    let config = config.concat();
    let fleet = sandbox.fleet("one", &config);
    let up = fleet.json(&["up"]);
    let services = up["services"].as_array().unwrap();
    assert!(services.len() == 10 && services.iter().all(|service| service["state"] == "ready"), "{up}");
    let supervisor = fleet.supervisor().unwrap();
    fleet.wt(&["down"]).ok();
    wait::until("the supervisor's end", || !is_running(supervisor));
}
