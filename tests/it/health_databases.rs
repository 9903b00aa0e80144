//! Health of a real PostgreSQL and a real Redis, and of what only pretends to be one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::health_states::{sandbox, service};
use crate::support::{Sandbox, skip, wait};

/// A server of its own, asked to end with the value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // PostgreSQL: immediate shutdown; Redis ends as well.
        let _ = kill_process(Pid::from_child(&self.0), Signal::QUIT);
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
fn db(sandbox: &Sandbox) -> Value {
    let run = sandbox.wt(&["--json", "health"]);
    assert!(run.status < 2, "{}", run.shown());
    service(&run.json(), "db").clone()
}

/// Where Debian keeps PostgreSQL's own programs; the newest version.
fn postgres_programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .map(|entry| entry.unwrap().path().join("bin"))
        .filter(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
        .collect();
    found.sort();
    found.pop()
}

/// PostgreSQL refuses to run as root: then it runs as `postgres`, whom Debian's package brings.
fn as_postgres(sandbox: &Sandbox, program: &Path, folder: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return sandbox.program(program.to_str().unwrap(), folder);
    }
    let mut command = sandbox.program("setpriv", folder);
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// A cluster in `data` whose every connection takes a password.
fn make_cluster(sandbox: &Sandbox, programs: &Path, data: &Path) -> bool {
    let output = as_postgres(sandbox, &programs.join("initdb"), data.parent().unwrap())
        .args(["-U", "postgres", "--auth=scram-sha-256", "--no-sync", "--pwfile=/dev/fd/0", "-D"])
        .arg(data)
        .stdin(Stdio::from(password(sandbox)))
        .output();
    output.is_ok_and(|output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        true
    })
}

fn password(sandbox: &Sandbox) -> fs::File {
    fs::write(sandbox.path("home/password"), "secret\n").unwrap();
    fs::File::open(sandbox.path("home/password")).unwrap()
}

#[test]
fn a_real_postgres_answers_while_it_asks_for_a_password() {
    let Some(programs) = postgres_programs() else { return skip("no PostgreSQL") };
    let sandbox = sandbox("db", "[service.db]\nhealth = { postgres = {} }\n");
    // The server has a folder of its own, where another user may get to: that of the sandbox is its owner's alone.
    let data = tempfile::Builder::new().prefix("wt-test-pg-").tempdir().unwrap();
    if rustix::process::geteuid().is_root() {
        let made = Command::new("chown").arg("postgres").arg(data.path()).status().unwrap();
        if !made.success() {
            return skip("no user postgres");
        }
    }
    let cluster = data.path().join("data");
    if !make_cluster(&sandbox, &programs, &cluster) {
        return skip("initdb cannot be started");
    }
    let mut command = as_postgres(&sandbox, &programs.join("postgres"), data.path());
    let claim = sandbox.living()[0].clone();
    let marker = format!("{}/feature-login", claim["repository_id"].as_str().unwrap());
    // It changes to its data folder at once: what it was started with says whose it is.
    command
        .env("WT_MARKER", marker)
        .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c"])
        .arg(format!("unix_socket_directories={}", data.path().display()))
        .arg("-p")
        .arg(sandbox.port(0).to_string())
        .arg("-D")
        .arg(&cluster)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let server = Server(command.spawn().unwrap());
    wait::until("PostgreSQL to answer", || db(&sandbox)["health"] == "healthy");
    let found = db(&sandbox);
    assert_eq!((&found["level"], &found["pid"]), (&3.into(), &server.0.id().into()), "{found}");
    drop(server);
    assert_eq!(db(&sandbox)["health"], "not_running");
}

#[test]
fn a_real_redis_answers_with_and_without_a_password() {
    let sandbox = sandbox("db", "[service.db]\nhealth = { redis = {} }\n");
    let worktree = sandbox.worktree("feature-login");
    for password in [None, Some("secret")] {
        let mut command = sandbox.program("redis-server", &worktree);
        command.args(["--save", "", "--bind", "127.0.0.1", "--port"]).arg(sandbox.port(0).to_string());
        if let Some(password) = password {
            command.args(["--requirepass", password]);
        }
        let Ok(child) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            return skip("no redis-server");
        };
        let server = Server(child);
        wait::until("Redis to answer", || db(&sandbox)["health"] == "healthy");
        assert_eq!(db(&sandbox)["pid"], server.0.id());
    }
}

/// What a check of `kind` says of a server that serves each client with `serve`.
#[track_caller]
fn pretended(kind: &str, serve: &str, words: &str) {
    let check = format!("[service.db]\nhealth = {{ {kind} = {{}}, timeout = \"500ms\" }}\n");
    let sandbox = sandbox("db", &check);
    let script = format!(
        "s = socket.create_server(('127.0.0.1', {}))\n\
         def loop():\n    while True:\n        c, _ = s.accept()\n\
         \x20       try: {serve}\n        except OSError: pass\n        c.close()\n\
         threading.Thread(target=loop, daemon=True).start(); hold()",
        sandbox.port(0)
    );
    let Some(_server) = sandbox.python_script(&sandbox.worktree("feature-login"), &script) else {
        return skip("no python3");
    };
    let found = db(&sandbox);
    assert_eq!(found["health"], "unhealthy", "{found}");
    assert!(found["reason"].as_str().unwrap().contains(words), "{found}");
}

#[test]
fn a_postgres_that_closes_at_once_or_starts_up_is_not_ready() {
    pretended("postgres", "pass", "closed the connection without an answer");
    let starting = "c.recv(99); m = b'SFATAL\\0C57P03\\0Mthe database system is starting up\\0\\0'; \
                    c.sendall(b'E' + (len(m) + 4).to_bytes(4, 'big') + m)";
    pretended("postgres", starting, "not ready: the database system is starting up");
    pretended("postgres", "c.recv(99); c.sendall(b'HTTP/1.1 400 Bad\\r\\n')", "did not answer as PostgreSQL");
    pretended("postgres", "c.recv(99); time.sleep(9)", "did not answer within 500ms");
    let huge = "c.recv(99); c.sendall(b'E\\x7f\\xff\\xff\\xff' + b'x' * 9999)";
    pretended("postgres", huge, "nonsense length");
}

#[test]
fn a_redis_that_loads_or_is_none_is_not_ready() {
    pretended("redis", "c.recv(99); c.sendall(b'-LOADING Redis is loading\\r\\n')", "not ready");
    pretended("redis", "c.recv(99); c.sendall(b'SSH-2.0-x\\r\\n')", "did not answer as Redis");
    pretended("redis", "c.recv(99); c.sendall(b'+' * 99999); time.sleep(1)", "more than 64 KiB");
}
