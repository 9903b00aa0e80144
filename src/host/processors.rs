//! A processor of its own for each of several threads, from the start. Left alone, the kernel may let all of them begin on
//! the one that started them, behind the thread that is at work there, and part them only at its next look around: two
//! milliseconds later, with Linux 6.18 in a virtual machine. Small work is over by then.

/// Parts the other threads of this process over the processors that it may run on; to be called right after they were
/// started, by whoever started them. Where they go from there is the kernel's to say again. Never fails: it is only
/// about speed.
#[cfg(target_os = "linux")]
pub fn part_threads() {
    use rustix::thread::{CpuSet, gettid, sched_getaffinity, sched_getcpu, sched_setaffinity};

    let Ok(allowed) = sched_getaffinity(None) else { return };
    let mut processors: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|at| allowed.is_set(*at)).collect();
    if processors.len() < 2 {
        return;
    }
    // Ours comes last. The next one comes first, not always the same: others part their threads too.
    let ours = sched_getcpu();
    let after = processors.iter().position(|processor| *processor > ours).unwrap_or(0);
    processors.rotate_left(after);
    for (thread, processor) in threads().filter(|thread| *thread != gettid()).zip(processors.iter().cycle()) {
        let mut one = CpuSet::new();
        one.set(*processor);
        // It waits in the queue of our processor; this moves it into the other one's. From within it could do so only
        // once its turn has come.
        if sched_setaffinity(Some(thread), &one).is_ok() {
            let _ = sched_setaffinity(Some(thread), &allowed);
        }
    }
}

/// Elsewhere the kernel is left alone.
#[cfg(not(target_os = "linux"))]
pub fn part_threads() {}

/// The threads of this process (`proc_pid_task(5)`).
#[cfg(target_os = "linux")]
fn threads() -> impl Iterator<Item = rustix::process::Pid> {
    let entries = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    entries.filter_map(number).filter_map(rustix::process::Pid::from_raw)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::mpsc;

    use rustix::thread::sched_getaffinity;

    use super::*;

    #[test]
    fn every_thread_may_go_everywhere_afterwards() {
        let allowed = sched_getaffinity(None).unwrap();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let (go, wait) = mpsc::channel::<()>();
                    let thread = scope.spawn(move || {
                        let _ = wait.recv();
                        sched_getaffinity(None).unwrap()
                    });
                    (go, thread)
                })
                .collect();
            part_threads();
            for (go, thread) in threads {
                drop(go);
                assert_eq!(thread.join().unwrap(), allowed);
            }
        });
        assert_eq!(sched_getaffinity(None).unwrap(), allowed);
    }
}
