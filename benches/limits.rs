//! The limits of this program, beside what an earlier one took: `WT_BEFORE=PROGRAM cargo bench --bench limits [-- ROW…]`.
//! Git, the earlier program and this one take turns in one run. A limit is a share of what the earlier one takes; without
//! `WT_BEFORE` there is none. `cargo bench --bench limits -- --list` has the names of the rows.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "git and wt are children here, and files are made for them")]

use std::path::PathBuf;

use sides::Side;

#[path = "limits/cold.rs"]
mod cold;
#[path = "support/ground.rs"]
mod ground;
#[path = "limits/rows.rs"]
mod rows;
#[path = "limits/sides.rs"]
mod sides;
#[path = "support/sources.rs"]
mod sources;
#[path = "limits/watch.rs"]
mod watch;

/// One line of the table.
struct Row {
    name: &'static str,
    what: &'static str,
    /// The limit: what the earlier program takes, times this.
    share: Option<f64>,
    /// What the limit came to when it was set, on that day's machine: it is kept also where today's share is less.
    set: f64,
    /// What each program takes, in the order in which they are given.
    measure: fn(&[Side]) -> Vec<f64>,
}

const ROWS: &[Row] = &[
    Row {
        name: "small",
        what: "create --ports of 300 files beside a sibling, of git's",
        share: Some(0.85),
        set: 0.45,
        measure: |sides| rows::create(sides, 300, true, &["--ports"]),
    },
    Row {
        name: "large",
        what: "create of 25,000 files, no sibling, of git's",
        share: Some(0.95),
        set: 0.40,
        measure: |sides| rows::create(sides, 25_000, false, &[]),
    },
    Row {
        name: "sibling",
        what: "create of 25,000 files beside a sibling, of git's",
        share: Some(0.9),
        set: 0.22,
        measure: |sides| rows::create(sides, 25_000, true, &[]),
    },
    Row {
        name: "memory",
        what: "the most memory of a create of 25,000 files, MiB",
        share: Some(0.62),
        set: 100.0,
        measure: rows::memory,
    },
    Row {
        name: "remove",
        what: "remove --force of 25,000 files, of git's",
        share: Some(0.55),
        set: 0.02,
        measure: rows::remove,
    },
    Row {
        name: "hook",
        what: "post-checkout with nothing to do, ms more than an empty one",
        share: Some(0.83),
        set: 1.5,
        measure: rows::hook,
    },
    Row {
        name: "scan",
        what: "ports scan of 100 ports, of `ss -tlnp`",
        share: Some(0.7),
        set: 0.8,
        measure: rows::scan,
    },
    Row {
        name: "allocate",
        what: "ports allocate beside 1,000 ports, ms more than beside 10",
        share: Some(0.55),
        set: 3.0,
        measure: rows::allocate,
    },
    Row {
        name: "crowd",
        what: "create beside 500 worktrees, of one beside 10",
        share: Some(0.57),
        set: 1.3,
        measure: rows::crowd,
    },
    Row {
        name: "wakes",
        what: "health --watch, nothing changing: wake-ups a second",
        share: None,
        set: 1.0,
        measure: watch::wakes,
    },
    Row {
        name: "writes",
        what: "the same: the registry written, times in 30 s",
        share: None,
        set: 0.0,
        measure: watch::writes,
    },
    Row {
        name: "cold",
        what: "create of 25,000 files on ext4 just mounted, of git's",
        share: None,
        set: 1.0,
        measure: cold::create,
    },
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.iter().any(|word| word == "--list") {
        for row in ROWS {
            println!("{:<9} {}", row.name, row.what);
        }
        return;
    }
    let before = std::env::var_os("WT_BEFORE").map(PathBuf::from);
    let programs = before.iter().cloned().chain([PathBuf::from(env!("CARGO_BIN_EXE_wt"))]);
    let sides: Vec<Side> = programs.map(|program| Side::new(&program)).collect();
    println!("{:<62} {:>8} {:>8} {:>8} {:>8}", "", "before", "now", "limit", "as set");
    for row in ROWS.iter().filter(|row| words.is_empty() || words.iter().any(|word| word == row.name)) {
        let figures = (row.measure)(&sides);
        let Some(now) = figures.last() else {
            println!("{:<62} SKIPPED: this cannot be measured here", row.what);
            continue;
        };
        let earlier = before.as_ref().and(figures.first());
        let limit = row.share.and_then(|share| earlier.map(|figure| share * figure));
        let shown =
            |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.3}"));
        let verdict = if *now <= limit.unwrap_or(row.set).max(row.set) { "" } else { "  missed" };
        println!(
            "{:<62} {:>8} {now:>8.3} {:>8} {:>8}{verdict}",
            row.what,
            shown(earlier.copied()),
            shown(limit),
            row.set
        );
    }
}
