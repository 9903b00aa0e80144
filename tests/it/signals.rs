//! Signals that a parent ignores are ignored by nothing that we start, and the first signal ends what waits for
//! a person or for somebody else's lock.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::terminal::Terminal;
use crate::support::wait::{end_of, until};
use crate::support::{Run, Sandbox};

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
fn the_first_signal_ends_what_waits_for_an_answer_and_leaves_the_terminal_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    fs::write(sandbox.worktree("feature-one").join("mine"), "").unwrap();
    let questions: [(&[&str], &str); 2] =
        [(&["remove", "one"], "Remove all the same?"), (&["create"], "Purpose")];
    for (arguments, question) in questions {
        for number in [Signal::TERM, Signal::HUP, Signal::INT] {
            let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), arguments));
            let modes = terminal.modes();
            terminal.expect(question);
            until("the program to read keys", || terminal.modes() != modes);
            terminal.signal(number);
            until("the terminal to be as it was", || terminal.modes() == modes);
            let (status, seen) = terminal.finish();
            assert_eq!(status, 130, "{arguments:?} {number:?}: {seen}");
            assert!(seen.contains("interrupted; nothing was changed"), "{seen}");
        }
    }
    assert!(sandbox.worktree("feature-one").join("mine").exists());
}

/// Answers whether `child` catches SIGTERM and has `folder` open: it waits for the lock on it. A lock file is opened anew for
/// each try.
fn waits_at(child: &Child, folder: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{}", child.id()));
    let status = fs::read_to_string(process.join("status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
    let catches = u64::from_str_radix(mask.trim(), 16).unwrap() & (1 << (Signal::TERM.as_raw() - 1)) != 0;
    let mut open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    catches
        && (folder.is_file()
            || open.any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == folder)))
}

#[test]
fn the_first_signal_ends_every_wait_for_a_lock_and_nothing_is_changed() {
    let mut sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.set("WT_REGISTRY_LOCK_TIMEOUT", "100s");
    let common = sandbox.repo().join(".git");
    sandbox.wt(&["hooks", "install"]).ok();
    let hooks = common.join("wt/hooks.lock");
    fs::write(&hooks, "").unwrap();
    let waits: Vec<(&[&str], PathBuf)> = vec![
        (&["hooks", "uninstall"], hooks),
        (&["create", "two"], sandbox.state()),
        (&["remove", "one"], sandbox.state()),
        (&["create", "two"], common.join("info")),
        (&["env"], common.join("info")),
    ];
    let worktree = sandbox.worktree("feature-one");
    for (arguments, place) in waits {
        let held = fs::File::open(&place).unwrap();
        rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
        let before = sandbox.snapshot();
        let folder = if arguments == ["env"] { worktree.clone() } else { sandbox.repo() };
        let mut command = sandbox.command(&folder, arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        until("it to wait", || {
            assert!(
                child.try_wait().unwrap().is_none(),
                "{arguments:?} does not wait at {}",
                place.display()
            );
            waits_at(&child, &place)
        });
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let status = end_of(&mut child);
        let run = Run::new(arguments, &child.wait_with_output().unwrap());
        assert_eq!(status.code(), Some(130), "{}: {}", place.display(), run.shown());
        assert_eq!(sandbox.snapshot(), before, "{}", run.shown());
    }
}
