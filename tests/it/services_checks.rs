//! Health checks by command, made again and again: they leave neither processes nor zombies.

use std::fs;

use crate::support::services::{Fleet, is_running};
use crate::support::wait::until;
use crate::support::{Sandbox, git};

/// Goes on in the background in its group and in a group of its own, and hangs once it is told to.
const CHECK: &str = "#!/bin/sh
sleep 600 & echo $! >> grouped
setsid sleep 602 & echo $! >> elsewhere
test -e hang || exit 0
timeout 603 sleep 604 & echo $! >> grouped
wait
";

fn fleet<'a>(sandbox: &'a Sandbox, more: &str) -> Fleet<'a> {
    git::write(&sandbox.path("home"), "check.sh", CHECK);
    let check = format!("sh {}", sandbox.path("home/check.sh").display());
    let health = format!("health = {{ command = {check:?}, timeout = \"1s\", interval = \"100ms\"{more} }}");
    sandbox.fleet("one", &format!("[service.web]\nrun = \"sleep 605\"\nlistens = false\n{health}\n"))
}

fn noted(fleet: &Fleet<'_>, name: &str) -> Vec<u32> {
    let text = fs::read_to_string(fleet.folder.join(name)).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// The children of a process that have ended and that it did not notice.
fn zombies(parent: u32) -> usize {
    let stats = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        entry.file_name().to_str()?.parse::<u32>().ok()?;
        fs::read_to_string(entry.path().join("stat")).ok()
    });
    let is_one = |stat: &String| {
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        rest.starts_with(&format!("Z {parent} "))
    };
    stats.filter(is_one).count()
}

#[test]
fn what_checks_leave_ends_with_them_and_leaves_no_zombie() {
    let sandbox = Sandbox::new();
    let fleet = fleet(&sandbox, ", failures = 1");
    fleet.wt(&["up"]).ok();
    let supervisor = fleet.supervisor().unwrap();
    until("several checks", || noted(&fleet, "grouped").len() > 3);
    fs::write(fleet.folder.join("hang"), "").unwrap();
    until("a check that hung", || fleet.state("web").0 == "unhealthy");
    fs::remove_file(fleet.folder.join("hang")).unwrap();
    until("its health", || fleet.state("web").0 == "ready");
    let before = noted(&fleet, "grouped");
    until("the ends of what they left", || !before.iter().copied().any(is_running));
    until("their burials", || zombies(supervisor) <= 1);
    fleet.wt(&["down"]).ok();
    let left = [noted(&fleet, "grouped"), noted(&fleet, "elsewhere")].concat();
    assert!(left.len() > 8 && !left.iter().copied().any(is_running), "{left:?}");
}

#[test]
fn a_check_in_the_middle_ends_with_down_and_is_no_remnant() {
    let sandbox = Sandbox::new();
    let fleet = fleet(&sandbox, ", start_timeout = \"60s\"");
    fs::write(fleet.folder.join("hang"), "").unwrap();
    let mut up = sandbox.command(&fleet.folder, &["up"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    until("the check", || noted(&fleet, "grouped").len() == 2);
    let down = fleet.json(&["down"]);
    assert!(down["remains"].as_array().is_none_or(Vec::is_empty), "{down}");
    assert!(!noted(&fleet, "grouped").into_iter().any(is_running));
    assert!(!crate::support::wait::end_of(&mut up).success());
}
