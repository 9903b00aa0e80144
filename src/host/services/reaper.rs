//! What a supervisor does to itself: leaves its shell's session and descriptors, becomes the parent of orphans, and reaps
//! them.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions};

use crate::host::process::identity;
use crate::host::process::stop::Running;
use crate::host::process::table::{self, Stat};
use crate::model::process::ProcessId;
use crate::model::services::state::ServiceExit;

/// Leaves the session and terminal of whoever started us (`setsid(2)`); fine where we lead a session already.
///
/// # Errors
///
/// `PermissionDenied` for the leader of a process group that is not a session's.
pub fn leave_session() -> io::Result<()> {
    match rustix::process::setsid() {
        Ok(_) => Ok(()),
        Err(Errno::PERM) if rustix::process::getsid(None)? == rustix::process::getpid() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Closes every descriptor but the three standard ones: what a careless parent let us inherit, a pipe that somebody
/// reads to its end, say, would otherwise stay open for as long as we or a service run. Only for the very first
/// thing that a process does, before it has opened anything itself.
pub fn close_inherited() {
    let folder = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let open: Vec<i32> = names.filter_map(|name| name.to_str()?.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The listing's own one is closed already.
        let _ = nix::unistd::close(descriptor);
    }
}

/// From now on orphaned descendants become our children (`PR_SET_CHILD_SUBREAPER`, prctl(2)); false where the system
/// has no such thing.
///
/// # Errors
///
/// Those of prctl.
pub fn adopt_orphans() -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        Ok(true)
    }
    #[cfg(not(target_os = "linux"))]
    Ok(false)
}

/// Returns the pids of our children, whichever of our threads they belong to (`proc_tid_children(5)`): what was started, and
/// what was adopted. Nothing where the system has no such list.
#[must_use]
pub fn children() -> Vec<u32> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Returns who the child `pid` is when it was adopted: what shares our session we have started ourselves.
#[must_use]
pub fn adopted(pid: u32) -> Option<ProcessId> {
    let own = rustix::process::getsid(None).ok()?.as_raw_nonzero().get();
    let stat = Stat::read(pid).filter(|stat| i32::try_from(stat.session) != Ok(own))?;
    identity::of(pid).filter(|id| id.started == stat.started)
}

/// Reaps what was adopted and has ended; answers whether something is left that may be a thread's. Those in `waited_for`
/// are left to whoever asks about them here. While threads of ours wait for children, each of which leads a group in our
/// own session, such leaders are left to them: an orphan of that kind is reaped by a later call.
///
/// # Errors
///
/// Those of waiting.
pub fn reap_orphans(waited_for: &[u32], do_threads_wait: bool) -> io::Result<bool> {
    let own = rustix::process::getsid(None)?.as_raw_nonzero().get();
    let mut is_left = false;
    for (pid, stat) in table::ended_children(std::process::id()) {
        let Some(native) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { continue };
        if waited_for.contains(&pid) {
            continue;
        }
        if do_threads_wait && stat.group == pid && i32::try_from(stat.session) == Ok(own) {
            is_left = true;
            continue;
        }
        match rustix::process::waitid(WaitId::Pid(native), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(_) | Err(Errno::CHILD) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(is_left)
}

/// Returns how an adopted process ended, and reaps it; `None` for one that runs, or is not our child, and where the system
/// knows no descriptors of processes.
#[must_use]
pub fn find_end(process: &Running) -> Option<ServiceExit> {
    #[cfg(target_os = "linux")]
    {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let status = rustix::process::waitid(WaitId::PidFd(process.descriptor()?), options).ok()??;
        let number = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
        let by_itself = status.exit_status().map(|code| ServiceExit::Status(number(code)));
        by_itself.or_else(|| status.terminating_signal().map(|signal| ServiceExit::Signal(number(signal))))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = process;
        None
    }
}

/// Returns what becomes readable when our child `pid` ends; `None` where the system has no such thing.
#[cfg(target_os = "linux")]
pub(super) fn descriptor(pid: u32) -> io::Result<Option<OwnedFd>> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(None) };
    match rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
        Ok(descriptor) => Ok(Some(descriptor)),
        Err(Errno::NOSYS | Errno::PERM) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
