//! What a process inherits of its parent's treatment of signals, and passes on to what it starts.

use std::fs::File;
use std::io::Read;

use signal_hook::consts::{SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU};

/// What is left as it is: the standard library gives children the usual treatment of the first; the others, caught, would
/// be tried again for ever where a terminal refuses.
const LEFT: [i32; 4] = [SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU];

/// How much of such a file is read at most, in bytes: it names every group of the user.
const LONGEST: u64 = 1024 * 1024;

/// From now on what we start begins with the system's usual treatment of signals. What a parent had ignored (a script's
/// background jobs ignore SIGINT, `nohup` SIGHUP) a child would ignore too, and could not be stopped by it; what is caught,
/// and does nothing, becomes the default again with the exec (`execve(2)`).
pub fn begin_children_as_usual() {
    // Nearly always it fits into one reading, where a buffer that grows takes nine.
    let mut status = Vec::with_capacity(8 * 1024);
    if let Ok(file) = File::open("/proc/self/status") {
        // Where it cannot be read nothing is known to be ignored.
        let _ = file.take(LONGEST).read_to_end(&mut status);
    }
    let ignored = ignored(&String::from_utf8_lossy(&status));
    for signal in ignored.into_iter().filter(|signal| !LEFT.contains(signal)) {
        // Those that cannot be caught cannot be ignored either.
        let _ = signal_hook::flag::register(signal, std::sync::Arc::default());
    }
}

/// Returns the standard signals that a process ignores (`SigIgn` of `proc_pid_status(5)`).
fn ignored(status: &str) -> Vec<i32> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    (1..=31).filter(|signal| mask & (1 << (signal - 1)) != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_names_the_signals_by_their_bits() {
        assert_eq!(ignored("Name:\tx\nSigIgn:\t0000000000001003\nSigCgt:\t0000000000000004\n"), [1, 2, 13]);
        assert!(ignored("SigIgn:\t0000000000000000\n").is_empty() && ignored("").is_empty());
    }
}
