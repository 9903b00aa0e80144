//! Many worktrees taken away by one command: each is looked at by itself, not all of them for each.

use std::fs;

use crate::support::Sandbox;

/// The processor time of all children that have ended, in clock ticks (`proc_pid_stat(5)`: cutime and cstime).
fn ticks() -> u64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap()
}

/// What taking away `count` worktrees costs.
fn cost(count: usize, take_away: impl Fn(&Sandbox, &[String])) -> u64 {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..count).map(|number| format!("w{number}")).collect();
    for name in &names {
        sandbox.wt(&["create", name]).ok();
    }
    let before = ticks();
    take_away(&sandbox, &names);
    assert!(sandbox.living().is_empty());
    ticks() - before
}

#[test]
#[ignore = "heavy: makes and takes away 125 worktrees, twice"]
fn prune_and_remove_of_four_times_as_many_worktrees_take_less_than_half_the_square() {
    let prune = |sandbox: &Sandbox, _: &[String]| {
        fs::remove_dir_all(sandbox.path("proj.worktrees")).unwrap();
        sandbox.wt(&["prune", "-y"]).ok();
    };
    let remove = |sandbox: &Sandbox, names: &[String]| {
        let names: Vec<String> = names.iter().map(|name| format!("feature-{name}")).collect();
        let words: Vec<&str> = std::iter::once("remove").chain(names.iter().map(String::as_str)).collect();
        sandbox.wt(&words).ok();
    };
    for (what, take_away) in [("prune", &prune as &dyn Fn(&Sandbox, &[String])), ("remove", &remove)] {
        let (few, many) = (cost(25, take_away), cost(100, take_away));
        eprintln!("{what}: {few} ticks for 25, {many} for 100");
        assert!(
            many < few * 8,
            "{what}: {few} ticks for 25, {many} for 100; the square would be sixteenfold"
        );
    }
}
