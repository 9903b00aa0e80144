//! A connection that ends at a deadline, reads a bounded number of bytes, and gives up when the user does.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::host::interrupt::Interrupt;
use crate::host::net::listeners::queues;
use crate::model::port::Port;

/// The most that is read from a service, whatever it sends.
pub const MOST: usize = 64 * 1024;

/// How long one wait on a socket goes on before the deadline and the interrupt are looked at again.
const SLICE: Duration = Duration::from_millis(100);

/// How long one try to connect goes on: a full queue drops the request, and a new one is as good as a repeated one.
const TRY: Duration = Duration::from_millis(300);

/// Until when somebody is asked.
#[derive(Clone, Copy, Debug)]
pub struct Deadline<'a> {
    pub begun: Instant,
    pub timeout: Duration,
    pub interrupt: &'a Interrupt,
}

impl Deadline<'_> {
    /// Returns what is left of it; `None` once it is over or the user gave up.
    pub fn left(&self) -> Option<Duration> {
        let left = self.timeout.checked_sub(self.begun.elapsed()).filter(|left| !left.is_zero());
        left.filter(|_| !self.interrupt.is_raised())
    }
}

/// Why asking failed.
#[derive(Debug)]
pub enum ConversationTrouble {
    /// The deadline came before any connection was made.
    NoConnection,
    /// The deadline came; so many bytes had been read.
    Late { read: usize },
    /// It sent more than [`MOST`] bytes and did not come to an end.
    TooLong,
    /// It closed the connection; so many bytes had been read.
    Closed { read: usize },
    /// The system's word for it.
    Io(std::io::Error),
}

/// A connection to a service.
pub struct ServiceConversation<'a> {
    stream: TcpStream,
    deadline: Deadline<'a>,
    pub address: SocketAddr,
    /// Everything read so far.
    pub heard: Vec<u8>,
}

impl<'a> ServiceConversation<'a> {
    /// Connects to the first of `addresses` that takes the connection.
    pub fn begin(
        addresses: &[IpAddr],
        port: Port,
        deadline: Deadline<'a>,
    ) -> Result<Self, ConversationTrouble> {
        let mut last = ConversationTrouble::NoConnection;
        while let Some(left) = deadline.left() {
            for address in addresses {
                let address = SocketAddr::new(*address, port.number());
                match TcpStream::connect_timeout(&address, left.min(TRY)) {
                    // Where nobody listens the kernel may connect a socket to itself.
                    Ok(stream) if stream.local_addr().ok() == Some(address) => {}
                    Ok(stream) => {
                        let _ = stream.set_nodelay(true);
                        return Ok(Self { stream, deadline, address, heard: Vec::new() });
                    }
                    Err(error) if is_wait(&error) => last = ConversationTrouble::NoConnection,
                    Err(error) => last = ConversationTrouble::Io(error),
                }
            }
            if !matches!(last, ConversationTrouble::NoConnection) {
                break;
            }
        }
        Err(last)
    }

    /// Returns the address of our end of it.
    pub fn find_own_address(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }

    /// Sends all of `bytes`.
    pub fn say(&mut self, mut bytes: &[u8]) -> Result<(), ConversationTrouble> {
        while !bytes.is_empty() {
            let Some(left) = self.deadline.left() else { return Err(ConversationTrouble::Late { read: 0 }) };
            self.stream.set_write_timeout(Some(left.min(SLICE))).map_err(ConversationTrouble::Io)?;
            match self.stream.write(bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if is_wait(&error) => {}
                Err(error) if is_gone(&error) => return Err(ConversationTrouble::Closed { read: 0 }),
                Err(error) => return Err(ConversationTrouble::Io(error)),
            }
        }
        Ok(())
    }

    /// Reads until there is more to look at.
    pub fn hear(&mut self) -> Result<(), ConversationTrouble> {
        let known = self.heard.len();
        let room = MOST.saturating_sub(known);
        if room == 0 {
            return Err(ConversationTrouble::TooLong);
        }
        let mut buffer = [0_u8; 4096];
        loop {
            let Some(left) = self.deadline.left() else {
                return Err(ConversationTrouble::Late { read: known });
            };
            self.stream.set_read_timeout(Some(left.min(SLICE))).map_err(ConversationTrouble::Io)?;
            let wanted = room.min(buffer.len());
            match self.stream.read(&mut buffer[..wanted]) {
                Ok(0) => return Err(ConversationTrouble::Closed { read: known }),
                Ok(count) => {
                    self.heard.extend_from_slice(&buffer[..count]);
                    return Ok(());
                }
                Err(error) if is_wait(&error) => {}
                Err(error) if is_gone(&error) => return Err(ConversationTrouble::Closed { read: known }),
                Err(error) => return Err(ConversationTrouble::Io(error)),
            }
        }
    }

    /// Returns how many connections wait on the socket that ours reached; `None` where the system does not tell.
    pub fn waiting(&self) -> Option<u32> {
        waiting(self.address)
    }

    /// Returns until when this goes on.
    pub fn deadline(&self) -> Deadline<'a> {
        self.deadline
    }
}

/// Of several sockets on one port the one on the very address is reached, else the one on all addresses.
pub fn waiting(address: SocketAddr) -> Option<u32> {
    let all = queues().ok()?;
    let of = |is_it: &dyn Fn(IpAddr) -> bool| {
        let mine = all.iter().filter(|queue| queue.port.number() == address.port() && is_it(queue.address));
        mine.map(|queue| queue.waiting).max()
    };
    of(&|bound| bound.to_canonical() == address.ip())
        .or_else(|| of(&|bound| bound.to_canonical().is_unspecified()))
}

fn is_wait(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn is_gone(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}
