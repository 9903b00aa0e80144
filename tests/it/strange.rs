//! Strange set-ups: in each of them a worktree is created, listed, removed, restored and judged as in a usual one, or refused
//! with nothing made.

mod round;
mod setups;

use std::panic::{AssertUnwindSafe, catch_unwind};

use round::round;
use setups::{ALL, Named};

use crate::support::skip;

/// Goes through all set-ups of these names; says at the end which went wrong, and which this machine cannot make.
fn through(is_wanted: impl Fn(&str) -> bool) {
    let (mut wrong, mut unmade) = (Vec::new(), Vec::new());
    let wanted: Vec<&Named> = ALL.iter().filter(|setup| is_wanted(setup.name)).collect();
    assert!(!wanted.is_empty(), "no set-up is called so");
    for Named { name, make } in wanted {
        let Some(setup) = make() else {
            unmade.push(*name);
            continue;
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| round(&setup))) {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            wrong.push(format!("== {name}\n{}", said.unwrap_or_default()));
        }
    }
    if !unmade.is_empty() {
        skip(&format!("this machine cannot make: {}", unmade.join("; ")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_few_strange_set_ups_are_as_usual_ones() {
    through(|name| {
        ["HOME is not set", "TMPDIR leads nowhere", "the git folder lies elsewhere"].contains(&name)
    });
}

#[test]
#[ignore = "heavy: all of them, some with mounts and loop devices; WT_STRANGE=part of a name chooses"]
fn every_strange_set_up_is_as_a_usual_one_or_refused() {
    let wanted = std::env::var("WT_STRANGE").unwrap_or_default();
    through(|name| name.contains(&wanted));
}
