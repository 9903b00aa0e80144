//! What starting costs: `cargo bench --bench start`. `/bin/true`, `wt --version` and a hook call that has nothing to do
//! take turns in one run.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "programs are started here")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 501;

fn main() {
    let wt = env!("CARGO_BIN_EXE_wt");
    let ways: [(&str, &[&str]); 3] = [
        ("/bin/true", &["/bin/true"]),
        ("wt --version", &[wt, "--version"]),
        ("wt hook post-checkout (files)", &[wt, "hook", "post-checkout", "a", "b", "0"]),
    ];
    let mut times = vec![Vec::new(); ways.len()];
    for round in 0..ROUNDS {
        for turn in 0..ways.len() {
            let way = (turn + round) % ways.len();
            let words = ways[way].1;
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null());
            let begin = Instant::now();
            assert!(command.status().unwrap().success());
            times[way].push(begin.elapsed());
        }
    }
    println!("{:<30} {:>9} {:>10}   {:>9} {:>10}", "program", "median", "more", "quickest", "more");
    let sorted = times.into_iter().map(|mut times| {
        times.sort_unstable();
        // The quickest tenth is what it costs where nobody else wants the processors.
        [times[times.len() / 2], times[times.len() / 10]]
    });
    let sorted: Vec<[Duration; 2]> = sorted.collect();
    for ((name, _), [median, quickest]) in ways.iter().zip(&sorted) {
        let more = |at: usize, time: &Duration| (time.as_secs_f64() - sorted[0][at].as_secs_f64()) * 1000.0;
        println!(
            "{name:<30} {median:>9.2?} {:>+7.2} ms   {quickest:>9.2?} {:>+7.2} ms",
            more(0, median),
            more(1, quickest)
        );
    }
}
