//! Signals that a parent ignores are ignored by nothing that we start, and a second signal ends what waits for a person.

use std::fs;

use rustix::process::Signal;

use crate::support::Sandbox;
use crate::support::terminal::Terminal;
use crate::support::wait::until;

/// Answers whether the line of a status names none of the standard signals; those above them are not the user's.
fn is_usual(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap().trailing_zeros() >= 31
}

#[test]
fn what_we_start_ignores_no_signal_that_our_parent_ignores() {
    let mut sandbox = Sandbox::new();
    sandbox.set("WT", env!("CARGO_BIN_EXE_wt"));
    let config = "[service.web]\nrun = \"sh -c 'grep SigIgn /proc/self/status > service; exec sleep 600'\"\n\
                  listens = false\n\
                  health = { command = \"sh -c 'grep SigIgn /proc/self/status > check'\" }\n";
    let fleet = sandbox.fleet("one", config);
    let ignoring = |line: &str| {
        let mut shell = sandbox.program("sh", &fleet.folder);
        let line = format!("trap '' HUP INT QUIT USR1 TERM; {line}");
        let output = shell.args(["-c", &line]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(is_usual(&ignoring("exec \"$WT\" run -- grep SigIgn /proc/self/status")));
    assert!(is_usual(&ignoring("exec \"$WT\" create two -x grep SigIgn /proc/self/status")));
    ignoring("exec \"$WT\" up");
    for file in ["service", "check"] {
        assert!(is_usual(&fs::read_to_string(fleet.folder.join(file)).unwrap()), "{file}");
    }
}

#[test]
fn a_second_signal_ends_at_once_what_waits_for_an_answer() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    fs::write(sandbox.worktree("feature-one").join("mine"), "").unwrap();
    for number in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), &["remove", "one"]));
        terminal.expect("Remove all the same?");
        terminal.signal(number);
        until("the first one to be heard", || terminal.has_heard(number));
        terminal.signal(number);
        assert_eq!(terminal.finish().0, 130);
    }
    assert!(sandbox.worktree("feature-one").join("mine").exists());
}
