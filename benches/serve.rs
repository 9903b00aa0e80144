//! What `wt serve` costs: forwarding beside nginx as a reverse proxy, in turns; a page and a scrape of a hundred worktrees; and
//! being there with a hundred services and a page that looks on, for `wt monitor` too: `cargo bench --bench serve`. Needs
//! nginx, wrk and perl. `WT_BENCH_PROGRAM=FILE` measures that program instead.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "the program itself is measured, against real servers")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[path = "support/usage.rs"]
mod usage;

use usage::{memory, ticks};

/// Ports from the first one on: what runs, the servers of the bench, and what is only recorded.
const RUNNING: u16 = 100;
const PORTS: u16 = RUNNING + 3;
const RECORDED: u16 = 90;
const ROUNDS: usize = 7;
const REQUESTS: usize = 500;
const IDLE: Duration = Duration::from_secs(30);

/// As small as a server can be: it listens, and accepts nobody for long.
const SERVER: &str = "perl -MSocket -e 'socket(S,PF_INET,SOCK_STREAM,0);setsockopt(S,SOL_SOCKET,SO_REUSEADDR,1);\
                      bind(S,sockaddr_in($ENV{PORT},INADDR_LOOPBACK))||die;listen(S,9);while(accept(C,S)){close C}'";

/// A process that ends with the bench.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // nginx has workers, which it ends when it is asked to.
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

/// Where all is. Its services end with it, also where the bench is cut short: by a panic, or by Ctrl-C.
#[derive(Clone)]
struct Ground {
    folder: PathBuf,
    first: u16,
}

struct Ends(Ground);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Ground {
    /// Ends all services that were started, as often as it is asked for.
    fn end(&self) {
        for number in 0..RUNNING / 10 {
            let worktree = self.folder.join(format!("proj.worktrees/feature-{number}"));
            if worktree.is_dir() {
                let _ = self.wt(&worktree, &["down"]).status();
            }
        }
    }

    /// Ends them too when the user interrupts.
    fn end_when_interrupted(&self) {
        let (ground, raised) = (self.clone(), Arc::new(AtomicBool::new(false)));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&raised)).unwrap();
        }
        std::thread::spawn(move || {
            while !raised.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(100));
            }
            ground.end();
            std::process::exit(130);
        });
    }
}

fn main() {
    for program in ["nginx", "wrk", "perl"] {
        if Command::new(program).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            println!("no {program} to measure with");
            return;
        }
    }
    let temporary = tempfile::tempdir().unwrap();
    let is_free =
        |first: &u16| (*first..first + PORTS).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    let Some(first) = (21_000..30_000).step_by(200).find(is_free) else {
        println!("no {PORTS} free ports in a row");
        return;
    };
    let ground = Ground { folder: temporary.path().to_path_buf(), first };
    ground.end_when_interrupted();
    let _ends = Ends(ground.clone());
    ground.prepare();
    let (upstream, proxy, port) = (first + RUNNING, first + RUNNING + 1, first + RUNNING + 2);
    {
        let folder = ground.folder.join("named.worktrees/named-web");
        let _upstream = nginx(&folder, upstream, "location / { return 200 'well'; }");
        let pass = "location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ''; \
                    proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr; }";
        let _proxy = nginx(
            &ground.folder,
            proxy,
            &format!("{pass} }} upstream up {{ server 127.0.0.1:{upstream}; keepalive 64;"),
        );
        let _serve = ground.serve(port);
        forwarding(upstream, proxy, port);
    }
    ground.fill();
    let serve = ground.serve(port);
    page(&ground, port);
    let mut stream = connect(port);
    write!(
        stream,
        "GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {}\r\n\r\n",
        ground.token()
    )
    .unwrap();
    // A page that is open reads what comes.
    std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
    idle("wt serve", serve.0.id());
    drop(serve);
    let mut monitor = ground.wt(&ground.folder.join("proj"), &["monitor", "--json"]);
    let mut monitor = Running(monitor.stdout(Stdio::piped()).spawn().unwrap());
    let mut reader = BufReader::new(monitor.0.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    idle("wt monitor", monitor.0.id());
    drop(monitor);
}

/// Direct, through nginx and through us, in turns.
fn forwarding(upstream: u16, proxy: u16, port: u16) {
    let host = format!("named-web.localhost:{port}");
    let ways = [("direct", upstream, "localhost"), ("nginx", proxy, "localhost"), ("wt serve", port, &host)];
    let mut times: [Vec<Duration>; 3] = Default::default();
    let mut rates: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        for (way, (_, port, host)) in ways.iter().enumerate() {
            let mut stream = BufReader::new(connect(*port));
            for _ in 0..REQUESTS {
                let begun = Instant::now();
                write!(stream.get_mut(), "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
                assert_eq!(answer(&mut stream), b"well");
                times[way].push(begun.elapsed());
            }
        }
        for (way, (_, port, host)) in ways.iter().enumerate().skip(1) {
            rates[way].push(rate(*port, host));
        }
    }
    let [direct, nginx, ours] = times.map(median);
    println!("one request after the other, medians of {}", ROUNDS * REQUESTS);
    println!("  direct                        {direct:>10.1?}");
    println!("  through nginx                 {nginx:>10.1?}  adds {:.1?}", nginx.saturating_sub(direct));
    println!("  through wt serve              {ours:>10.1?}  adds {:.1?}", ours.saturating_sub(direct));
    let [_, nginx, ours] = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied().unwrap_or_default()
    });
    println!("wrk with 16 connections, medians of {ROUNDS} rounds of 2 s");
    println!("  through nginx (one worker)    {nginx:>8.0}/s");
    println!("  through wt serve              {ours:>8.0}/s  {:.2} of it", ours / nginx);
}

fn rate(port: u16, host: &str) -> f64 {
    let url = format!("http://127.0.0.1:{port}/");
    let output = Command::new("wrk")
        .args(["-t1", "-c16", "-d2s", "-H", &format!("Host: {host}"), &url])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "{text}");
    let rate = text.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:")).unwrap();
    rate.trim().parse().unwrap()
}

/// What the page asks for until it is whole, one after the other; and what Prometheus does.
fn page(ground: &Ground, port: u16) {
    let token = ground.token();
    let get = |path: &str| {
        let begun = Instant::now();
        let mut stream = BufReader::new(connect(port));
        write!(
            stream.get_mut(),
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        .unwrap();
        let bytes = answer(&mut stream).len();
        (begun.elapsed(), bytes)
    };
    let first =
        ["/", "/dashboard.js", "/dashboard.css", "/icon.svg", "/api/worktrees", "/api/events?since=24h"];
    let then = ["/api/conflicts", "/api/findings", "/api/health/ports", "/metrics"];
    println!("{} worktrees with {} services, medians of {ROUNDS}", RUNNING / 10 + RECORDED + 1, RUNNING);
    for (what, paths) in [("until the rows are there", &first[..]), ("until all is there", &then)] {
        let total: Duration =
            paths.iter().map(|path| median((0..ROUNDS).map(|_| get(path).0).collect())).sum();
        println!("  {what:<29} {total:>10.1?}");
    }
    for path in ["/api/worktrees", "/api/findings", "/metrics"] {
        let bytes = get(path).1;
        let took = median((0..ROUNDS).map(|_| get(path).0).collect());
        println!("  {path:<29} {took:>10.1?}  {bytes} bytes");
    }
}

fn idle(what: &str, pid: u32) {
    // What it began with is done by then.
    std::thread::sleep(Duration::from_secs(5));
    let before = ticks(pid);
    std::thread::sleep(IDLE);
    let spent = Duration::from_millis((ticks(pid) - before) * 10);
    let share = spent.as_secs_f64() / IDLE.as_secs_f64() * 100.0;
    println!("{what}, idle for {IDLE:?}: {share:.3} % of a core, {:.1} MiB", memory(pid));
}

impl Ground {
    /// A repository with one worktree, whose service nginx will be.
    fn prepare(&self) {
        let (folder, first) = (&self.folder, self.first);
        fs::create_dir_all(folder.join("config/wt")).unwrap();
        let config = format!(
            "[purpose.feature]\nports = \"{first}-{}\"\n[purpose.more]\nports = \"17000-17999\"\n\
             [purpose.named]\nports = \"{1}-{1}\"\n",
            first + RUNNING - 1,
            first + RUNNING,
        );
        fs::write(folder.join("config/wt/config.toml"), config).unwrap();
        for name in ["named", "proj", "more"] {
            self.git(&["init", "-q", "-b", "main", name]);
            self.git(&["-C", name, "commit", "-q", "--allow-empty", "-m", "x"]);
        }
        let services = (0..10).map(|number| format!("[service.s{number}]\nrun = '''{SERVER}'''\n"));
        fs::write(folder.join("proj/.wt.toml"), services.collect::<String>()).unwrap();
        let named = folder.join("named");
        ok(&mut self.wt(&named, &["create", "web", "--ports", "--purpose", "named"]));
    }

    /// A hundred worktrees; a hundred services of ten of them run.
    fn fill(&self) {
        for number in 0..RUNNING / 10 {
            ok(&mut self.wt(&self.folder.join("proj"), &["create", &number.to_string()]));
            let worktree = self.folder.join(format!("proj.worktrees/feature-{number}"));
            ok(&mut self.wt(&worktree, &["trust", "--yes"]));
            ok(&mut self.wt(&worktree, &["up"]));
        }
        for number in 0..RECORDED {
            let name = number.to_string();
            ok(&mut self.wt(&self.folder.join("more"), &["create", &name, "--ports", "--purpose", "more"]));
        }
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        let person = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        command.args(person).args(arguments).current_dir(&self.folder).env("HOME", &self.folder);
        ok(command.stdout(Stdio::null()));
    }

    fn wt(&self, folder: &Path, arguments: &[&str]) -> Command {
        let program = std::env::var_os("WT_BENCH_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_wt").into());
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).env("HOME", &self.folder).stdin(Stdio::null());
        command.env("XDG_CONFIG_HOME", self.folder.join("config"));
        command.env("XDG_STATE_HOME", self.folder.join("state"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn serve(&self, port: u16) -> Running {
        let child = self.wt(&self.folder, &["serve", "--port", &port.to_string()]).spawn().unwrap();
        let running = Running(child);
        // The token of the one before stands there until then.
        let record = self.folder.join("state/wt/serve.json");
        let known = format!("\"pid\":{}", running.0.id());
        let begun = Instant::now();
        while !fs::read_to_string(&record).is_ok_and(|text| text.contains(&known)) {
            assert!(begun.elapsed() < Duration::from_mins(1), "wt serve did not come up");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(connect(port));
        running
    }

    fn token(&self) -> String {
        fs::read_to_string(self.folder.join("state/wt/serve.token")).unwrap()
    }
}

/// Runs nginx with one worker in `folder`.
fn nginx(folder: &Path, port: u16, more: &str) -> Running {
    let own = folder.join(format!(".nginx-{port}"));
    fs::create_dir_all(&own).unwrap();
    let text = format!(
        "daemon off; worker_processes 1; pid pid; error_log stderr crit; events {{ worker_connections 1024; }}\n\
         http {{ access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; \
         uwsgi_temp_path uwsgi; scgi_temp_path scgi; keepalive_requests 1000000;\n\
         server {{ listen 127.0.0.1:{port}; {more} }} }}\n"
    );
    fs::write(own.join("nginx.conf"), text).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&own).args(["-c", "nginx.conf"]).current_dir(folder).stdin(Stdio::null());
    let running = Running(command.stderr(Stdio::inherit()).spawn().unwrap());
    drop(connect(port));
    running
}

/// Connects as soon as somebody listens.
fn connect(port: u16) -> TcpStream {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => {
                stream.set_nodelay(true).unwrap();
                return stream;
            }
            Err(error) => assert!(begun.elapsed() < Duration::from_mins(1), "{port}: {error}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Reads an answer that says how long it is, and returns its body.
fn answer(stream: &mut BufReader<TcpStream>) -> Vec<u8> {
    let (mut line, mut length) = (String::new(), 0);
    stream.read_line(&mut line).unwrap();
    assert!(line.contains(" 200 "), "{line}");
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).unwrap();
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    body
}

fn ok(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
