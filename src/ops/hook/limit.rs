//! Work that gets so much time and no more, and whose panic is an answer like any other.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// The time is over; the work goes on until the process ends, which is to be soon.
    Late,
    /// The work panicked.
    Panicked,
}

/// Does `work` beside us, and waits for its answer at most `limit`. A panic is silent from here on.
///
/// # Errors
///
/// When there was no answer.
pub fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Missed> {
    std::panic::set_hook(Box::new(|_| {}));
    let (sender, receiver) = mpsc::channel();
    // Nobody listens any more when the answer comes too late.
    std::thread::spawn(move || drop(sender.send(work())));
    receiver.recv_timeout(limit).map_err(|error| match error {
        RecvTimeoutError::Timeout => Missed::Late,
        RecvTimeoutError::Disconnected => Missed::Panicked,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_a_delay_and_a_panic_are_told_apart() {
        assert_eq!(within(Duration::from_mins(1), || 7), Ok(7));
        let (keep, never) = mpsc::channel::<()>();
        assert_eq!(within(Duration::from_millis(1), move || never.recv().is_ok()), Err(Missed::Late));
        drop(keep);
        assert_eq!(
            within(Duration::from_mins(1), || std::panic::panic_any(())),
            Err::<(), _>(Missed::Panicked)
        );
    }
}
