//! `wt ports owner` and `wt ports kill`: who holds a port, and freeing it without hurting anybody else.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::holder::{Hold, Holder, hold};
use super::support::python::Program;
use super::support::terminal::Terminal;
use super::support::{Run, Sandbox, skip, wait};

const SERVER: &str = "s = listen(port); ready(); stay()";

/// A sandbox and a folder in it that belongs to no worktree.
fn sandbox() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("elsewhere");
    fs::create_dir(&folder).unwrap();
    (sandbox, folder)
}

/// Runs `wt ports kill --json` with `more`, outside of any repository.
fn kill(sandbox: &Sandbox, port: u16, more: &[&str]) -> (i32, Value) {
    let port = port.to_string();
    let arguments: Vec<&str> =
        ["--json", "ports", "kill", &port].into_iter().chain(more.iter().copied()).collect();
    let run = sandbox.wt_in(&sandbox.path(""), &arguments);
    (run.status, run.json())
}

fn pids(list: &Value) -> Vec<u64> {
    let mut pids: Vec<u64> =
        list.as_array().unwrap().iter().map(|one| one["pid"].as_u64().unwrap()).collect();
    pids.sort_unstable();
    pids
}

fn ended(program: &mut Program) {
    wait::end_of(&mut program.holder.child);
}

#[test]
fn the_owner_is_shown_with_everything_there_is_to_know() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let Some(server) = sandbox.python(&folder, port, SERVER) else { return skip("no python3") };
    let text = port.to_string();
    let answer = sandbox.json(&["ports", "owner", &text]);
    assert_eq!(answer["port"], port);
    let owner = &answer["owners"][0];
    assert_eq!(
        (owner["pid"].as_u64(), owner["command"].as_str()),
        (Some(server.pid.into()), Some("python3"))
    );
    assert_eq!(owner["folder"], folder.to_str().unwrap());
    assert_eq!(owner["command_line"][1], "-c");
    assert_eq!(owner["command_line"][3], text);
    assert!(owner["user"].is_string() && owner["since"].is_string() && owner["worktree"].is_null());
    assert_eq!(owner["parents"][0]["pid"], std::process::id());
    assert_eq!(owner["listening"], true);
    sandbox
        .wt(&["ports", "owner", &text])
        .ok()
        .answers(&["python3 (pid", "listens on port", folder.to_str().unwrap(), "a stranger", "parents"])
        .says(&[&format!("wt ports kill {text}")]);
    drop(server);
    let nobody = sandbox.wt(&["--json", "ports", "owner", &text]).exits(1);
    assert_eq!(nobody.json()["owners"], Value::Array(Vec::new()));
    sandbox.wt(&["ports", "owner", &text]).exits(1).says(&["nobody listens on port"]);
}

#[test]
fn a_server_of_ours_is_named_with_its_worktree_and_ended_without_a_question() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let port = sandbox.port(0);
    let Some(mut server) = sandbox.python(&sandbox.worktree("feature-login"), port, SERVER) else {
        return skip("no python3");
    };
    let text = port.to_string();
    assert_eq!(sandbox.json(&["ports", "owner", &text])["owners"][0]["worktree"], "feature-login");
    let (status, answer) = kill(&sandbox, port, &[]);
    assert_eq!((status, &answer["free"]), (0, &Value::Bool(true)), "{answer}");
    assert_eq!(answer["killed"][0]["signal"], "TERM");
    assert_eq!(pids(&answer["killed"]), [u64::from(server.pid)]);
    ended(&mut server);
    let event = sandbox.events().pop().unwrap();
    assert_eq!((&event["event"], &event["worktree"]), (&"holder_terminated".into(), &"feature-login".into()));
}

#[test]
fn a_stranger_is_left_alone_where_nobody_can_be_asked_and_yes_agrees() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let Some(mut server) = sandbox.python(&folder, port, SERVER) else { return skip("no python3") };
    let (status, answer) = kill(&sandbox, port, &[]);
    assert_eq!((status, &answer["free"]), (1, &Value::Bool(false)));
    assert_eq!(pids(&answer["refused"]), [u64::from(server.pid)]);
    assert!(answer["refused"][0]["reason"].as_str().unwrap().contains("--yes"), "{answer}");
    sandbox.wt(&["ports", "kill", &port.to_string()]).exits(1).says(&["--yes`", "python3 (pid"]);
    let forced = sandbox.wt(&["ports", "kill", &port.to_string(), "--force"]);
    forced.exits(1).says(&["--yes"]);
    assert!(server.is_running());
    let run = sandbox.wt(&["ports", "kill", &port.to_string(), "--yes"]).ok();
    run.answers(&["Ended python3 (pid", "by TERM", "is free"]);
    ended(&mut server);
}

#[test]
fn a_terminal_is_asked_and_enter_is_no() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let Some(mut server) = sandbox.python(&folder, port, SERVER) else { return skip("no python3") };
    let start = || Terminal::start(sandbox.command(&sandbox.repo(), &["ports", "kill", &port.to_string()]));
    let mut terminal = start();
    terminal.expect("End what holds port");
    terminal.send("\r");
    let (status, seen) = terminal.finish();
    assert!(status == 1 && seen.contains("nothing was ended") && seen.contains("a stranger"), "{seen}");
    assert!(server.is_running());
    let mut terminal = start();
    terminal.expect("End what holds port");
    terminal.send("y");
    let (status, seen) = terminal.finish();
    assert!(status == 0 && seen.contains("is free"), "{seen}");
    ended(&mut server);
}

#[test]
fn who_came_while_somebody_was_asked_is_not_ended() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let Some(first) = sandbox.python(&folder, port, SERVER) else { return skip("no python3") };
    let start = || {
        let mut terminal =
            Terminal::start(sandbox.command(&sandbox.repo(), &["ports", "kill", &port.to_string()]));
        terminal.expect("End what holds port");
        terminal
    };
    let mut terminal = start();
    drop(first);
    let mut second = sandbox.python(&folder, port, SERVER).unwrap();
    terminal.send("y");
    let (status, seen) = terminal.finish();
    assert!(status == 1 && seen.contains("changed hands"), "{seen}");
    assert!(second.is_running());
    let mut terminal = start();
    drop(second);
    terminal.send("y");
    let (status, seen) = terminal.finish();
    assert!(status == 0 && seen.contains("is free"), "{seen}");
}

#[test]
fn a_wait_can_be_interrupted_and_what_was_asked_to_end_is_not_killed() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let told = sandbox.path("told");
    let script = format!(
        "signal.signal(signal.SIGTERM, lambda *_: open({:?}, 'w').close())\n{SERVER}\nsys.stdin.read()",
        told.to_str().unwrap()
    );
    let Some(mut server) = sandbox.python(&folder, port, &script) else { return skip("no python3") };
    let arguments = ["ports", "kill", &port.to_string(), "--yes", "--timeout", "60s"];
    let mut running = sandbox.command(&sandbox.repo(), &arguments).spawn().unwrap();
    wait::until("the signal", || told.exists());
    let pid = rustix::process::Pid::from_raw(running.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(wait::end_of(&mut running).code(), Some(130));
    assert!(server.is_running());
}

#[test]
fn a_client_of_the_server_survives() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let Some(mut server) = sandbox.python(&folder, port, SERVER) else { return skip("no python3") };
    let script = "c = socket.create_connection(('127.0.0.1', port)); ready(); stay()";
    let mut client = sandbox.python(&folder, port, script).unwrap();
    let (status, answer) = kill(&sandbox, port, &["--yes"]);
    assert_eq!((status, pids(&answer["killed"])), (0, vec![u64::from(server.pid)]), "{answer}");
    ended(&mut server);
    assert!(client.is_running());
}

#[test]
fn a_connection_that_goes_out_from_the_port_is_nobody_to_end() {
    let (sandbox, folder) = sandbox();
    let (port, other) = (sandbox.port(0), sandbox.port(1));
    let Some(_server) = sandbox.python(&folder, other, SERVER) else { return skip("no python3") };
    let script = format!(
        "c = socket.socket(); c.bind(('127.0.0.1', port)); c.connect(('127.0.0.1', {other})); ready(); stay()"
    );
    let mut client = sandbox.python(&folder, port, &script).unwrap();
    let (status, answer) = kill(&sandbox, port, &["--yes", "--force"]);
    assert_eq!((status, &answer["free"], pids(&answer["killed"])), (1, &Value::Bool(false), vec![]));
    sandbox.wt(&["ports", "kill", &port.to_string()]).exits(1).says(&["nobody listens on it"]);
    assert!(client.is_running());
}

#[test]
fn what_ignores_the_signal_is_killed_after_the_time_and_not_before() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let script = format!("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SERVER}");
    let Some(mut server) = sandbox.python(&folder, port, &script) else { return skip("no python3") };
    let begin = Instant::now();
    let (status, answer) = kill(&sandbox, port, &["--yes", "--timeout", "300ms"]);
    assert!(begin.elapsed() >= Duration::from_millis(300));
    assert_eq!((status, &answer["killed"][0]["signal"]), (0, &"KILL".into()), "{answer}");
    ended(&mut server);
}

#[test]
fn the_first_signal_may_be_another_by_name_or_number() {
    for (asked, sent) in [("INT", "INT"), ("sighup", "HUP"), ("9", "KILL")] {
        let (sandbox, folder) = sandbox();
        let port = sandbox.port(0);
        let Some(mut server) = sandbox.python(&folder, port, SERVER) else { return skip("no python3") };
        let (status, answer) = kill(&sandbox, port, &["--yes", "--signal", asked]);
        assert_eq!((status, &answer["killed"][0]["signal"]), (0, &sent.into()), "{answer}");
        ended(&mut server);
    }
}

#[test]
fn a_server_that_forked_twice_is_ended_and_nobody_it_came_from() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let script = "if os.fork(): stay(); sys.exit()\nos.setsid()\nif os.fork(): os._exit(0)\n\
                  os.chdir('/'); s = listen(port); ready(); stay()";
    let Some(mut server) = sandbox.python(&folder, port, script) else { return skip("no python3") };
    assert_ne!(server.pid, server.holder.pid());
    let (status, answer) = kill(&sandbox, port, &["--yes"]);
    assert_eq!((status, pids(&answer["killed"])), (0, vec![u64::from(server.pid)]), "{answer}");
    assert!(server.is_running(), "the process it was started by holds no port");
}

#[test]
fn all_who_share_a_port_are_ended() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let script = "s = listen(port, reuse_port=True); ready(); stay()";
    let Some(mut one) = sandbox.python(&folder, port, script) else { return skip("no python3") };
    let mut two = sandbox.python(&folder, port, script).unwrap();
    let mut expected = vec![u64::from(one.pid), u64::from(two.pid)];
    expected.sort_unstable();
    let (status, answer) = kill(&sandbox, port, &["--yes"]);
    assert_eq!((status, pids(&answer["killed"])), (0, expected), "{answer}");
    ended(&mut one);
    ended(&mut two);
}

#[test]
fn a_server_with_workers_ends_with_all_of_them() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let script =
        "s = listen(port)\nfor _ in range(3):\n    if os.fork() == 0: stay(); os._exit(0)\nready(); stay()";
    let Some(mut server) = sandbox.python(&folder, port, script) else { return skip("no python3") };
    let (status, answer) = kill(&sandbox, port, &["--yes"]);
    assert_eq!((status, answer["killed"].as_array().unwrap().len()), (0, 4), "{answer}");
    assert_eq!(answer["killed"][0]["pid"], server.pid, "the parent first");
    ended(&mut server);
}

#[test]
fn a_real_database_needs_force() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let text = port.to_string();
    let arguments = ["--port", &text, "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"];
    let spawned =
        sandbox.program("redis-server", &folder).args(arguments).stdout(std::process::Stdio::null()).spawn();
    let Ok(child) = spawned else { return skip("no redis-server") };
    let mut redis = Holder { child };
    wait::until("redis", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let (status, answer) = kill(&sandbox, port, &["--yes"]);
    assert_eq!((status, pids(&answer["refused"])), (1, vec![u64::from(redis.pid())]), "{answer}");
    assert!(answer["refused"][0]["reason"].as_str().unwrap().contains("database"), "{answer}");
    assert!(redis.child.try_wait().unwrap().is_none());
    let (status, answer) = kill(&sandbox, port, &["--yes", "--force"]);
    assert_eq!((status, &answer["killed"][0]["signal"]), (0, &"TERM".into()), "{answer}");
    wait::end_of(&mut redis.child);
}

#[test]
fn none_who_share_a_port_are_ended_where_one_is_refused() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let script = "s = listen(port, reuse_port=True); ready(); stay()";
    let Some(mut one) = sandbox.python(&folder, port, script) else { return skip("no python3") };
    let named = format!("open('/proc/self/comm', 'w').write('postgres')\n{script}");
    let mut database = sandbox.python(&folder, port, &named).unwrap();
    let (status, answer) = kill(&sandbox, port, &["--yes"]);
    assert_eq!((status, pids(&answer["refused"])), (1, vec![u64::from(database.pid)]), "{answer}");
    assert_eq!(answer["killed"], Value::Array(Vec::new()));
    let told = sandbox.wt(&["ports", "kill", &port.to_string(), "--yes"]).exits(1);
    told.says(&["postgres (pid", "a database", "others that hold it are left alone too", "--force"]);
    assert!(one.is_running() && database.is_running());
    let (status, answer) = kill(&sandbox, port, &["--yes", "--force"]);
    assert_eq!((status, answer["killed"].as_array().unwrap().len()), (0, 2), "{answer}");
    ended(&mut one);
    ended(&mut database);
}

#[test]
fn what_runs_us_is_refused_even_with_force() {
    let sandbox = Sandbox::new();
    let port = sandbox.port(0);
    let Some(_ourselves) = hold("127.0.0.1", port, Hold::Listen) else { return skip("no address") };
    for more in [&["--yes"][..], &["--yes", "--force"], &["--yes", "--force", "--signal", "KILL"]] {
        let (status, answer) = kill(&sandbox, port, more);
        assert_eq!((status, pids(&answer["refused"])), (1, vec![u64::from(std::process::id())]));
        assert!(answer["refused"][0]["reason"].as_str().unwrap().contains("runs inside it"), "{answer}");
    }
    let run = sandbox.wt(&["ports", "kill", &port.to_string(), "--yes", "--force"]).exits(1);
    assert!(!run.stderr.contains("--force`"), "{}", run.shown());
}

#[test]
fn a_process_of_another_user_needs_force() {
    if !rustix_is_root() {
        return skip("not root");
    }
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let script = format!("os.setgid(65534); os.setuid(65534)\n{SERVER}");
    let Some(mut server) = sandbox.python(&folder, port, &script) else { return skip("no python3") };
    let (status, answer) = kill(&sandbox, port, &["--yes"]);
    assert_eq!((status, pids(&answer["refused"])), (1, vec![u64::from(server.pid)]), "{answer}");
    assert!(answer["refused"][0]["reason"].as_str().unwrap().contains("another user"));
    assert!(server.is_running());
    assert_eq!(kill(&sandbox, port, &["--yes", "--force"]).0, 0);
    ended(&mut server);
}

fn rustix_is_root() -> bool {
    rustix::process::getuid().is_root()
}

#[test]
fn a_supervisor_that_starts_the_server_again_is_told_of() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let script = "while True:\n    pid = os.fork()\n    if pid == 0:\n        s = listen(port); ready(); stay(); os._exit(0)\n    \
                  if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0: break\n    sys.stdout = open(os.devnull, 'w')";
    let Some(mut supervisor) = sandbox.python(&folder, port, script) else { return skip("no python3") };
    let (status, answer) = kill(&sandbox, port, &["--yes"]);
    assert_eq!((status, &answer["free"]), (1, &Value::Bool(false)), "{answer}");
    assert_eq!(pids(&answer["killed"]), [u64::from(supervisor.pid)]);
    let again = pids(&answer["taken_by"]);
    assert!(again.len() == 1 && again[0] != u64::from(supervisor.pid), "{answer}");
    assert!(supervisor.is_running());
    let run = sandbox.wt(&["ports", "kill", &port.to_string(), "--yes"]).exits(1);
    run.says(&["took it again at once", "wt ports owner"]);
}

#[test]
fn a_port_that_nobody_holds_is_free() {
    let sandbox = Sandbox::new();
    let port = sandbox.port(0);
    let (status, answer) = kill(&sandbox, port, &[]);
    assert_eq!((status, &answer["free"]), (0, &Value::Bool(true)));
    sandbox.wt(&["ports", "kill", &port.to_string()]).ok().answers(&["is free"]);
}

#[test]
fn what_is_bound_without_listening_is_ended_too() {
    let (sandbox, folder) = sandbox();
    let port = sandbox.port(0);
    let script = "s = socket.socket(); s.bind(('127.0.0.1', port)); ready(); stay()";
    let Some(mut server) = sandbox.python(&folder, port, script) else { return skip("no python3") };
    let (status, answer) = kill(&sandbox, port, &["--yes"]);
    if answer["killed"].as_array().unwrap().is_empty() && server.is_running() {
        return skip("the kernel does not show bound sockets");
    }
    assert_eq!(status, 0, "{answer}");
    ended(&mut server);
}

#[test]
fn nonsense_is_asked_wrongly() {
    let sandbox = Sandbox::new();
    for port in ["0", "70000", "abc", "-1", "5000-5001", ""] {
        sandbox.refused(&["ports", "kill", "--", port], "usage");
        sandbox.refused(&["ports", "owner", "--", port], "usage");
    }
    for more in [["--signal", "STOP"], ["--signal", "99"], ["--timeout", "5"], ["--timeout", "soon"]] {
        let run: Run = sandbox.wt(&["ports", "kill", "5000", more[0], more[1]]).exits(2);
        assert!(run.stderr.contains(more[1]), "{}", run.shown());
    }
    sandbox.refused(&["ports", "kill"], "usage");
}
