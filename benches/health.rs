//! What `wt health` costs over a hundred services that each take 50 ms to answer: `cargo bench --bench health`. The whole
//! process, beside asking one service after the other, in turns.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "the program itself is measured, against real servers")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use wt::door::{CheckKind, CheckOutcome, HttpCheck, Interrupt, OwnCalls, Port, ServiceQuestion, ask};

const SERVICES: u16 = 100;
const ROUNDS: usize = 5;

/// Answers on every port after 50 ms, each client in a thread of its own.
const SERVER: &str = "import socket, sys, threading, time
def client(c):
    c.recv(9999); time.sleep(0.05); c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n'); c.close()
def serve(s):
    while True: threading.Thread(target=client, args=(s.accept()[0],), daemon=True).start()
for port in range(int(sys.argv[1]), int(sys.argv[1]) + 100):
    s = socket.create_server(('127.0.0.1', port))
    threading.Thread(target=serve, args=(s,), daemon=True).start()
print('ready', flush=True)
sys.stdin.read()
";

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let Some(first) = (21_000..30_000).step_by(100).find(|first| is_free(*first)) else {
        println!("no {SERVICES} free ports in a row");
        return;
    };
    let worktree = prepare(folder.path(), first);
    let Some(mut server) = serve(&worktree, first) else {
        println!("no python3 to serve with");
        return;
    };
    let (mut together, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        together.push(timed(|| {
            let output = wt(folder.path(), &["--json", "health"]).output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }));
        alone.push(timed(|| {
            for port in first..first + SERVICES {
                let question = ServiceQuestion {
                    addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
                    port: Port::new(port).unwrap(),
                    check: CheckKind::Http(HttpCheck::of("/")),
                    timeout: Duration::from_secs(5),
                    command: None,
                    calls: OwnCalls::default(),
                };
                assert!(matches!(ask(&question, &Interrupt::default()), CheckOutcome::Responds { .. }));
            }
        }));
    }
    let _ = server.kill();
    let _ = server.wait();
    let (together, alone) = (median(together), median(alone));
    println!("{:<44} {together:>12.2?}", format!("wt health, {SERVICES} services of 50 ms"));
    println!("{:<44} {alone:>12.2?}", "one after the other");
    println!("{:<44} {:>12.3}", "ratio", together.as_secs_f64() / alone.as_secs_f64());
}

fn is_free(first: u16) -> bool {
    (first..first + SERVICES).all(|port| TcpListener::bind(("0.0.0.0", port)).is_ok())
}

fn wt(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wt"));
    command.args(arguments).current_dir(folder.join("proj"));
    command.env("WT_STATE_DIR", folder.join("state")).env("XDG_CONFIG_HOME", folder.join("config"));
    command.stdin(Stdio::null());
    command
}

/// A repository with one worktree that has all the ports; returns the worktree's folder.
fn prepare(folder: &Path, first: u16) -> std::path::PathBuf {
    let repository = folder.join("proj");
    fs::create_dir(&repository).unwrap();
    let names: Vec<String> = (0..SERVICES).map(|number| format!("s{number}")).collect();
    let last = first + SERVICES - 1;
    let mut config = format!("[purpose.feature]\nports = \"{first}-{last}\"\n");
    for name in &names {
        config.extend(["[service.", name, "]\nhealth = { http = \"/\" }\n"]);
    }
    fs::write(repository.join(".wt.toml"), config).unwrap();
    for arguments in [
        "init -q -b main",
        "add -A",
        "-c user.name=A -c user.email=a@example.org commit -q --no-gpg-sign -m first",
    ] {
        let status =
            Command::new("git").args(arguments.split(' ')).current_dir(&repository).status().unwrap();
        assert!(status.success(), "git {arguments}");
    }
    let created =
        wt(folder, &["-q", "create", "bench", &format!("--ports={}", names.join(","))]).output().unwrap();
    assert!(created.status.success(), "{created:?}");
    folder.join("proj.worktrees/feature-bench")
}

fn serve(folder: &Path, first: u16) -> Option<Child> {
    let mut command = Command::new("python3");
    command.args(["-c", SERVER, &first.to_string()]).current_dir(folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
    (line == "ready\n").then_some(child)
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
