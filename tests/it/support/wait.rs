//! Waiting for a thing that must happen: looks often, and fails loudly instead of hanging.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// Two cores may have thirty cases to run.
const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until `is_so` answers yes.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Waits until `child` ended, and kills it when it does not.
#[track_caller]
pub fn end_of(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("pid {} did not end", child.id());
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}
