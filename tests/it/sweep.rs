//! What is deleted in the background is deleted to the end: whatever happens to the terminal, and to the sweep itself.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use crate::support::strace::has_strace;
use crate::support::{Sandbox, git, skip, wait};

/// The folders in the trash of the usual repository.
fn trash(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.path("proj.worktrees/.wt-trash")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| !path.ends_with(".gitignore")).collect()
}

fn half_deleted(sandbox: &Sandbox) -> Option<PathBuf> {
    trash(sandbox).into_iter().find(|path| path.to_string_lossy().ends_with(".deleting"))
}

fn is_swept(sandbox: &Sandbox) -> bool {
    // The record goes last.
    trash(sandbox).is_empty() && sandbox.registry()["worktrees"].as_array().is_none_or(Vec::is_empty)
}

/// Makes a worktree with that many files that nobody tracks.
fn create(sandbox: &Sandbox, name: &str, files: usize) {
    sandbox.wt(&["create", name]).ok();
    let folder = sandbox.worktree(&format!("feature-{name}"));
    for number in 0..files {
        let file = format!("made/{}/{number}", number / 1000);
        git::write(&folder, &file, "");
    }
}

/// Lets the time of everything that was removed be over.
fn let_time_pass(sandbox: &Sandbox) {
    let mut registry = sandbox.registry();
    for entry in registry["worktrees"].as_array_mut().unwrap() {
        entry["trash"]["until"] = "2026-01-01T00:00:00Z".into();
    }
    git::write(&sandbox.state(), "registry.json", &registry.to_string());
}

fn trash_row(sandbox: &Sandbox) -> serde_json::Value {
    let answer = sandbox.json(&["doctor"]);
    let row = answer["checks"].as_array().unwrap().iter().find(|check| check["name"] == "trash").cloned();
    row.unwrap()
}

#[test]
fn a_sweep_that_was_killed_is_told_and_the_next_command_resumes_it() {
    let sandbox = Sandbox::new();
    create(&sandbox, "large", 15_000);
    sandbox.wt(&["remove", "--force", "large"]).ok();
    let_time_pass(&sandbox);
    let mut sweep = sandbox.command(&sandbox.repo(), &["sweep"]).stderr(Stdio::null()).spawn().unwrap();
    wait::until("the deletion to begin", || half_deleted(&sandbox).is_some());
    sweep.kill().unwrap();
    sweep.wait().unwrap();
    let left = half_deleted(&sandbox).expect("it was killed in the middle");
    let row = trash_row(&sandbox);
    assert_eq!((row["status"].as_str(), row["hint"].as_str()), (Some("warning"), Some("wt sweep")), "{row}");
    assert!(row["message"].as_str().unwrap().contains(left.to_str().unwrap()), "{row}");
    sandbox.wt(&["list"]).ok();
    wait::until("the rest to go", || is_swept(&sandbox));
    assert_eq!(trash_row(&sandbox)["status"], "ok");
}

#[test]
fn neither_ctrl_c_nor_the_end_of_the_terminal_ends_it() {
    let sandbox = Sandbox::new();
    create(&sandbox, "large", 5000);
    sandbox.configure("[trash]\nkeep = \"0s\"\n");
    // A session of its own, whose every process in the foreground is signalled, as a terminal that closes does.
    let script = format!(
        "trap : INT TERM; '{}' remove --force large; kill -INT 0; kill -TERM 0; kill -HUP 0",
        env!("CARGO_BIN_EXE_wt")
    );
    let mut command = sandbox.program("setsid", &sandbox.repo());
    command.args(["sh", "-c", &script]).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(status) = command.status() else { return skip("there is no setsid") };
    assert!(!status.success(), "the shell was hung up");
    wait::until("the sweep to end by itself", || is_swept(&sandbox));
}

#[test]
fn several_sweeps_at_once_are_one() {
    let sandbox = Sandbox::new();
    for name in ["one", "two", "three"] {
        create(&sandbox, name, 300);
        sandbox.wt(&["remove", "--force", name]).ok();
    }
    let_time_pass(&sandbox);
    let start = || sandbox.command(&sandbox.repo(), &["sweep"]).stderr(Stdio::null()).spawn().unwrap();
    let mut sweeps = [(); 5].map(|()| start());
    for sweep in &mut sweeps {
        assert!(wait::end_of(sweep).success());
    }
    // The one at work may have been an older one, which a removal started before their time was over.
    wait::until("all to go", || {
        sandbox.wt(&["sweep"]).ok();
        is_swept(&sandbox)
    });
}

#[test]
fn what_is_mounted_inside_stays_is_told_and_holds_nothing_else_up() {
    use rustix::mount::{UnmountFlags, mount_bind, unmount};

    let sandbox = Sandbox::new();
    let precious = sandbox.path("precious");
    git::write(&precious, "file", "precious");
    create(&sandbox, "mounted", 3);
    create(&sandbox, "other", 3);
    let place = sandbox.worktree("feature-mounted").join("made/0/mount");
    fs::create_dir(&place).unwrap();
    if mount_bind(&precious, &place).is_err() {
        return skip("nothing can be mounted here");
    }
    for name in ["mounted", "other"] {
        sandbox.wt(&["remove", "--force", name]).ok();
    }
    let_time_pass(&sandbox);
    // The second removal started a sweep of its own, and while that one is at work this one has nothing to do.
    let mut swept = sandbox.wt(&["sweep"]);
    wait::until("the sweep to have its turn", || {
        let had_it = swept.status == 1;
        if !had_it {
            swept = sandbox.wt(&["sweep"]);
        }
        had_it
    });
    let row = trash_row(&sandbox);
    let left = half_deleted(&sandbox).unwrap();
    // Looked at before: once it is unmounted, a sweep that a removal started may take the rest.
    let kept = trash(&sandbox);
    unmount(left.join("made/0/mount"), UnmountFlags::DETACH).unwrap();
    assert!(precious.join("file").exists(), "what was mounted was deleted");
    swept.exits(1).says(&["another file system is mounted there"]);
    assert_eq!(kept, [left], "the other one went");
    assert_eq!(row["status"], "warning", "{row}");
    // A sweep that the second removal started may have looked before it was unmounted, and may be at work still.
    wait::until("the rest to go", || {
        sandbox.wt(&["sweep"]).ok();
        is_swept(&sandbox)
    });
    assert!(precious.join("file").exists());
}

/// Answers whether `wt list` starts a sweep, which is waited for.
fn does_list_sweep(sandbox: &Sandbox) -> bool {
    let calls = sandbox.path("calls");
    let mut command = sandbox.program("strace", &sandbox.repo());
    command.args(["-f", "-qq", "-e", "trace=execve", "-o"]).arg(&calls);
    let status = command.args([env!("CARGO_BIN_EXE_wt"), "list"]).stdout(Stdio::null()).status().unwrap();
    assert!(status.success());
    fs::read_to_string(calls).unwrap().contains("\"sweep\"")
}

#[test]
fn what_cannot_be_deleted_is_tried_again_after_a_day_or_when_asked() {
    use rustix::mount::{UnmountFlags, mount_bind, unmount};

    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    create(&sandbox, "stuck", 1);
    let place = sandbox.worktree("feature-stuck").join("made/0/mount");
    fs::create_dir(&place).unwrap();
    fs::create_dir(sandbox.path("precious")).unwrap();
    if mount_bind(sandbox.path("precious"), &place).is_err() {
        return skip("nothing can be mounted here");
    }
    sandbox.wt(&["remove", "--force", "stuck"]).ok();
    let_time_pass(&sandbox);
    assert!(does_list_sweep(&sandbox), "nothing was tried yet");
    let left = half_deleted(&sandbox).unwrap();
    let tells = |row: &serde_json::Value| row["message"].as_str().unwrap().contains(left.to_str().unwrap());
    assert!(!does_list_sweep(&sandbox), "it was just tried");
    let row = trash_row(&sandbox);
    assert!(row["status"] == "warning" && tells(&row), "{row}");
    sandbox.wt(&["sweep"]).exits(1).says(&["another file system is mounted there"]);
    assert!(!does_list_sweep(&sandbox), "it was just tried");
    let mut registry = sandbox.registry();
    let yesterday = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(25);
    registry["worktrees"][0]["trash"]["refused_at"] = yesterday.to_string().into();
    git::write(&sandbox.state(), "registry.json", &registry.to_string());
    assert!(does_list_sweep(&sandbox), "a day is over");
    unmount(left.join("made/0/mount"), UnmountFlags::DETACH).unwrap();
    assert!(!does_list_sweep(&sandbox), "it was just tried");
    sandbox.wt(&["sweep"]).ok();
    assert!(is_swept(&sandbox));
}
