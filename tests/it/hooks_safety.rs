//! git never suffers from our hooks, whatever `wt` does.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use wt::door::Partner;

use crate::support::hooks::{PROVEN, find_new_git, write_program};
use crate::support::{Sandbox, skip};

/// Each way in which the hooks can be installed here: a word for it, and a sandbox with a remote.
fn sandboxes() -> Vec<(&'static str, Sandbox)> {
    let mut all = Vec::new();
    for (way, git) in [("file", None), ("config", find_new_git())] {
        if way == "config" && git.is_none() {
            continue;
        }
        let mut sandbox = Sandbox::new();
        let repo = sandbox.repo();
        sandbox.add_remote(&repo, "origin");
        sandbox.commit(&repo, "to push");
        let rest = std::env::var("PATH").unwrap();
        let bin = sandbox.path("bin");
        let front = git.unwrap_or_else(|| bin.clone());
        sandbox.set("PATH", format!("{}:{}:{rest}", front.display(), bin.display()));
        assert_eq!(sandbox.json(&["hooks", "install"])["how"], way);
        all.push((way, sandbox));
    }
    all
}

fn checkout(sandbox: &Sandbox) -> Output {
    sandbox.try_git(&sandbox.repo(), &["switch", "-q", "--detach"])
}

fn push(sandbox: &Sandbox) -> Output {
    sandbox.try_git(&sandbox.repo(), &["push", "-q", "--dry-run", "origin", "main"])
}

fn lines(output: &Output) -> usize {
    String::from_utf8_lossy(&output.stderr).lines().count()
}

#[test]
fn without_wt_git_goes_on_in_silence() {
    for (way, sandbox) in sandboxes() {
        for output in [checkout(&sandbox), push(&sandbox)] {
            assert!(output.status.success() && output.stderr.is_empty(), "{way} {output:?}");
        }
        let folder = sandbox.path("new");
        sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", folder.to_str().unwrap()]);
    }
}

/// Ways in which a program ends.
const ENDINGS: [&str; 13] = [
    "exit 0",
    "exit 1",
    "exit 2",
    "exit 87",
    "exit 101",
    "exit 124",
    "exit 126",
    "exit 127",
    "exit 130",
    "exit 139",
    "kill -SEGV $$",
    "kill -9 $$",
    "kill -TERM $$",
];

#[test]
fn however_wt_fails_git_goes_on_and_only_its_own_status_stops_a_push() {
    for (way, sandbox) in sandboxes() {
        for ending in ENDINGS {
            let text = format!("{PROVEN}echo 'rubbish of a broken program' >&2\n{ending}\n");
            write_program(&sandbox.path("bin/wt"), &text);
            let output = checkout(&sandbox);
            assert!(output.status.success() && lines(&output) <= 1, "{way} {ending} {output:?}");
            let output = push(&sandbox);
            assert_eq!(output.status.success(), ending != "exit 87", "{way} {ending} {output:?}");
        }
    }
}

#[test]
fn another_program_called_wt_stops_nothing_and_is_not_told_what_is_pushed() {
    for (way, sandbox) in sandboxes() {
        let log = sandbox.path("told");
        for said in ["", "echo wt of git worktrees and more", "echo \"$@\"", "yes wt of git worktrees"] {
            for ending in ENDINGS {
                let text = format!("#!/bin/sh\necho \"$*\" >> '{}'\n{said}\n{ending}\n", log.display());
                write_program(&sandbox.path("bin/wt"), &text);
                let output = push(&sandbox);
                assert!(output.status.success() && lines(&output) == 0, "{way} {said} {ending} {output:?}");
                assert_eq!(fs::read_to_string(&log).unwrap(), "hook probe\n", "{way}");
                fs::remove_file(&log).unwrap();
                // One that never ends is killed before it comes to its own ending; after a checkout it is heard.
                if said.starts_with("yes") {
                    break;
                }
                let output = checkout(&sandbox);
                assert!(output.status.success(), "{way} {said} {ending} {output:?}");
                fs::remove_file(&log).unwrap();
            }
        }
    }
}

#[test]
fn git_wt_goes_first_and_needs_no_proof() {
    for (way, sandbox) in sandboxes() {
        let log = sandbox.path("told");
        write_program(&sandbox.path("bin/wt"), "#!/bin/sh\nexit 87\n");
        let text = format!("#!/bin/sh\necho \"$1 $2\" >> '{}'\nexit 87\n", log.display());
        write_program(&sandbox.path("bin/git-wt"), &text);
        assert!(checkout(&sandbox).status.success(), "{way}");
        assert!(!push(&sandbox).status.success(), "{way}");
        assert_eq!(fs::read_to_string(&log).unwrap(), "hook post-checkout\nhook pre-push\n", "{way}");
    }
}

/// Ends what stand-ins left that noted themselves and their children in `pids`; they ran at least `least` times.
#[track_caller]
fn end_strays(sandbox: &Sandbox, pids: &Path, least: usize) {
    let noted = fs::read_to_string(pids).unwrap();
    assert!(noted.lines().count() >= least, "{noted:?}: the stand-in never ran");
    let root = sandbox.path("home").display().to_string();
    for pid in noted.split_whitespace() {
        // The number may be somebody else's by now.
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        if String::from_utf8_lossy(&environment).contains(&root) {
            let mut kill = sandbox.program("kill", &sandbox.repo());
            let _ = kill.args(["-9", pid]).stderr(Stdio::null()).status();
        }
    }
}

#[test]
fn what_another_program_called_wt_leaves_behind_holds_up_no_push() {
    for (way, sandbox) in sandboxes() {
        let pids = sandbox.path("pids");
        let text = format!("#!/bin/sh\nsleep 600 &\necho $! >> '{}'\nwait\n", pids.display());
        write_program(&sandbox.path("bin/wt"), &text);
        let start = Instant::now();
        let output = push(&sandbox);
        assert!(output.status.success() && output.stderr.is_empty(), "{way} {output:?}");
        assert!(start.elapsed() < Duration::from_mins(1), "{way}");
        end_strays(&sandbox, &pids, 1);
    }
}

#[test]
fn what_another_program_called_wt_leaves_behind_holds_up_no_reader_of_what_git_says() {
    for (way, sandbox) in sandboxes() {
        let pids = sandbox.path("pids");
        let text = format!("#!/bin/sh\nsleep 100 &\necho $! >> '{}'\nprintf 'said so' >&2\n", pids.display());
        write_program(&sandbox.path("bin/wt"), &text);
        let start = Instant::now();
        // Both ends of a pipe: the answer is read to its end.
        let output = checkout(&sandbox);
        assert!(output.status.success(), "{way} {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "said so\n", "{way}");
        assert!(start.elapsed() < Duration::from_mins(1), "{way}");
        end_strays(&sandbox, &pids, 1);
    }
}

/// What a partner runs for a hook: the script, its arguments put in as the partner does it.
fn partner_scripts(partner: Partner, hook: &str) -> String {
    let lines = partner.lines("/h");
    match partner {
        Partner::Lefthook => {
            let text = lines[0].1.split(&format!("{hook}:\n")).nth(1).unwrap();
            let run = text.split("run: |\n").nth(1).unwrap().lines().next().unwrap();
            run.trim().replace("{0}", "origin url 1")
        }
        Partner::PreCommit => {
            let text = lines[0].1.split(&format!("id: wt-{hook}\n")).nth(1).unwrap();
            let entry = text.split("entry: |\n").nth(1).unwrap().lines().next().unwrap();
            entry.trim().to_owned()
        }
        _ => lines.iter().find(|(file, _)| file.contains(hook)).unwrap().1.clone(),
    }
}

#[test]
fn the_lines_for_other_tools_hooks_hold_up_and_stop_nothing_for_another_program_called_wt() {
    let mut sandbox = Sandbox::new();
    sandbox.put_on_path(&sandbox.path("bin"));
    let pids = sandbox.path("pids");
    let note = format!("echo $! $$ >> '{}'", pids.display());
    let hangs = format!("sleep 100 & {note}; wait");
    let leaves = format!("sleep 100 & {note}; exit 1");
    for then in [&*hangs, &leaves, "exit 87", "exit 1"] {
        write_program(&sandbox.path("bin/wt"), &format!("#!/bin/sh\n{then}\n"));
        for partner in [Partner::Husky, Partner::Lefthook, Partner::PreCommit, Partner::Unknown] {
            for hook in ["post-checkout", "pre-push"] {
                let start = Instant::now();
                let script = partner_scripts(partner, hook);
                let mut shell = sandbox.program("sh", &sandbox.repo());
                let output = shell.args(["-ec", &script, "hook", "a", "b", "1"]).output().unwrap();
                assert!(output.status.success(), "{partner:?} {hook} {then}: {output:?}");
                assert!(start.elapsed() < Duration::from_mins(1), "{partner:?} {hook} {then}");
            }
        }
    }
    // Whoever proves to be ours stops a push, by its own status alone.
    for (then, stops) in [("exit 87", true), ("exit 1", false)] {
        write_program(&sandbox.path("bin/wt"), &format!("{PROVEN}cat >/dev/null\n{then}\n"));
        for partner in [Partner::Husky, Partner::Lefthook, Partner::PreCommit, Partner::Unknown] {
            let script = partner_scripts(partner, "pre-push");
            let mut shell = sandbox.program("sh", &sandbox.repo());
            let output = shell.args(["-c", &script, "hook", "a", "b"]).output().unwrap();
            assert_eq!(output.status.success(), !stops, "{partner:?} {then}: {output:?}");
        }
    }
    // Two stand-ins that note themselves, four partners, two hooks.
    end_strays(&sandbox, &pids, 16);
}

#[test]
fn a_wt_that_cannot_be_run_is_passed_over() {
    for (way, sandbox) in sandboxes() {
        for text in ["#!/no/such/interpreter\n", "\u{7f}ELF rubbish", ""] {
            write_program(&sandbox.path("bin/wt"), text);
            for output in [checkout(&sandbox), push(&sandbox)] {
                assert!(output.status.success() && lines(&output) <= 1, "{way} {text:?} {output:?}");
            }
        }
    }
}

#[test]
fn a_wt_that_hangs_before_it_begins_is_killed() {
    for (way, sandbox) in sandboxes() {
        let text = format!("#!/bin/sh\necho $$ >> '{}'\nexec sleep 600\n", sandbox.path("pids").display());
        write_program(&sandbox.path("bin/wt"), &text);
        for act in [checkout, push] {
            let start = Instant::now();
            let output = act(&sandbox);
            let took = start.elapsed();
            assert!(output.status.success() && lines(&output) <= 1, "{way} {output:?}");
            assert!(took >= Duration::from_millis(450) && took < Duration::from_secs(20), "{way} {took:?}");
        }
        let pids = fs::read_to_string(sandbox.path("pids")).unwrap();
        for pid in pids.lines() {
            let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            assert!(!command.contains("600"), "{way}: {pid} still hangs");
        }
    }
}

#[test]
fn no_process_is_left_behind() {
    for (way, sandbox) in sandboxes() {
        write_program(&sandbox.path("bin/wt"), &format!("{PROVEN}exit 0\n"));
        // A watch of ours inherits the mark, and shows by it.
        let mark = format!("WT_TEST_MARK={}", sandbox.path("mark").display());
        let (name, value) = mark.split_once('=').unwrap();
        for word in ["--detach", "main"] {
            let done = sandbox
                .program("git", &sandbox.repo())
                .args(["switch", "-q", word])
                .env(name, value)
                .status()
                .unwrap();
            assert!(done.success());
        }
        let arguments = ["push", "-q", "--dry-run", "origin", "main"];
        let pushed =
            sandbox.program("git", &sandbox.repo()).args(arguments).env(name, value).status().unwrap();
        assert!(pushed.success());
        crate::support::wait::until(way, || !is_marked(&mark));
    }
}

fn is_marked(mark: &str) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("environ")).ok())
        .any(|environment| environment.split(|byte| *byte == 0).any(|word| word == mark.as_bytes()))
}

#[test]
fn the_commands_for_the_configuration_are_clean_sh_too() {
    let Some(git) = find_new_git() else { return };
    let mut sandbox = Sandbox::new();
    let rest = std::env::var("PATH").unwrap();
    sandbox.set("PATH", format!("{}:{rest}", git.display()));
    if sandbox.program("shellcheck", &sandbox.repo()).arg("--version").output().is_err() {
        return skip("no shellcheck here");
    }
    sandbox.hooks("install").ok();
    for hook in ["post-checkout", "pre-push"] {
        let command = sandbox.git(&sandbox.repo(), &["config", &format!("hook.wt-{hook}.command")]);
        // As git runs it: with the arguments behind it.
        let script = sandbox.path(hook);
        fs::write(&script, format!("#!/bin/sh\n{command} \"$@\"\n")).unwrap();
        let output = sandbox.program("shellcheck", &sandbox.repo()).arg(&script).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
