//! `wt health`: the four states, and whose process makes them.

use serde_json::Value;

use crate::support::holder::{Hold, hold};
use crate::support::{Sandbox, skip, wait};

/// A sandbox with the worktree `feature-login` and ports for `services`; `config` goes into the user's configuration.
pub fn sandbox(services: &str, config: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.configure(config);
    sandbox.wt(&["create", "login", &format!("--ports={services}")]).ok();
    sandbox
}

/// The answer of `wt health`, which ends with `status`.
#[track_caller]
pub fn health(sandbox: &Sandbox, status: i32) -> Value {
    sandbox.wt(&["--json", "health"]).exits(status).json()
}

/// What `answer` says of a service.
#[track_caller]
pub fn service<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let worktrees = answer["worktrees"].as_array().unwrap().iter();
    let mut all = worktrees.flat_map(|worktree| worktree["services"].as_array().unwrap());
    all.find(|service| service["service"] == name).unwrap_or_else(|| panic!("no {name}: {answer}"))
}

#[test]
fn a_service_that_nobody_started_is_not_running_and_that_is_no_failure() {
    let sandbox = sandbox("web", "");
    let answer = health(&sandbox, 0);
    let web = service(&answer, "web");
    assert_eq!((&web["health"], &web["level"]), (&"not_running".into(), &0.into()), "{answer}");
    assert!(web["pid"].is_null() && web["latency_ms"].is_null() && web["checked_at"].is_string(), "{answer}");
    assert_eq!(web["port"], sandbox.port(0));
    assert_eq!(
        answer["summary"],
        serde_json::json!({"healthy": 0, "unhealthy": 0, "not_running": 1, "unknown": 0})
    );
}

#[test]
fn our_own_server_is_found_on_whatever_address_it_listens() {
    let sandbox = sandbox("web,api,db", "");
    let folder = sandbox.worktree("feature-login");
    let script = format!(
        "import http.server as h\n\
         def serve(family, address, port):\n\
         \x20   class S(h.ThreadingHTTPServer): address_family = family\n\
         \x20   s = S((address, port), h.SimpleHTTPRequestHandler)\n\
         \x20   threading.Thread(target=s.serve_forever, daemon=True).start()\n\
         serve(socket.AF_INET, '0.0.0.0', {})\nserve(socket.AF_INET6, '::1', {})\nserve(socket.AF_INET, '127.0.0.1', {})\nhold()",
        sandbox.port(0),
        sandbox.port(1),
        sandbox.port(2),
    );
    let Some(server) = sandbox.python_script(&folder, &script) else { return skip("no python3") };
    let answer = health(&sandbox, 0);
    for name in ["web", "api", "db"] {
        let service = service(&answer, name);
        assert_eq!((&service["health"], &service["level"]), (&"healthy".into(), &3.into()), "{answer}");
        assert_eq!(service["pid"], server.pid());
        assert!(service["latency_ms"].as_f64().is_some() && service["action"].is_null(), "{answer}");
    }
    assert_eq!(answer["summary"]["healthy"], 3);
}

#[test]
fn a_stranger_on_the_port_is_unhealthy_with_its_pid_even_if_it_answers() {
    let sandbox = sandbox("web", "");
    let Some(stranger) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("no python3");
    };
    let answer = health(&sandbox, 1);
    let web = service(&answer, "web");
    assert_eq!(
        (&web["health"], &web["level"], &web["pid"]),
        (&"unhealthy".into(), &1.into(), &stranger.pid().into())
    );
    let reason = web["reason"].as_str().unwrap();
    assert!(
        reason.starts_with(&format!("held by python3 (pid {}", stranger.pid()))
            && reason.ends_with("), a stranger"),
        "{answer}"
    );
    assert_eq!(web["action"], "wt ports resolve");
}

#[test]
fn the_server_of_a_sibling_worktree_is_called_a_sibling_and_named() {
    let sandbox = sandbox("web", "");
    sandbox.wt(&["create", "other"]).ok();
    let sibling = sandbox.worktree("feature-other");
    let Some(_server) = sandbox.python_server(&sibling, "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("no python3");
    };
    let answer = health(&sandbox, 1);
    assert!(
        service(&answer, "web")["reason"].as_str().unwrap().ends_with("worktree feature-other), a sibling"),
        "{answer}"
    );
}

#[test]
fn a_port_that_a_stranger_merely_binds_is_held_all_the_same() {
    let sandbox = sandbox("web", "");
    let Some(_socket) = hold("127.0.0.1", sandbox.port(0), Hold::Bound) else { return skip("no 127.0.0.1") };
    let answer = health(&sandbox, 1);
    let web = service(&answer, "web");
    assert!(web["reason"].as_str().unwrap().contains(", a stranger; it is bound"), "{answer}");
}

#[test]
fn our_own_bound_socket_is_no_stranger() {
    let sandbox = sandbox("web", "");
    let folder = sandbox.worktree("feature-login");
    let script = format!(
        "s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\ns.bind(('127.0.0.1', {})); hold()",
        sandbox.port(0)
    );
    let Some(holder) = sandbox.python_script(&folder, &script) else { return skip("no python3") };
    let answer = health(&sandbox, 0);
    let web = service(&answer, "web");
    assert_eq!(
        (&web["health"], &web["level"], &web["pid"]),
        (&"not_running".into(), &1.into(), &holder.pid().into())
    );
}

#[test]
fn a_server_that_listens_and_never_accepts_is_not_accepting() {
    let checks = "[service.web]\nhealth = { tcp = {}, timeout = \"300ms\" }\n\
                  [service.api]\nhealth = { http = \"/\", timeout = \"300ms\" }\n\
                  [service.full]\nhealth = { http = \"/\", timeout = \"300ms\" }\n";
    let sandbox = sandbox("web,api,full", checks);
    let folder = sandbox.worktree("feature-login");
    let script = format!(
        "held = []\nfor port, backlog in [({}, 50), ({}, 50), ({}, 0)]:\n\
         \x20   s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
         \x20   s.bind(('127.0.0.1', port)); s.listen(backlog); held.append(s)\n\
         c = socket.create_connection(s.getsockname())\nhold()",
        sandbox.port(0),
        sandbox.port(1),
        sandbox.port(2),
    );
    let Some(_server) = sandbox.python_script(&folder, &script) else { return skip("no python3") };
    let answer = health(&sandbox, 1);
    for name in ["web", "api", "full"] {
        let service = service(&answer, name);
        assert_eq!((&service["health"], &service["level"]), (&"unhealthy".into(), &2.into()), "{answer}");
        assert!(service["reason"].as_str().unwrap().starts_with("not accepting"), "{answer}");
    }
}

#[test]
fn a_server_beside_which_a_stranger_shares_the_port_is_not_well() {
    let sandbox = sandbox("web", "");
    let script = format!(
        "s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n\
         s.bind(('127.0.0.1', {})); s.listen(5); hold()",
        sandbox.port(0)
    );
    let Some(_ours) = sandbox.python_script(&sandbox.worktree("feature-login"), &script) else {
        return skip("no python3");
    };
    let Some(stranger) = sandbox.python_script(&sandbox.path("home"), &script) else {
        return skip("no python3");
    };
    let answer = health(&sandbox, 1);
    let reason = service(&answer, "web")["reason"].as_str().unwrap();
    assert!(
        reason.contains("a stranger; its own server listens too")
            && reason.contains(&stranger.pid().to_string()),
        "{answer}"
    );
}

#[test]
fn one_worktree_or_one_service_can_be_asked_about() {
    let sandbox = sandbox("web,api", "");
    sandbox.wt(&["create", "other", "--ports"]).ok();
    let names = |arguments: &[&str]| {
        let answer = sandbox.json(arguments);
        let worktrees = answer["worktrees"].as_array().unwrap().clone();
        let names = |worktree: &Value| {
            let services = worktree["services"].as_array().unwrap().iter();
            services
                .map(|service| format!("{}/{}", worktree["name"], service["service"]).replace('"', ""))
                .collect::<Vec<_>>()
        };
        worktrees.iter().flat_map(names).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&["health"]), "feature-login/web feature-login/api feature-other/web");
    assert_eq!(names(&["health", "--worktree", "login"]), "feature-login/web feature-login/api");
    assert_eq!(names(&["health", "--service", "web"]), "feature-login/web feature-other/web");
    assert_eq!(names(&["health", "-w", "login", "-s", "api"]), "feature-login/api");
    sandbox.refused(&["health", "--worktree", "nobody"], "not_found");
    let error = sandbox.refused(&["health", "--service", "cache"], "not_found");
    assert!(error["hint"].as_str().unwrap().contains("api, web"), "{error}");
    sandbox.refused(&["health", "--service", "Not A Name"], "usage");
}

#[test]
fn all_spans_repositories_each_with_its_own_checks() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    crate::support::git::write(
        &other,
        ".wt.toml",
        "[service.web]\nhealth = { http = \"/none\", status = 200 }\n",
    );
    sandbox.wt(&["create", "here", "--ports"]).ok();
    sandbox.json_in(&other, &["create", "there", "--ports"]);
    let folder = sandbox.path("other.worktrees/feature-there");
    let script = format!(
        "import http.server as h\ns = h.ThreadingHTTPServer(('127.0.0.1', {}), h.SimpleHTTPRequestHandler)\n\
         threading.Thread(target=s.serve_forever, daemon=True).start(); hold()",
        sandbox.port(1)
    );
    let Some(_server) = sandbox.python_script(&folder, &script) else { return skip("no python3") };
    let run = sandbox.wt_in(&sandbox.path("home"), &["--json", "health", "--all"]).exits(1);
    let answer = run.json();
    let there = &answer["worktrees"][1];
    assert_eq!(there["name"], "feature-there", "{answer}");
    assert_eq!(there["services"][0]["reason"], "answered 404 instead of 200", "{answer}");
    sandbox.refused_in(&sandbox.path("home"), &["health"], "not_a_repository");
}

#[test]
fn the_last_result_is_on_record_for_whoever_reads() {
    let sandbox = sandbox("web", "[health]\ntimeout = \"100ms\"\n");
    let folder = sandbox.worktree("feature-login");
    let Some(server) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("no python3");
    };
    // It accepts nothing, so it is unhealthy, and it listens.
    health(&sandbox, 1);
    let recorded = sandbox.living()[0]["allocations"][0].clone();
    assert_eq!(recorded["health"]["state"], "unhealthy", "{recorded}");
    assert_eq!(recorded["health"]["pid"], server.pid(), "{recorded}");
    assert_eq!(recorded["last_listening"], recorded["health"]["checked_at"], "{recorded}");
    let listed = sandbox.json(&["list"]);
    assert!(listed.to_string().contains("\"state\":\"unhealthy\""), "{listed}");
    drop(server);
    health(&sandbox, 0);
    let after = sandbox.living()[0]["allocations"][0].clone();
    assert_eq!(after["health"]["state"], "not_running", "{after}");
    assert_eq!(after["last_listening"], recorded["last_listening"], "it was seen then, not now");
    health(&sandbox, 0);
    let changes = sandbox.events().into_iter().filter(|event| event["event"] == "health_changed");
    let states: Vec<_> = changes.map(|event| event["state"].clone()).collect();
    assert_eq!(states, ["unhealthy", "not_running"], "a change is an event, a look is none");
}

#[test]
fn nothing_new_is_not_written_again() {
    let sandbox = sandbox("web", "");
    health(&sandbox, 0);
    let file = sandbox.state().join("registry.json");
    let before = std::fs::read(&file).unwrap();
    health(&sandbox, 0);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_locked_registry_delays_nobody_and_loses_only_the_record() {
    let sandbox = sandbox("web", "");
    let folder = std::fs::File::open(sandbox.state()).unwrap();
    rustix::fs::flock(&folder, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let run = sandbox.wt(&["health"]).exits(0).says(&["not recorded"]);
    assert!(run.stdout.contains("not_running"), "{}", run.shown());
}

#[test]
fn a_pipe_gets_a_line_for_each_service() {
    let sandbox = sandbox("web,api", "[service.web]\nrun = \"npm run dev\"\n");
    let run = sandbox.wt(&["health"]).ok().says(&["0 healthy, 0 unhealthy, 2 not running, 0 unknown"]);
    let lines: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split('\t').collect()).collect();
    let port = sandbox.port(0).to_string();
    assert_eq!(
        lines[0][..7],
        ["feature-login", "web", &port, "not_running", "0", "-", "-"],
        "{}",
        run.shown()
    );
    assert_eq!(lines[0][8], format!("wt -C {} up web", sandbox.worktree("feature-login").display()));
    assert_eq!(lines.len(), 2);
    assert!(sandbox.wt(&["-q", "health"]).ok().stderr.is_empty());
}

#[test]
fn without_any_port_there_is_nothing_to_ask() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["health"]).ok().says(&["no service has a port"]);
    assert!(run.stdout.is_empty());
    assert_eq!(sandbox.json(&["health"])["worktrees"], serde_json::json!([]));
}

#[test]
fn ctrl_c_ends_a_look_before_its_deadline() {
    let sandbox = sandbox("web", "[service.web]\nhealth = { http = \"/\", timeout = \"1m\" }\n");
    let script = format!(
        "s = socket.create_server(('127.0.0.1', {}))\n\
         def loop():\n    c, _ = s.accept(); c.recv(9999); open('asked', 'w').close(); time.sleep(600)\n\
         threading.Thread(target=loop, daemon=True).start(); hold()",
        sandbox.port(0)
    );
    let folder = sandbox.worktree("feature-login");
    let Some(_server) = sandbox.python_script(&folder, &script) else { return skip("no python3") };
    let mut child =
        sandbox.command(&sandbox.repo(), &["health"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    wait::until("the question", || folder.join("asked").exists());
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    assert_eq!(wait::end_of(&mut child).code(), Some(130));
    assert!(sandbox.living()[0]["allocations"][0]["health"].is_null(), "half a look is none");
}
