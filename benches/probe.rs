//! What asking the machine about ports costs: `cargo bench --bench probe`.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::disallowed_methods, reason = "`ss` is measured beside us")]

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wt::door::{
    Context, Environment, Host, Port, PortLook, PortRange, Probe, Registry, StoreMemory, attribute,
    judge_all, listeners, merge, prober,
};

const ROUNDS: usize = 51;

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

fn main() {
    let range: PortRange = "5000-5099".parse().unwrap_or_else(|error| panic!("{error}"));
    let ports: Vec<_> = range.ports().collect();
    let mut free = 0;
    let probing = median(|| {
        let mut probe = prober();
        free = ports.iter().filter(|port| matches!(probe(**port), Ok(Probe::Free))).count();
    });
    println!("{:<44} {probing:>12.2?}   ({free} free)", "probe 100 ports, bound sockets too");
    println!("{:<44} {:>12.2?}", "all listeners and bound sockets", median(|| drop(listeners())));
    let registry = Registry::default();
    println!("{:<44} {:>12.2?}", "100 ports attributed", median(|| drop(attribute(&ports, &registry))));
    verdicts(&ports, &registry);
}

/// All verdicts about the ports, of which ten are held by us, beside what else people would ask.
fn verdicts(ports: &[Port], registry: &Registry) {
    let config = merge::merge(&[], &[]).unwrap_or_else(|failure| panic!("{failure}"));
    let host = Host::new(Environment::from_iter([]));
    let context = Context {
        worktree: None,
        host,
        config,
        folder: "/".into(),
        repository: None,
        config_file: None,
        is_config_whole: true,
        takes_over: false,
        registry: StoreMemory::default(),
        hosts: std::cell::OnceCell::new(),
        shared: std::sync::OnceLock::new(),
        network_claims: std::sync::OnceLock::new(),
        claimed: std::sync::Mutex::default(),
        claimed_ports: std::sync::Mutex::default(),
    };
    let bind = |port: &Port| TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).ok();
    let held: Vec<TcpListener> = ports.iter().step_by(10).filter_map(bind).collect();
    let judging = median(|| drop(judge_all(&context, registry, ports, PortLook::Probed)));
    println!("{:<44} {judging:>12.2?}   ({} held)", "all verdicts of 100 ports", held.len());
    let beside = |name: &str, took: Duration| {
        println!("{name:<44} {took:>12.2?}   ({:.1} times)", took.as_secs_f64() / judging.as_secs_f64());
    };
    beside(
        "connect to each of them, one after the other",
        median(|| {
            for port in ports {
                drop(TcpStream::connect((Ipv4Addr::LOCALHOST, port.number())));
            }
        }),
    );
    for words in [&["ss", "-ltnp"][..], &["lsof", "-nP", "-iTCP", "-sTCP:LISTEN"]] {
        let run =
            || Command::new(words[0]).args(&words[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        match run() {
            Ok(_) => beside(&words.join(" "), median(|| drop(run()))),
            Err(_) => println!("{} is not here", words[0]),
        }
    }
}
