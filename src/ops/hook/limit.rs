//! Work that gets so much time and no more, and whose panic is an answer like any other.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::time::{Duration, Instant};

/// The work panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked;

/// Does `work`. When it is not done after `limit`, `late` is called beside it, and is to end the process. The watch
/// costs the work next to nothing: nobody waits for it. A panic is silent from here on.
///
/// # Errors
///
/// When the work panicked.
pub fn within<T>(
    limit: Duration,
    late: impl FnOnce() + Send + 'static,
    work: impl FnOnce() -> T,
) -> Result<T, Panicked> {
    set_hook(Box::new(|_| {}));
    let end = Instant::now() + limit;
    // Without a thread there is no limit, which is better than no work.
    let _ = std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        loop {
            match end.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => std::thread::park_timeout(left),
                _ => return late(),
            }
        }
    });
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn an_answer_a_delay_and_a_panic_are_told_apart() {
        assert_eq!(within(Duration::from_mins(1), || (), || 7), Ok(7));
        let (sender, receiver) = mpsc::channel();
        let waited = within(
            Duration::from_millis(1),
            move || sender.send("late").unwrap(),
            move || receiver.recv_timeout(Duration::from_mins(1)),
        );
        assert_eq!(waited, Ok(Ok("late")));
        assert_eq!(
            within(Duration::from_mins(1), || (), || std::panic::panic_any(())),
            Err::<(), _>(Panicked)
        );
    }
}
