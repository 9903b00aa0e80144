//! One end of a talk in JSON, a line for each thing said; for those who wait for an answer and for those who poll.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest thing that may be said.
const LONGEST: usize = 4 << 20;

/// How much may wait for an end that does not read.
const MOST_UNSENT: usize = 8 << 20;

/// One end.
#[derive(Debug)]
pub struct LineEnd {
    stream: UnixStream,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    is_closed: bool,
}

impl LineEnd {
    /// Begins the talk on a stream.
    #[must_use]
    pub fn new(stream: UnixStream) -> Self {
        Self { stream, inbox: Vec::new(), outbox: Vec::new(), is_closed: false }
    }

    /// Returns what can be polled.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Returns who listens at the other end, as the kernel noted it (`SO_PEERCRED`, unix(7)); `None` where it does not tell.
    #[must_use]
    pub fn peer(&self) -> Option<u32> {
        #[cfg(target_os = "linux")]
        return rustix::net::sockopt::socket_peercred(&self.stream)
            .ok()
            .and_then(|peer| u32::try_from(peer.pid.as_raw_nonzero().get()).ok());
        #[cfg(not(target_os = "linux"))]
        return None;
    }

    /// Says `thing` and waits until it is on its way.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` when the other end is gone, `TimedOut` when it has not read for as long.
    pub fn say<T: Serialize>(&mut self, thing: &T, timeout: Duration) -> io::Result<()> {
        self.stream.set_nonblocking(false)?;
        self.stream.set_write_timeout(Some(timeout.max(Duration::from_millis(1))))?;
        self.stream.write_all(&line(thing)?).map_err(timed_out)
    }

    /// Waits for the next thing said; `None` when the other end is gone.
    ///
    /// # Errors
    ///
    /// `TimedOut`; `InvalidData` for what is no such thing, or too long; without a `timeout` it waits for ever.
    pub fn hear<T: DeserializeOwned>(&mut self, timeout: Option<Duration>) -> io::Result<Option<T>> {
        self.stream.set_nonblocking(false)?;
        self.stream.set_read_timeout(timeout.map(|time| time.max(Duration::from_millis(1))))?;
        loop {
            if let Some(line) = self.next_line() {
                return Ok(Some(serde_json::from_slice(&line)?));
            }
            if self.is_closed {
                return Ok(None);
            }
            self.read_once().map_err(timed_out)?;
        }
    }

    /// Reads what has arrived, without waiting, and returns the whole lines of it. After this [`LineEnd::is_closed`] says
    /// whether more can come.
    ///
    /// # Errors
    ///
    /// `InvalidData` for a line that is too long; those of reading.
    pub fn arrived(&mut self) -> io::Result<Vec<Vec<u8>>> {
        self.stream.set_nonblocking(true)?;
        // What comes after that waits in the socket: nobody who talks without an end takes our memory or our time.
        while !self.is_closed && self.inbox.len() <= LONGEST {
            match self.read_once() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => self.is_closed = true,
                Err(error) => return Err(error),
            }
        }
        let Some(end) = memchr::memrchr(b'\n', &self.inbox) else { return Ok(Vec::new()) };
        let rest = self.inbox.split_off(end + 1);
        let mut whole = std::mem::replace(&mut self.inbox, rest);
        whole.pop();
        Ok(whole.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect())
    }

    /// Answers whether the other end has gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Says `thing` as far as that goes without waiting; the rest goes with [`LineEnd::send_waiting`].
    ///
    /// # Errors
    ///
    /// `WouldBlock` when too much waits for an end that does not read: give it up. Those of writing.
    pub fn queue<T: Serialize>(&mut self, thing: &T) -> io::Result<()> {
        if self.outbox.len() > MOST_UNSENT {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.outbox.extend(line(thing)?);
        self.send_waiting()
    }

    /// Answers whether something waits to be sent: poll for writing too.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Sends what waits, as far as that goes without waiting.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` when the other end is gone.
    pub fn send_waiting(&mut self) -> io::Result<()> {
        self.stream.set_nonblocking(true)?;
        while !self.outbox.is_empty() {
            match self.stream.write(&self.outbox) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => drop(self.outbox.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read_once(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.is_closed = true,
            Ok(count) => self.inbox.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if self.inbox.len() > LONGEST && memchr::memchr(b'\n', &self.inbox).is_none() {
            return Err(io::Error::new(ErrorKind::InvalidData, "a line that does not end"));
        }
        Ok(())
    }

    fn next_line(&mut self) -> Option<Vec<u8>> {
        let end = memchr::memchr(b'\n', &self.inbox)?;
        let mut line: Vec<u8> = self.inbox.drain(..=end).collect();
        line.pop();
        Some(line)
    }
}

fn line<T: Serialize>(thing: &T) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(thing)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// A timeout on a blocking socket shows itself as `WouldBlock` (`SO_RCVTIMEO`, socket(7)).
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pair() -> (LineEnd, LineEnd) {
        let (one, other) = UnixStream::pair().unwrap();
        (LineEnd::new(one), LineEnd::new(other))
    }

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn millions_of_empty_lines_take_neither_memory_nor_time() {
        let (mut one, mut other) = pair();
        std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                one.stream.write_all(&vec![b'\n'; 6_000_000]).unwrap();
                drop(one);
            });
            let mut lines = 0;
            while !other.is_closed() {
                lines += other.arrived().unwrap().len();
                assert!(other.inbox.len() <= LONGEST);
            }
            assert_eq!(lines, 6_000_000);
            writer.join().unwrap();
        });
    }

    #[test]
    fn things_arrive_whole_in_order_whoever_waits() {
        let (mut asker, mut server) = pair();
        assert!(server.arrived().unwrap().is_empty() && !server.is_closed());
        asker.say(&json!({ "a": "line\nend" }), SOON).unwrap();
        asker.say(&json!(2), SOON).unwrap();
        let heard = server.arrived().unwrap();
        assert_eq!(heard, [&br#"{"a":"line\nend"}"#[..], &b"2"[..]]);
        server.queue(&json!("answer")).unwrap();
        assert_eq!(asker.hear::<Value>(Some(SOON)).unwrap(), Some(json!("answer")));
        drop(server);
        assert_eq!(asker.hear::<Value>(Some(SOON)).unwrap(), None);
    }

    #[test]
    fn who_does_not_read_blocks_nobody_and_is_given_up() {
        let (asker, mut server) = pair();
        let long = "x".repeat(1 << 20);
        let refused = (0..64).find_map(|_| server.queue(&long).err()).unwrap();
        assert_eq!(refused.kind(), ErrorKind::WouldBlock);
        assert!(server.has_waiting());
        drop(asker);
        assert!(server.send_waiting().is_err());
    }

    #[test]
    fn a_silent_end_is_a_timeout_and_no_json_is_an_error() {
        let (mut asker, mut server) = pair();
        let silence = asker.hear::<Value>(Some(Duration::from_millis(5)));
        assert_eq!(silence.unwrap_err().kind(), ErrorKind::TimedOut);
        asker.stream.write_all(b"nonsense\n").unwrap();
        assert!(server.hear::<Value>(Some(SOON)).is_err());
    }
}
