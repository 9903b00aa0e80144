//! What `wt ports resolve` does beside moving and ending: it starts servers of ours as services, has what ran run on its new
//! port, and lets a command of the user's choose.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::services::{is_running, signal};
use crate::support::wait::{end_of, until};
use crate::support::{Sandbox, skip};

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n";

/// Serves its port until it is told by a signal to let go of it, and lives on.
const YIELDING: &str = r#"
[service.web]
run = '''python3 -c "
import os, signal, threading, http.server as h
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
s = h.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), h.SimpleHTTPRequestHandler)
threading.Thread(target=s.serve_forever, daemon=True).start()
signal.sigwait([signal.SIGUSR1])
s.shutdown(); s.server_close()
signal.pause()
"'''
"#;

const LISTEN: &str = "s = listen(port); ready(); stay()";

fn resolve(sandbox: &Sandbox, more: &[&str]) -> (i32, Value) {
    let arguments: Vec<&str> =
        ["--json", "ports", "resolve"].into_iter().chain(more.iter().copied()).collect();
    let run = sandbox.wt(&arguments);
    (run.status, run.json())
}

#[test]
fn a_server_of_ours_that_no_up_started_is_started_as_the_service_once_somebody_agreed() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["ports", "allocate", "--service", "web"]).ok();
    let Some(mut own) = sandbox.python(&fleet.folder, sandbox.port(0), LISTEN) else {
        return skip("no python3");
    };
    let (status, answer) = resolve(&sandbox, &["--strategy", "conservative"]);
    assert_eq!((status, &answer["steps"]), (0, &json!([])), "it only moves");
    let (status, answer) = resolve(&sandbox, &["--dry-run"]);
    let step = json!({ "port": sandbox.port(0), "level": "low", "action": "restart", "worktree": "feature-one",
                       "service": "web", "pid": own.pid, "needs_agreement": true,
                       "reason": format!("`web` of feature-one is served by pid {}, which no `wt up` started", own.pid) });
    assert_eq!((status, &answer["plan"]), (0, &json!([step])), "a server of ours is no conflict");
    sandbox.wt(&["ports", "resolve"]).ok().answers(&["left: nobody agreed to end it: `--yes` does"]);
    assert!(own.is_running());
    let (status, answer) = resolve(&sandbox, &["--yes"]);
    assert_eq!((status, &answer["steps"][0]["outcome"]), (0, &json!("done")), "{answer}");
    end_of(&mut own.holder.child);
    let web = fleet.service("web");
    assert_eq!((&web["state"], &web["managed"]), (&json!("ready"), &json!(true)), "{web}");
    let planned = |event: &Value| event["event"] == "resolve_planned" && event["action"] == "restart";
    assert!(sandbox.events().iter().any(planned));
    assert_eq!(resolve(&sandbox, &["--yes"]).1["steps"], json!([]), "what is supervised is in its place");
}

#[test]
fn a_server_of_ours_lives_on_where_what_would_start_it_again_is_not_there() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", "[service.web]\nrun = \"not-there-at-all {{ port }}\"\n");
    fleet.wt(&["ports", "allocate", "--service", "web"]).ok();
    let Some(mut own) = sandbox.python(&fleet.folder, sandbox.port(0), LISTEN) else {
        return skip("no python3");
    };
    let told = "left: `web` is not taken over: `not-there-at-all`, which starts it, is not there";
    sandbox.wt(&["ports", "resolve", "--yes"]).ok().answers(&[told]);
    fleet.wt(&["up", "--take-over", "web", "--yes"]).exits(1);
    assert!(own.is_running());
}

#[test]
fn what_wt_run_started_is_told_of_and_not_ended() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["ports", "allocate", "--service", "web"]).ok();
    let port = sandbox.port(0).to_string();
    let words = ["run", "--", "python3", "-m", "http.server", &port, "--bind", "127.0.0.1"];
    let mut run =
        sandbox.command(&fleet.folder, &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("its server", || std::net::TcpStream::connect(("127.0.0.1", sandbox.port(0))).is_ok());
    let told = format!("left: `wt run` (pid {}) runs it: end that first", run.id());
    sandbox.wt(&["ports", "resolve", "--yes"]).ok().answers(&[&told]);
    assert!(is_running(run.id()) && run.try_wait().unwrap().is_none());
    signal(run.id(), Signal::TERM);
    end_of(&mut run);
}

#[test]
fn a_move_restarts_what_ran_and_looks_whether_it_is_ready() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", YIELDING);
    if !fleet.wt(&["up"]).status.eq(&0) {
        return skip("no python3");
    }
    let before = fleet.pid("web");
    signal(before, Signal::USR1);
    until("its port", || std::net::TcpListener::bind(("127.0.0.1", sandbox.port(0))).is_ok());
    let Some(mut stranger) = sandbox.python(&sandbox.path("home"), sandbox.port(0), LISTEN) else {
        return skip("no python3");
    };
    let (status, answer) = resolve(&sandbox, &["--strategy", "conservative"]);
    let restarted =
        json!([{ "worktree": "feature-one", "service": "web", "port": sandbox.port(1), "healthy": true }]);
    assert_eq!((status, &answer["restarted"]), (0, &restarted), "{answer}");
    let web = fleet.service("web");
    assert_eq!((&web["state"], &web["port"]), (&json!("ready"), &json!(sandbox.port(1))), "{web}");
    assert!(!is_running(before) && stranger.is_running());
}

#[test]
fn a_command_of_the_users_reads_the_conflict_and_chooses_within_the_same_safety() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let Some(mut stranger) = sandbox.python(&sandbox.path("home"), sandbox.port(0), LISTEN) else {
        return skip("no python3");
    };
    let row = sandbox.wt(&["ports", "conflicts", "--json"]).json()["conflicts"][0].clone();
    sandbox.configure("[resolve]\nstrategy = { command = \"./pick 'one word'\" }\n");
    let pick = sandbox.repo().join("pick");
    let answers = |text: &str| {
        let script = format!("#!/bin/sh\ncat > ../seen\npwd > ../where\necho \"$1\" > ../word\n{text}\n");
        fs::write(&pick, script).unwrap();
        fs::set_permissions(&pick, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let folder = sandbox.worktree("feature-login");
    let in_worktree = |more: &[&str]| {
        let words: Vec<&str> = ["--json", "ports", "resolve"].iter().chain(more).copied().collect();
        let run = sandbox.wt_in(&folder, &words);
        (run.status, run.json())
    };
    for nonsense in
        ["true", "echo move", "echo '{\"action\":\"kill\"}'", "echo '{\"action\":\"move\"}'; exit 3"]
    {
        answers(nonsense);
        let (status, answer) = in_worktree(&["--yes"]);
        assert_eq!((status, &answer["steps"][0]["outcome"]), (1, &json!("left")), "{nonsense}: {answer}");
        assert_eq!(answer["faults"].as_array().map(Vec::len), Some(1), "{nonsense}: {answer}");
    }
    sandbox.wt(&["ports", "resolve"]).exits(1).says(&["`./pick` of `resolve.strategy` on port"]);
    let seen: Value = serde_json::from_str(&fs::read_to_string(sandbox.path("seen")).unwrap()).unwrap();
    assert_eq!(seen, row, "it reads the row of `wt ports conflicts --json`");
    let read = |name: &str| fs::read_to_string(sandbox.path(name)).unwrap().trim().to_owned();
    assert_eq!(read("where"), sandbox.repo().canonicalize().unwrap().display().to_string());
    assert_eq!(read("word"), "one word");
    answers("echo '{\"action\":\"leave\"}'");
    let (status, answer) = in_worktree(&["--yes"]);
    assert_eq!((status, &answer["faults"]), (1, &Value::Null), "the conflict is left: {answer}");
    answers("echo '{\"action\":\"terminate\"}'");
    let (status, answer) = in_worktree(&[]);
    assert_eq!((status, &answer["steps"][0]["outcome"]), (1, &json!("left")), "{answer}");
    assert_eq!(
        (&answer["strategy"], &answer["steps"][0]["action"]),
        (&json!("command"), &json!("terminate"))
    );
    assert!(stranger.is_running());
    answers("echo '{\"action\":\"move\"}'");
    let (status, answer) = in_worktree(&[]);
    assert_eq!((status, &answer["steps"][0]["to"]), (0, &json!(sandbox.port(1))), "{answer}");
    assert!(stranger.is_running());
}

#[test]
fn a_repositorys_command_chooses_nothing_before_it_was_trusted() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.repo().join(".wt.toml"), "[resolve]\nstrategy = { command = \"./pick\" }\n").unwrap();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let Some(_stranger) = sandbox.python(&sandbox.path("home"), sandbox.port(0), LISTEN) else {
        return skip("no python3");
    };
    let (_, answer) = resolve(&sandbox, &["--dry-run"]);
    assert_eq!((&answer["strategy"], &answer["plan"][0]["action"]), (&json!("intelligent"), &json!("move")));
    let asked = sandbox.wt(&["--json", "trust", "--status"]).exits(1).json();
    assert_eq!(asked["commands"][0]["key"], "resolve.strategy", "{asked}");
    sandbox.wt(&["trust", "--yes"]).ok();
    let (status, answer) = resolve(&sandbox, &["--dry-run"]);
    assert_eq!(
        (status, &answer["strategy"], &answer["plan"][0]["action"]),
        (1, &json!("command"), &json!("leave"))
    );
    assert!(answer["faults"][0].as_str().unwrap().contains("pick"), "{answer}");
}
