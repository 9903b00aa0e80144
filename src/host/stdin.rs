//! What another program hands us on stdin, read within bounds: it may be a terminal, a pipe that never ends, or closed.

use std::io::{IsTerminal, stdin};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How much is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Reads up to `most` bytes as long as that takes no longer than `limit`; what came until then counts. A terminal is not read.
#[must_use]
pub fn read_within(most: usize, limit: Duration) -> Vec<u8> {
    let input = stdin();
    let mut bytes = Vec::new();
    if input.is_terminal() {
        return bytes;
    }
    let end = Instant::now() + limit;
    let mut piece = vec![0; PIECE];
    while bytes.len() < most {
        let left = end.saturating_duration_since(Instant::now());
        let Ok(wait) = Timespec::try_from(left) else { break };
        let mut asked = [PollFd::from_borrowed_fd(input.as_fd(), PollFlags::IN)];
        match poll(&mut asked, Some(&wait)) {
            Ok(0) => break,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => break,
        }
        let room = (most - bytes.len()).min(PIECE);
        match rustix::io::read(input.as_fd(), &mut piece[..room]) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => break,
        }
    }
    bytes
}
