//! Faults at the N-th call: each command is run again and again with one system call failing, or with whoever makes it killed
//! there, until it makes no such call any more. A judge looks at everything each time. A sample in each run, all of them in the
//! heavy one, which goes on where it was cut off.

mod calls;
mod catalogue;
mod fingerprint;
mod judge;
mod of_outside;
mod of_ports;
mod of_services;
mod of_worktrees;
pub mod processes;
mod progress;
mod run;
mod scenario;
mod situations;
mod stage;
mod tracing;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use calls::{Fault, Role, Series};
use progress::{Progress, Verdict};
use scenario::Scenario;
use stage::Stage;

use crate::support::dice::Dice;
use crate::support::{skip, strace};

/// The seed that draws points.
fn seed(usual: u64) -> u64 {
    let seed = std::env::var("WT_FAULTS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(usual);
    eprintln!("WT_FAULTS_SEED={seed}");
    seed
}

/// Whether a variable names this one of what could be run; all, where it is not set.
fn wanted(variable: &str) -> impl Fn(&str) -> bool {
    let words = std::env::var(variable).unwrap_or_default();
    move |name| words.is_empty() || words.split(',').any(|word| word == name)
}

/// A few points of a scenario, drawn by the seed: `WT_FAULTS_SEED` draws others.
fn sample(names: &[&str], points: usize) {
    if !strace::has_strace(&std::env::temp_dir()) {
        return skip("strace is not installed or may not trace here");
    }
    let seed = seed(17);
    let mut dice = Dice(seed);
    for name in names {
        let mut stage = Stage::new(catalogue::all().find(|scenario| scenario.name == *name).unwrap());
        let mut reached = 0;
        for _ in 0..points {
            let mut drawn = dice.roll(u64::try_from(stage.planned()).unwrap());
            let (series, number) = stage
                .counts
                .iter()
                .find_map(|(series, count)| {
                    let is_here = drawn < u64::from(*count);
                    let number = u32::try_from(drawn + 1).unwrap_or_default();
                    drawn = if is_here { drawn } else { drawn - u64::from(*count) };
                    is_here.then_some((*series, number))
                })
                .unwrap();
            match stage.point(&series, number) {
                Verdict::Bad(said) => panic!("WT_FAULTS_SEED={seed}: {series} {number}: {said}"),
                Verdict::Good => reached += 1,
                Verdict::End => {}
            }
        }
        assert!(2 * reached >= points, "{name}: {reached} of {points} were reached: it says nothing");
    }
}

/// Every stage that is wanted, made by two at a time, and what kept others from being made.
fn stages(wanted: impl Fn(&str) -> bool) -> (Vec<Mutex<Stage>>, Vec<String>) {
    let is_root = rustix::process::geteuid().is_root();
    let chosen: Vec<&'static Scenario> = catalogue::all()
        .filter(|scenario| wanted(scenario.name))
        .filter(|scenario| {
            if scenario.needs_root && !is_root {
                skip(&format!("{}: only root can have that", scenario.name));
            }
            !scenario.needs_root || is_root
        })
        .collect();
    let (waiting, made, bad) =
        (Mutex::new(chosen.into_iter()), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let next = || waiting.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(scenario) = next() {
                    match catch_unwind(AssertUnwindSafe(|| Stage::new(scenario))) {
                        Ok(stage) => made.lock().unwrap().push(stage),
                        Err(panic) => {
                            let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                            bad.lock()
                                .unwrap()
                                .push(format!("{}, with nothing going wrong: {said}", scenario.name));
                        }
                    }
                }
            });
        }
    });
    let mut made = made.into_inner().unwrap();
    made.sort_by_key(|stage| stage.scenario.name);
    (made.into_iter().map(Mutex::new).collect(), bad.into_inner().unwrap())
}

/// Every point of all stages in an order that the seed draws, so that whatever was run by some time is a sample of all.
fn points(
    stages: &[Mutex<Stage>],
    wanted: impl Fn(&str) -> bool,
    dice: &mut Dice,
) -> Vec<(usize, Series, u32, u32)> {
    let mut points = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        for (series, count) in stage.lock().unwrap().counts.iter().filter(|(series, _)| wanted(series.call)) {
            points.extend((1..=*count).map(|number| (index, *series, number, *count)));
        }
    }
    for last in (1..points.len()).rev() {
        let other = dice.roll(u64::try_from(last + 1).unwrap());
        points.swap(last, usize::try_from(other).unwrap());
    }
    points
}

#[test]
fn a_create_a_removal_and_a_restore_survive_a_few_faults() {
    sample(&["create", "remove", "restore"], 3);
}

#[test]
fn a_supervisor_and_a_server_survive_a_few_faults() {
    sample(&["supervisor restarting", "serve: remove"], 1);
}

#[test]
fn a_supervisor_killed_before_it_wrote_down_what_it_started_leaves_nothing_that_nobody_knows() {
    if !strace::has_strace(&std::env::temp_dir()) {
        return skip("strace is not installed or may not trace here");
    }
    for (scenario, number) in [("up", 2), ("up after a crash", 3)] {
        let mut stage = Stage::bare(catalogue::all().find(|known| known.name == scenario).unwrap());
        let series = Series { scenario, role: Role::Everyone, call: "rename", fault: Fault::Kill };
        let verdict = stage.point(&series, number);
        assert!(matches!(verdict, Verdict::Good), "{scenario} {number}: {}", verdict.said());
    }
}

#[test]
#[ignore = "heavy: every call of every command fails or kills once; hours, resumable"]
fn faults_at_every_call_of_every_command() {
    if !strace::has_strace(&std::env::temp_dir()) {
        return skip("strace is not installed or may not trace here");
    }
    let seconds = std::env::var("WT_FAULTS_SECONDS").ok().and_then(|text| text.parse().ok());
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let seed = seed(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs());
    let (stages, mut bad) = stages(wanted("WT_FAULTS"));
    let progress = Progress::open();
    let mut all = points(&stages, wanted("WT_FAULTS_CALLS"), &mut Dice(seed));
    all.retain(|(_, series, number, _)| !progress.has(series, *number));
    let waiting = Mutex::new(all.into_iter());
    let next = || waiting.lock().unwrap().next().filter(|_| until.is_none_or(|until| Instant::now() < until));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((index, series, mut number, count)) = next() {
                    let mut stage = stages[index].lock().unwrap();
                    loop {
                        let verdict = stage.point(&series, number);
                        progress.note(&series, number, &verdict);
                        let is_over = number < count || matches!(verdict, Verdict::End);
                        if is_over || progress.has(&series, number + 1) {
                            break;
                        }
                        number += 1;
                    }
                }
            });
        }
    });
    let planned: Vec<_> = stages.iter().flat_map(|stage| stage.lock().unwrap().counts.clone()).collect();
    let (table, found) = Progress::table(&planned);
    bad.extend(found);
    println!("{table}{}", Progress::path().display());
    let (reached, judged) = Progress::sums();
    assert!(judged < 20 || 2 * reached > judged, "{reached} of {judged} were reached: it says nothing");
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
