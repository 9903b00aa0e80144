//! A watch while nothing changes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::ground::Ground;
use super::sides::Side;

/// How long it is watched.
const SPAN: Duration = Duration::from_secs(30);

/// How often its threads fell asleep, a second.
pub fn wakes(sides: &[Side]) -> Vec<f64> {
    let of = |side: &Side| {
        let ground = side.ground(1, "web");
        let mut child = watching(side, &ground);
        let before = sleeps(child.id());
        std::thread::sleep(SPAN);
        let after = sleeps(child.id());
        end(&mut child);
        f64::from(after - before) / SPAN.as_secs_f64()
    };
    sides.iter().map(of).collect()
}

/// How often the registry was replaced.
pub fn writes(sides: &[Side]) -> Vec<f64> {
    let of = |side: &Side| {
        let ground = side.ground(1, "web");
        let mut child = watching(side, &ground);
        let inode = || fs::metadata(ground.beside("state/registry.json")).map(|data| data.ino()).ok();
        let (begun, mut last, mut count) = (Instant::now(), inode(), 0);
        while begun.elapsed() < SPAN {
            std::thread::sleep(Duration::from_millis(20));
            let now = inode();
            count += u32::from(now != last);
            last = now;
        }
        end(&mut child);
        f64::from(count)
    };
    sides.iter().map(of).collect()
}

/// The watch, when its first look is over.
fn watching(side: &Side, ground: &Ground) -> Child {
    let mut command = side.command(side.program(), &["health", "--watch"]);
    let child = ground.prepared(&mut command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(3));
    child
}

/// Ends it; one that ended by itself watched nothing.
fn end(child: &mut Child) {
    assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// How often all threads of a process went to sleep of their own so far.
fn sleeps(pid: u32) -> u32 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let of = |status: String| {
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?.to_owned();
        line.trim().parse::<u32>().ok()
    };
    tasks.filter_map(|task| of(fs::read_to_string(task.path().join("status")).ok()?)).sum()
}
