//! Which process this is, so that a reused pid is never mistaken for it.

use jiff::Timestamp;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::error::{Code, Failure, Result};
use crate::model::process::ProcessId;

/// Returns who we are.
pub fn current() -> Result<ProcessId> {
    of(std::process::id())
        .ok_or_else(|| Failure::new(Code::Internal, "cannot tell which process this is: is /proc mounted?"))
}

/// Answers whether `id` was seen in this boot, in whichever pid namespace.
#[must_use]
pub fn is_of_this_boot(id: &ProcessId) -> bool {
    !id.boot.is_empty() && id.boot == boot()
}

/// Returns the process that has `pid` now; `None` when nobody has, or a zombie, or it cannot be seen.
#[must_use]
pub fn of(pid: u32) -> Option<ProcessId> {
    let Here { boot, namespace } = Here::read();
    match sight(pid) {
        Sight::Running { started } => Some(ProcessId { pid, started, boot, namespace }),
        Sight::Gone | Sight::Hidden => None,
    }
}

/// Answers whether that very process still runs; true where it cannot be told, as in another pid namespace.
#[must_use]
pub fn is_alive(id: &ProcessId) -> bool {
    Here::read().is_alive(id)
}

/// Answers whether `id` was seen in this boot and pid namespace, so that its pid and start time mean something here.
#[must_use]
pub fn is_from_here(id: &ProcessId) -> bool {
    Here::read().has_seen(id)
}

/// Returns those that were seen in this boot and pid namespace.
#[must_use]
pub fn from_here(ids: &[ProcessId]) -> Vec<ProcessId> {
    let here = Here::read();
    ids.iter().filter(|id| here.has_seen(id)).cloned().collect()
}

/// This boot and our pid namespace (`pid_namespaces(7)`), read once for many processes that are asked about.
#[derive(Debug)]
pub struct Here {
    boot: String,
    namespace: String,
}

impl Here {
    /// Reads them; empty where there are none.
    #[must_use]
    pub fn read() -> Self {
        let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        Self { boot: boot(), namespace: namespace.to_string_lossy().into_owned() }
    }

    /// As [`is_alive`].
    #[must_use]
    pub fn is_alive(&self, id: &ProcessId) -> bool {
        is_alive_here(id, &self.boot, &self.namespace, sight)
    }

    /// As [`is_from_here`].
    #[must_use]
    pub fn has_seen(&self, id: &ProcessId) -> bool {
        !differs(&id.boot, &self.boot) && !differs(&id.namespace, &self.namespace)
    }

    /// Answers whether `id` was seen in this boot, in whichever pid namespace.
    #[must_use]
    pub fn is_boot_of(&self, id: &ProcessId) -> bool {
        !id.boot.is_empty() && id.boot == self.boot
    }
}

/// When this boot began and how long a clock tick is: what turns a process's start into a time of day.
#[derive(Clone, Copy, Debug)]
pub struct BootClock {
    /// Seconds since the epoch.
    began: Option<i64>,
    ticks_per_second: u64,
}

impl BootClock {
    /// Reads both (`btime` of `proc_stat(5)`, `_SC_CLK_TCK` of sysconf(3)).
    #[must_use]
    pub fn read() -> Self {
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        let began = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok());
        Self { began, ticks_per_second: rustix::param::clock_ticks_per_second() }
    }

    /// Returns when a process started, to the second; `None` where this boot's beginning is not to be had.
    #[must_use]
    pub fn time_of(&self, started: u64) -> Option<Timestamp> {
        let seconds = started.checked_div(self.ticks_per_second)?;
        Timestamp::from_second(self.began?.checked_add(i64::try_from(seconds).ok()?)?).ok()
    }
}

/// Answers whether `/proc` shows our own pid namespace: after `unshare --pid` alone its numbers mean other processes than
/// ours do (`pid_namespaces(7)`). True where there is no `/proc`.
#[must_use]
pub fn is_proc_ours() -> bool {
    match std::fs::read_link("/proc/self") {
        Ok(link) => link.as_os_str() == std::process::id().to_string().as_str(),
        Err(_) => true,
    }
}

/// What a pid shows.
enum Sight {
    Running {
        started: u64,
    },
    Gone,
    /// Somebody has that pid, and will not say more.
    Hidden,
}

fn is_alive_here(id: &ProcessId, boot: &str, namespace: &str, sight: impl Fn(u32) -> Sight) -> bool {
    if differs(&id.boot, boot) {
        return false;
    }
    // A pid of another container means nothing here.
    if differs(&id.namespace, namespace) {
        return true;
    }
    match sight(id.pid) {
        Sight::Running { started } => started == id.started,
        Sight::Gone => false,
        Sight::Hidden => true,
    }
}

fn differs(recorded: &str, here: &str) -> bool {
    !recorded.is_empty() && !here.is_empty() && recorded != here
}

/// Returns the kernel's boot id (`proc_sys_kernel(5)`); empty where there is none.
#[must_use]
pub fn boot() -> String {
    let boot = super::table::read_unsized("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    String::from_utf8_lossy(&boot).trim().to_owned()
}

#[cfg(target_os = "linux")]
fn sight(pid: u32) -> Sight {
    match super::table::read_unsized(&format!("/proc/{pid}/stat")) {
        Ok(line) => match super::table::Stat::parse(&String::from_utf8_lossy(&line)) {
            Some(stat) if !stat.is_dead() => Sight::Running { started: stat.started },
            _ => Sight::Gone,
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => whether_hidden(pid),
        // ESRCH: it ended between opening and reading.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::SRCH) => Sight::Gone,
        Err(_) => Sight::Hidden,
    }
}

/// Without `/proc` a start time is not to be had: whoever has the pid is taken for the one we mean. Untested.
#[cfg(not(target_os = "linux"))]
fn sight(pid: u32) -> Sight {
    match whether_hidden(pid) {
        Sight::Hidden => Sight::Running { started: 0 },
        sight => sight,
    }
}

/// Other users' processes may be missing from `/proc` (`hidepid`, proc(5)) although they run.
fn whether_hidden(pid: u32) -> Sight {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Sight::Gone };
    match test_kill_process(pid) {
        Err(Errno::SRCH) => Sight::Gone,
        _ => Sight::Hidden,
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "a real child is what is asked about")]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn we_are_alive_and_a_reused_pid_is_not_us() {
        let us = current().unwrap();
        assert!(us.started > 0 && !us.boot.is_empty() && !us.namespace.is_empty());
        assert!(is_alive(&us));
        assert!(!is_alive(&ProcessId { started: us.started + 1, ..us.clone() }));
        assert!(!is_alive(&ProcessId { boot: "another boot".to_owned(), ..us }));
    }

    #[test]
    fn a_process_of_another_pid_namespace_counts_as_alive() {
        let us = current().unwrap();
        let elsewhere = ProcessId { pid: 999_999_999, namespace: "pid:[1]".to_owned(), ..us.clone() };
        assert!(is_alive(&elsewhere));
        let rebooted = ProcessId { boot: "another boot".to_owned(), ..elsewhere };
        assert!(!is_alive(&rebooted));
        assert!(!is_alive(&ProcessId { pid: 999_999_999, ..us }));
    }

    #[test]
    fn a_zombie_is_dead() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let id = of(child.id()).unwrap();
        assert!(is_alive(&id));
        drop(child.stdin.take());
        // WNOWAIT waits for its end and leaves the zombie.
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let options = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        rustix::process::waitid(rustix::process::WaitId::Pid(pid), options).unwrap();
        assert!(!is_alive(&id), "a zombie");
        child.wait().unwrap();
        assert!(!is_alive(&id), "gone");
        assert!(of(id.pid).is_none());
    }

    #[test]
    fn a_process_that_shows_nothing_counts_as_alive() {
        let id = ProcessId { pid: 1, started: 1, boot: "b".to_owned(), namespace: "n".to_owned() };
        assert!(is_alive_here(&id, "b", "n", |_| Sight::Hidden));
        assert!(!is_alive_here(&id, "b", "n", |_| Sight::Gone));
        assert!(is_alive_here(&id, "b", "", |_| Sight::Running { started: 1 }));
    }
}
