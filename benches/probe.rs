//! What asking the machine about ports costs: `cargo bench --bench probe`.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::disallowed_methods, reason = "`ss` is measured beside us")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wt::host::net::listeners::listeners;
use wt::host::net::owner::attribute;
use wt::host::net::probe::{Probe, prober};
use wt::model::port::PortRange;
use wt::model::registry::table::Registry;

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
    let ss = || Command::new("ss").arg("-ltn").stdout(Stdio::null()).status();
    if ss().is_ok() {
        println!("{:<44} {:>12.2?}", "ss -ltn", median(|| drop(ss())));
    }
}
