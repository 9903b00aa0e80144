//! The rows that are a ratio or a difference of times.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::ground::Ground;
use super::sides::{Side, in_turns};

/// A way of doing something, which says how long it took.
type Way<'a> = Box<dyn FnMut(usize) -> Duration + 'a>;

/// What each side takes beside the first way.
fn ratios(medians: &[f64]) -> Vec<f64> {
    medians[1..].iter().map(|seconds| seconds / medians[0]).collect()
}

/// Takes a worktree away behind everybody's back, and lets git and the program notice it: nothing of that is measured.
fn forget(side: &Side, ground: &Ground, folder: &str) {
    fs::remove_dir_all(folder).unwrap();
    ground.git(&["worktree", "prune"]);
    side.wt(ground, &["list"]);
}

/// A create beside `git worktree add`.
pub fn create(sides: &[Side], files: usize, has_sibling: bool, flags: &[&str]) -> Vec<f64> {
    let grounds: Vec<Ground> = sides.iter().map(|_| Ground::of_sources(files, has_sibling)).collect();
    let by_git = |round: usize| {
        let folder = grounds[0].beside(&format!("git-{round}"));
        let time =
            grounds[0].time_git(&["worktree", "add", "-q", "-b", &format!("git/{round}"), &folder, "main"]);
        forget(&sides[0], &grounds[0], &folder);
        time
    };
    let mut ways: Vec<Way> = vec![Box::new(by_git)];
    for (side, ground) in sides.iter().zip(&grounds) {
        ways.push(Box::new(move |round| {
            let folder = ground.beside(&format!("wt-{round}"));
            let name = format!("r{round}");
            let mut words = vec!["create", &name, "--no-input", "-q", "--path", &folder];
            words.extend(flags);
            let time = side.time(ground, &words);
            forget(side, ground, &folder);
            time
        }));
    }
    ratios(&in_turns((6000 / files).clamp(7, 31), &mut ways))
}

/// The peak of a create of 25,000 files with nothing to copy, as `time` tells it.
pub fn memory(sides: &[Side]) -> Vec<f64> {
    if !Path::new("/usr/bin/time").exists() {
        return Vec::new();
    }
    let peak = |side: &Side| {
        let ground = Ground::of_sources(25_000, false);
        let (report, folder) = (ground.beside("report"), ground.beside("wt"));
        let program = side.program();
        let words =
            ["-f", "%M", "-o", &report, program.to_str().unwrap(), "create", "one", "-q", "--path", &folder];
        let output = ground.run(&mut side.command("/usr/bin/time", &words));
        assert!(output.status.success(), "{output:?}");
        let kibibytes: u32 = fs::read_to_string(report).unwrap().trim().parse().unwrap();
        f64::from(kibibytes) / 1024.0
    };
    sides.iter().map(peak).collect()
}

/// A removal without questions beside git's, until the prompt is back.
pub fn remove(sides: &[Side]) -> Vec<f64> {
    let grounds: Vec<Ground> = sides.iter().map(|_| Ground::of_sources(25_000, true)).collect();
    let add = |ground: &Ground, folder: &str| {
        ground.git(&["worktree", "add", "-q", "--detach", folder, "main"]);
    };
    let by_git = |round: usize| {
        let folder = grounds[0].beside(&format!("git-{round}"));
        add(&grounds[0], &folder);
        grounds[0].time_git(&["worktree", "remove", &folder])
    };
    let mut ways: Vec<Way> = vec![Box::new(by_git)];
    for (side, ground) in sides.iter().zip(&grounds) {
        ways.push(Box::new(move |round| {
            let folder = ground.beside(&format!("wt-{round}"));
            add(ground, &folder);
            let time = side.time(ground, &["remove", "-q", "--force", &folder]);
            // The memory holds only so many removed worktrees.
            for kept in ["state", ".wt-trash", "main/.git/wt/trash"] {
                let _ = fs::remove_dir_all(ground.beside(kept));
            }
            time
        }));
    }
    ratios(&in_turns(11, &mut ways))
}

/// The installed hook beside an empty one, on top of the same checkout, with a thousand ports on record; in milliseconds more.
pub fn hook(sides: &[Side]) -> Vec<f64> {
    let grounds: Vec<Ground> = sides.iter().map(|side| side.ground(100, TEN)).collect();
    let checkout = |side: &Side, ground: &Ground, hooks: &str| {
        let worktree = ground.beside("main.worktrees/feature-w0");
        let setting = format!("core.hooksPath={hooks}");
        let words = ["-C", &worktree, "-c", &setting, "checkout", "-q", "feature/w0"];
        let begun = Instant::now();
        let output = ground.run(&mut side.command("git", &words));
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        begun.elapsed()
    };
    let mut ways: Vec<Way> = Vec::new();
    for (side, ground) in sides.iter().zip(&grounds) {
        side.wt(ground, &["hooks", "install"]);
        let (ours, empty) = (ground.beside("main/.git/hooks"), ground.beside("empty"));
        fs::create_dir(&empty).unwrap();
        let hook = Path::new(&empty).join("post-checkout");
        fs::write(&hook, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        ways.push(Box::new(move |_| checkout(side, ground, &empty)));
        ways.push(Box::new(move |_| checkout(side, ground, &ours)));
    }
    let medians = in_turns(201, &mut ways);
    medians.chunks(2).map(|pair| (pair[1] - pair[0]) * 1000.0).collect()
}

/// The names of ten services.
const TEN: &str = "s0,s1,s2,s3,s4,s5,s6,s7,s8,s9";

/// Who listens on a hundred ports, ten of which are in use, beside who listens at all.
pub fn scan(sides: &[Side]) -> Vec<f64> {
    let held: Vec<TcpListener> =
        (5000..5100).step_by(10).filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).collect();
    assert!(!held.is_empty(), "somebody has all ports from 5000 on");
    let grounds: Vec<Ground> = sides.iter().map(|side| side.ground(10, TEN)).collect();
    let by_ss = |_: usize| {
        let begun = Instant::now();
        let status = Command::new("ss").arg("-tlnp").stdout(Stdio::null()).status();
        assert!(status.unwrap().success());
        begun.elapsed()
    };
    if Command::new("ss").arg("-V").stdout(Stdio::null()).status().is_err() {
        return Vec::new();
    }
    let mut ways: Vec<Way> = vec![Box::new(by_ss)];
    for (side, ground) in sides.iter().zip(&grounds) {
        ways.push(Box::new(move |_| side.time(ground, &["--no-input", "ports", "scan", "5000-5099"])));
    }
    ratios(&in_turns(51, &mut ways))
}

/// One port more beside a thousand, less the same beside ten; in milliseconds.
pub fn allocate(sides: &[Side]) -> Vec<f64> {
    let of = |side: &Side| [side.ground(1, TEN), side.ground(100, TEN)];
    let grounds: Vec<[Ground; 2]> = sides.iter().map(of).collect();
    let mut ways: Vec<Way> = Vec::new();
    for (side, grounds) in sides.iter().zip(&grounds) {
        for ground in grounds {
            ways.push(Box::new(move |round| {
                side.time(ground, &["ports", "allocate", "-w", "w0", "-s", &format!("more{round}")])
            }));
        }
    }
    let medians = in_turns(51, &mut ways);
    medians.chunks(2).map(|pair| (pair[1] - pair[0]) * 1000.0).collect()
}

/// A create in a repository with many worktrees beside one with few, all of them of the program's making.
pub fn crowd(sides: &[Side]) -> Vec<f64> {
    let of = |side: &Side| [side.ground(10, "web"), side.ground(500, "web")];
    let grounds: Vec<[Ground; 2]> = sides.iter().map(of).collect();
    let mut ways: Vec<Way> = Vec::new();
    for (side, grounds) in sides.iter().zip(&grounds) {
        for ground in grounds {
            ways.push(Box::new(move |round| {
                side.time(ground, &["create", &format!("more{round}"), "--ports"])
            }));
        }
    }
    let medians = in_turns(25, &mut ways);
    medians.chunks(2).map(|pair| pair[1] / pair[0]).collect()
}
