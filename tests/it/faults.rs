//! Faults at the N-th call: each command is run again and again with one system call failing, or with whoever makes it killed
//! there, until it makes no such call any more. A judge looks at everything each time. A sample in each run, all of them in the
//! heavy one, which goes on where it was cut off.

mod calls;
mod fingerprint;
mod judge;
mod progress;
pub mod run;
mod scenario;
mod situations;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use calls::{CLASSES, Role, Series, series};
use judge::Known;
use progress::{Progress, Verdict};
use scenario::Scenario;
use world::World;

use crate::support::dice::Dice;
use crate::support::{skip, strace};

/// One point: runs it, judges it, and puts everything back.
fn point(world: &World, scenario: &Scenario, series: &Series, number: u32, known: &mut Known) -> Verdict {
    let outcome = run::run(scenario, &world.sandbox, Some((series, number)));
    let judged = catch_unwind(AssertUnwindSafe(|| judge::judge(world, scenario, &outcome, known)));
    run::end_all(&world.sandbox);
    world.reset();
    match judged {
        Ok(()) if !outcome.is_reached => Verdict::End,
        Ok(()) => Verdict::Good,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            Verdict::Bad(said.unwrap_or_default())
        }
    }
}

/// The run in which nothing goes wrong, judged too; answers how many calls a series may meet at most.
fn counts(world: &World, scenario: &Scenario) -> Vec<(Role, String, u32)> {
    let outcome = run::run(scenario, &world.sandbox, None);
    assert_eq!(outcome.code, Some(0), "{}: {}", scenario.name, outcome.shown());
    let counted = run::counted(&world.sandbox);
    judge::judge(world, scenario, &outcome, &mut Known::new());
    world.reset();
    let mut most: BTreeMap<(bool, String), u32> = BTreeMap::new();
    for (is_main, call, count) in counted {
        for role in scenario.roles {
            if is_main || *role == Role::Everyone {
                let known = most.entry((*role == Role::Main, call.clone())).or_default();
                *known = count.max(*known);
            }
        }
    }
    let role = |is_main| if is_main { Role::Main } else { Role::Everyone };
    most.into_iter().map(|((is_main, call), count)| (role(is_main), call, count)).collect()
}

/// How many points a scenario has.
fn planned(counts: &[(Role, String, u32)]) -> usize {
    let faults = |call: &str| {
        let class = CLASSES.iter().find(|class| class.calls.contains(&call)).unwrap();
        class.errors.len() + 1
    };
    counts.iter().map(|(_, call, count)| faults(call) * usize::try_from(*count).unwrap()).sum()
}

/// A few points of a scenario, drawn by the seed: `WT_FAULTS_SEED` draws others.
fn sample(names: &[&str], points: usize) {
    if !strace::has_strace(&std::env::temp_dir()) {
        return skip("strace is not installed or may not trace here");
    }
    let seed = std::env::var("WT_FAULTS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or(17);
    eprintln!("WT_FAULTS_SEED={seed}");
    let mut dice = Dice(seed);
    for name in names {
        let scenario = scenario::ALL.iter().find(|scenario| scenario.name == *name).unwrap();
        let world = World::new((scenario.make)());
        let (counts, mut known) = (counts(&world, scenario), Known::new());
        for _ in 0..points {
            let series = series(scenario.name, scenario.roles);
            let of = |series: &Series| {
                let count = counts
                    .iter()
                    .find(|(role, call, _)| (*role, call.as_str()) == (series.role, series.call));
                count.map_or(0, |(_, _, count)| u64::from(*count))
            };
            let mut drawn = dice.roll(series.iter().map(of).sum());
            let Some(series) = series.iter().find(|series| {
                let count = of(series);
                let is_here = drawn < count;
                drawn = if is_here { drawn } else { drawn - count };
                is_here
            }) else {
                continue;
            };
            let number = u32::try_from(drawn).unwrap() + 1;
            if let Verdict::Bad(said) = point(&world, scenario, series, number, &mut known) {
                panic!("WT_FAULTS_SEED={seed}: {series} {number}: {said}");
            }
        }
    }
}

/// Runs a scenario's points that no run has seen, until the time is over.
fn whole(scenario: &Scenario, until: Option<Instant>, planned_points: &Mutex<BTreeMap<&'static str, usize>>) {
    let world = World::new((scenario.make)());
    let count = planned(&counts(&world, scenario));
    planned_points.lock().unwrap().insert(scenario.name, count);
    let (progress, mut known) = (Progress::open(), Known::new());
    for series in series(scenario.name, scenario.roles) {
        let Some(mut number) = progress.next(&series) else { continue };
        loop {
            if until.is_some_and(|until| Instant::now() > until) {
                return;
            }
            let verdict = point(&world, scenario, &series, number, &mut known);
            progress.note(&series, number, &verdict);
            if matches!(verdict, Verdict::End) {
                break;
            }
            number += 1;
        }
    }
}

#[test]
fn a_create_a_removal_and_a_restore_survive_a_few_faults() {
    sample(&["create", "remove", "restore"], 3);
}

#[test]
#[ignore = "heavy: every call of every command fails or kills once; hours, resumable"]
fn faults_at_every_call_of_every_command() {
    if !strace::has_strace(&std::env::temp_dir()) {
        return skip("strace is not installed or may not trace here");
    }
    let wanted = std::env::var("WT_FAULTS").unwrap_or_default();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.split(',').any(|word| word == name);
    let seconds = std::env::var("WT_FAULTS_SECONDS").ok().and_then(|text| text.parse().ok());
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let chosen: Vec<&Scenario> = scenario::ALL.iter().filter(|scenario| is_wanted(scenario.name)).collect();
    let waiting = Mutex::new(chosen.into_iter());
    let planned = Mutex::new(BTreeMap::new());
    let next = || waiting.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(scenario) = next() {
                    whole(scenario, until, &planned);
                }
            });
        }
    });
    let (table, bad) = Progress::table(&planned.into_inner().unwrap());
    println!("{table}{}", Progress::path().display());
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
