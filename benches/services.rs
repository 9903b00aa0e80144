//! What `wt up`, `wt status` and supervising cost with ten services: `cargo bench --bench services`. Whole processes,
//! against servers that are ready at once, beside starting the slowest of them by hand.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "the program itself is measured, against real servers")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use usage::{memory, ticks};

#[path = "support/usage.rs"]
mod usage;

const SERVICES: u16 = 10;
const ROUNDS: usize = 5;
const IDLE: Duration = Duration::from_secs(20);

/// As small as a server can be: it listens, and accepts nobody.
const SERVER: &str = "perl -MSocket -e 'socket(S,PF_INET,SOCK_STREAM,0);setsockopt(S,SOL_SOCKET,SO_REUSEADDR,1);\
                      bind(S,sockaddr_in($ENV{PORT},INADDR_LOOPBACK))||die;listen(S,9);while(accept(C,S)){close C}'";

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let Some(first) = (21_000..30_000).step_by(20).find(|first| is_free(*first)) else {
        println!("no free ports in a row");
        return;
    };
    let Some(slowest) = by_hand(first) else {
        println!("no perl to serve with");
        return;
    };
    let worktree = prepare(folder.path(), first);
    let mut ups = Vec::new();
    for round in 0..ROUNDS {
        ups.push(timed(|| ok(&mut wt(folder.path(), &worktree, &["up"]))));
        if round + 1 < ROUNDS {
            ok(&mut wt(folder.path(), &worktree, &["down"]));
        }
    }
    let statuses = (0..20).map(|_| timed(|| ok(&mut wt(folder.path(), &worktree, &["status"])))).collect();
    let status = json(&mut wt(folder.path(), &worktree, &["--json", "status"]));
    let supervisor = u32::try_from(status["supervisor"].as_u64().unwrap()).unwrap();
    let restarts = (0..ROUNDS).map(|_| restart(folder.path(), &worktree)).collect();
    let before = ticks(supervisor);
    std::thread::sleep(IDLE);
    let spent = Duration::from_millis((ticks(supervisor) - before) * 10);
    println!("slowest server by hand          {slowest:>10.1?}");
    println!("wt up, {SERVICES} services             {:>10.1?}", median(ups));
    println!("wt status                       {:>10.1?}", median(statuses));
    println!("killed until it runs again      {:>10.1?}  (with a backoff of 10 ms)", median(restarts));
    println!("supervisor, idle                {:>9.3} %", spent.as_secs_f64() / IDLE.as_secs_f64() * 100.0);
    println!("supervisor, memory              {:>8.1} MiB", memory(supervisor));
    ok(&mut wt(folder.path(), &worktree, &["down"]));
}

/// From the signal until its successor listens.
fn restart(folder: &Path, worktree: &Path) -> Duration {
    // Asked for anew, its next death is the first one, whose pause is the shortest.
    ok(&mut wt(folder, worktree, &["restart", "s0"]));
    let status = json(&mut wt(folder, worktree, &["--json", "status"]));
    let service = &status["services"][0];
    let (pid, port) = (service["pid"].as_u64().unwrap(), service["port"].as_u64().unwrap());
    let native = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let begun = Instant::now();
    rustix::process::kill_process(native, rustix::process::Signal::KILL).unwrap();
    // A dead process has no descriptors any more.
    while fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|mut files| files.next().is_some()) {}
    while TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).is_err() {}
    begun.elapsed()
}

/// Starts one server without any of us, until it listens; `None` where it cannot be run.
fn by_hand(port: u16) -> Option<Duration> {
    let begun = Instant::now();
    let mut child = Command::new("sh")
        .args(["-c", &format!("exec {SERVER}")])
        .env("PORT", port.to_string())
        .spawn()
        .ok()?;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if child.try_wait().ok()?.is_some() {
            return None;
        }
    }
    let took = begun.elapsed();
    child.kill().ok()?;
    child.wait().ok()?;
    Some(took)
}

fn prepare(folder: &Path, first: u16) -> PathBuf {
    fs::create_dir_all(folder.join("config/wt")).unwrap();
    let last = first + SERVICES - 1;
    let mut config = format!("[purpose.feature]\nports = \"{first}-{last}\"\n");
    let policy = "restart = { policy = \"always\", max = 100, backoff = \"10ms\" }";
    let services =
        (0..SERVICES).map(|number| format!("[service.s{number}]\nrun = '''{SERVER}'''\n{policy}\n"));
    config.extend(services);
    fs::write(folder.join("config/wt/config.toml"), config).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        let person = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        command.args(person).args(arguments).current_dir(folder).env("HOME", folder).stdout(Stdio::null());
        ok(&mut command);
    };
    git(&["init", "-q", "-b", "main", "proj"]);
    git(&["-C", "proj", "commit", "-q", "--allow-empty", "-m", "x"]);
    ok(&mut wt(folder, &folder.join("proj"), &["create", "one"]));
    folder.join("proj.worktrees/feature-one")
}

fn wt(folder: &Path, worktree: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wt"));
    command.args(arguments).current_dir(worktree).env("HOME", folder).stdin(Stdio::null());
    command.env("XDG_CONFIG_HOME", folder.join("config")).env("XDG_STATE_HOME", folder.join("state"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn ok(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

fn json(command: &mut Command) -> Value {
    serde_json::from_slice(&command.stdout(Stdio::piped()).output().unwrap().stdout).unwrap()
}

fn is_free(first: u16) -> bool {
    (first..first + SERVICES).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
