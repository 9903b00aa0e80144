//! How each command grows: `cargo bench --bench scale [-- AXIS… [SIZE…]]`, with the axes `worktrees`, `records`, `loose`,
//! `packed`, `files` and `services`; without one all of them. Processor time of whole processes, of which a busy machine takes
//! nothing away; of services, whose supervisor is no child of ours, time on the clock. The exponent is that of the step from
//! the size before: 1 is linear, and more than 1.1 is marked.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "git and wt are children here, and files are made for them")]

use std::collections::BTreeMap;

use ground::Ground;
use growth::Cost;

#[path = "support/ground.rs"]
mod ground;
#[path = "support/growth.rs"]
mod growth;

/// What looks is run so often, and the quickest run counts.
const ROUNDS: usize = 3;

/// More than this is a growth that is looked into.
const STRAIGHT: f64 = 1.1;

/// One that takes less than this is mostly the start of the program, which does not grow, in seconds.
const NOTEWORTHY: f64 = 0.05;

struct Axis {
    name: &'static str,
    sizes: &'static [usize],
    measure: fn(usize) -> Vec<Cost>,
}

const AXES: [Axis; 6] = [
    Axis { name: "worktrees", sizes: &[10, 50, 250, 1000, 5000], measure: worktrees },
    Axis { name: "records", sizes: &[100, 1000, 10_000, 100_000], measure: records },
    Axis { name: "loose", sizes: &[100, 2000, 20_000, 200_000], measure: loose },
    Axis { name: "packed", sizes: &[100, 2000, 20_000, 200_000], measure: packed },
    Axis { name: "files", sizes: &[1000, 10_000, 100_000, 300_000], measure: files },
    Axis { name: "services", sizes: &[1, 10, 100, 300, 1000], measure: services },
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let sizes: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let is_named = |axis: &&Axis| words.iter().any(|word| word == axis.name);
    let is_any_named = AXES.iter().any(|axis| is_named(&axis));
    for axis in AXES.iter().filter(|axis| !is_any_named || is_named(axis)) {
        let sizes = if sizes.is_empty() { axis.sizes.to_vec() } else { sizes.clone() };
        println!("{:>9}  {:<34} {:>11}  {:>8}", axis.name, "command", "seconds", "exponent");
        let mut before: BTreeMap<String, (usize, f64)> = BTreeMap::new();
        for size in sizes {
            for cost in (axis.measure)(size) {
                let known = before.insert(cost.command.clone(), (size, cost.seconds));
                let clock = if cost.is_clock { " on the clock" } else { "" };
                println!(
                    "{size:>9}  {:<34} {:>11.4}  {}{clock}",
                    cost.command,
                    cost.seconds,
                    growth(known, size, cost.seconds)
                );
            }
        }
    }
}

/// The exponent of the step, in words.
#[expect(clippy::cast_precision_loss, reason = "sizes of a bench")]
fn growth(before: Option<(usize, f64)>, size: usize, seconds: f64) -> String {
    let Some((smaller, quicker)) = before.filter(|(smaller, _)| *smaller != size) else {
        return format!("{:>8}", "");
    };
    let exponent = (seconds / quicker.max(1e-4)).ln() / (size as f64 / smaller as f64).ln();
    let mark = if exponent > STRAIGHT && seconds > NOTEWORTHY { "  more than linear" } else { "" };
    format!("{exponent:>8.2}{mark}")
}

/// As many worktrees in one repository, each with its record, two ports and an env block.
fn worktrees(count: usize) -> Vec<Cost> {
    let ground = Ground::new(20);
    for number in 0..count {
        ground.wt(&["create", &format!("w{number}"), "--ports=web,api"]);
    }
    let mut costs = vec![
        ground.look(ROUNDS, &["list"]),
        ground.look(ROUNDS, &["list", "--status"]),
        ground.look(ROUNDS, &["path", "w0"]),
        ground.look(ROUNDS, &["validate"]),
        ground.look(ROUNDS, &["ports", "list"]),
        ground.look(ROUNDS, &["ports", "conflicts"]),
        ground.look(ROUNDS, &["prune", "--merged", "--dry-run"]),
        ground.once("create one", &["create", "one", "--ports=web,api"]),
        ground.once("rename one", &["rename", "one", "two"]),
        ground.once("remove one", &["remove", "two", "--force"]),
        ground.once("restore one", &["restore", "two"]),
    ];
    // The first half is removed, the second one vanishes: of as many as there are in all.
    let folders = ground.worktrees();
    let (removed, vanished) = folders.split_at(folders.len() / 2);
    let names: Vec<&str> =
        removed.iter().map(|folder| folder.file_name().unwrap().to_str().unwrap()).collect();
    let words: Vec<&str> = ["remove", "--force"].into_iter().chain(names).collect();
    costs.push(ground.once("remove of half of them", &words));
    for folder in vanished {
        std::fs::remove_dir_all(folder).unwrap();
    }
    costs.push(ground.once("prune of the other half", &["prune", "-y"]));
    costs
}

/// As many records, of up to five hundred repositories: of ten two are alive elsewhere, four vanished, four of another host.
fn records(count: usize) -> Vec<Cost> {
    let ground = Ground::new(20);
    ground.wt(&["create", "here", "--ports=web"]);
    let text = ground.registry_of(count, count.div_ceil(2).min(500));
    let mut costs = Vec::new();
    let lookers: [&[&str]; 7] = [
        &["path", "here"],
        &["hook", "post-checkout", "HEAD", "HEAD", "1"],
        &["list"],
        &["list", "--all"],
        &["validate"],
        &["ports", "conflicts"],
        &["events"],
    ];
    for words in lookers {
        ground.write_registry(&text);
        costs.push(ground.look(1, words));
    }
    ground.write_registry(&text);
    costs.push(ground.once("create one", &["create", "one", "--ports=web"]));
    costs.push(ground.once("remove one", &["remove", "one", "--force"]));
    costs
}

fn loose(count: usize) -> Vec<Cost> {
    let ground = Ground::new(20);
    ground.make_branches(count, false);
    of_refs(&ground)
}

fn packed(count: usize) -> Vec<Cost> {
    let ground = Ground::new(20);
    ground.make_branches(count, true);
    of_refs(&ground)
}

fn of_refs(ground: &Ground) -> Vec<Cost> {
    vec![
        ground.once("create one", &["create", "one"]),
        ground.once("create of a branch", &["create", "two", "--branch", "of-the-bench/0/0"]),
        ground.look(ROUNDS, &["list"]),
        ground.look(ROUNDS, &["list", "--status"]),
        ground.look(ROUNDS, &["validate"]),
        ground.look(ROUNDS, &["prune", "--merged", "--dry-run"]),
        ground.once("remove one", &["remove", "one", "--force"]),
        ground.once("restore one", &["restore", "one"]),
        ground.once("remove --delete-branch", &["remove", "one", "--force", "--delete-branch"]),
    ]
}

/// As many files in the worktree.
fn files(count: usize) -> Vec<Cost> {
    let ground = Ground::new(count);
    vec![
        ground.once("create, no sibling but the main one", &["create", "one"]),
        ground.once("create, a sibling", &["create", "two"]),
        ground.look(ROUNDS, &["list"]),
        ground.look(ROUNDS, &["list", "--status"]),
        ground.look(ROUNDS, &["validate"]),
        ground.once("remove", &["remove", "one"]),
        ground.once("restore", &["restore", "one"]),
        ground.once("remove --force", &["remove", "one", "--force"]),
        ground.once("rename", &["rename", "two", "three"]),
    ]
}

/// As many services, which only sleep. What they cost stands on the clock: most of it is their supervisor's.
fn services(count: usize) -> Vec<Cost> {
    let ground = Ground::new(20);
    let one = |number| format!("[service.s{number}]\nrun = \"sleep 1000\"\nlistens = false\n");
    std::fs::write(ground.main().join(".wt.toml"), (0..count).map(one).collect::<String>()).unwrap();
    ground.wt(&["trust", "--yes"]);
    let up = ground.timed("up", &["up"]);
    let costs = vec![
        up,
        ground.look(ROUNDS, &["status"]),
        ground.look(ROUNDS, &["list"]),
        ground.look(ROUNDS, &["health"]),
        ground.timed("restart", &["restart"]),
        ground.timed("down", &["down"]),
    ];
    ground.try_wt(&["down", "--reset"]);
    costs
}
