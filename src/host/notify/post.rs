//! One POST over HTTP/1.1 (RFC 9112), in plain or over TLS, and the status of its answer. A redirect is an answer and is never
//! followed; everything ends at one deadline.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::tls;
use crate::host::clock::Clock;
use crate::host::interrupt::Interrupt;
use crate::model::notify::webhook::WebhookAddress;

/// How long one wait on the socket goes on before the deadline and the interrupt are looked at again.
const SLICE: Duration = Duration::from_millis(100);

/// The most that is read of an answer, in bytes.
const MOST: usize = 16 * 1024;

/// Posts `body` and returns the status of the answer.
///
/// # Errors
///
/// Says why there is none. The address is in no message.
pub fn post(
    address: &WebhookAddress,
    body: &[u8],
    timeout: Duration,
    interrupt: &Interrupt,
) -> Result<u16, String> {
    let late = || format!("did not answer within {timeout:?}");
    let end = Clock.instant() + timeout;
    let stream = connect(address, end).map_err(|error| said(&error, &late))?;
    let stream = Bounded { stream, end, interrupt };
    let answer = if address.is_https {
        let mut secure = tls::begin(stream, &address.host).map_err(|error| said(&error, &late))?;
        converse(&mut secure, address, body)
    } else {
        let mut plain = stream;
        converse(&mut plain, address, body)
    };
    answer.map_err(|error| said(&error, &late))
}

fn said(error: &Error, late: &impl Fn() -> String) -> String {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => late(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            "closed the connection without an answer".to_owned()
        }
        ErrorKind::Interrupted => "interrupted".to_owned(),
        _ => format!("cannot be reached: {error}"),
    }
}

/// The first address that takes the connection. Names are asked for by the system, in its own time.
fn connect(address: &WebhookAddress, end: Instant) -> std::io::Result<TcpStream> {
    let mut last = Error::new(ErrorKind::NotFound, "its name has no address");
    for place in (address.host.as_str(), address.port).to_socket_addrs()? {
        let left = end.saturating_duration_since(Clock.instant());
        if left.is_zero() {
            return Err(Error::from(ErrorKind::TimedOut));
        }
        match TcpStream::connect_timeout(&place, left) {
            // Where nobody listens the kernel may connect a socket to itself.
            Ok(stream) if stream.local_addr().ok() == Some(place) => {
                last = Error::from(ErrorKind::ConnectionRefused);
            }
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn converse(stream: &mut (impl Read + Write), address: &WebhookAddress, body: &[u8]) -> std::io::Result<u16> {
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: wt/{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        address.target,
        address.authority,
        env!("CARGO_PKG_VERSION"),
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    stream.flush()?;
    let mut answer = Vec::new();
    let mut piece = [0; 1024];
    loop {
        if let Some(status) = status(&mut answer)? {
            return Ok(status);
        }
        if answer.len() > MOST {
            return Err(Error::other("its headers do not end"));
        }
        match stream.read(&mut piece)? {
            0 => return Err(Error::from(ErrorKind::UnexpectedEof)),
            count => answer.extend_from_slice(&piece[..count]),
        }
    }
}

/// Reads the status once the head is whole; an interim answer (1xx) is passed over.
fn status(heard: &mut Vec<u8>) -> std::io::Result<Option<u16>> {
    const BEGINNING: &[u8] = b"HTTP/1.";
    loop {
        let known = heard.len().min(BEGINNING.len());
        if heard[..known] != BEGINNING[..known] {
            return Err(Error::other("it does not answer in HTTP"));
        }
        let ends = [&b"\n\r\n"[..], b"\n\n"];
        let ends = ends.iter().filter_map(|end| Some(memchr::memmem::find(heard, end)? + end.len()));
        let Some(size) = ends.min() else { return Ok(None) };
        let text = String::from_utf8_lossy(&heard[..size]);
        let status = text.split(' ').nth(1).and_then(|word| word.get(..3)?.parse::<u16>().ok());
        match status {
            Some(interim) if (100..200).contains(&interim) => drop(heard.drain(..size)),
            Some(status) => return Ok(Some(status)),
            None => return Err(Error::other("it does not answer in HTTP")),
        }
    }
}

/// A connection that ends at a time, whoever is at the other end.
struct Bounded<'a> {
    stream: TcpStream,
    end: Instant,
    interrupt: &'a Interrupt,
}

impl Bounded<'_> {
    /// Returns how long the next wait may be.
    fn slice(&self) -> std::io::Result<Option<Duration>> {
        if self.interrupt.is_raised() {
            // Not the kind that is tried again.
            return Err(Error::other("interrupted"));
        }
        let left = self.end.saturating_duration_since(Clock.instant());
        if left.is_zero() { Err(Error::from(ErrorKind::TimedOut)) } else { Ok(Some(left.min(SLICE))) }
    }

    fn patiently(
        &self,
        mut work: impl FnMut(&TcpStream) -> std::io::Result<usize>,
    ) -> std::io::Result<usize> {
        loop {
            let slice = self.slice()?;
            self.stream.set_read_timeout(slice)?;
            self.stream.set_write_timeout(slice)?;
            match work(&self.stream) {
                Err(error) if is_wait(&error) => {}
                done => return done,
            }
        }
    }
}

fn is_wait(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.patiently(|mut stream| stream.read(buffer))
    }
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.patiently(|mut stream| stream.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_once_the_head_is_whole() {
        let read = |text: &str| status(&mut text.as_bytes().to_vec());
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("HTTP/1.1 200 OK\r\nA: b").unwrap(), None);
        assert_eq!(read("HTTP/1.1 200 OK\r\n\r\nbody").unwrap(), Some(200));
        assert_eq!(read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 302 x\n\n").unwrap(), Some(302));
        assert!(read("SSH-2.0").is_err() && read("HTTP/1.1 abc\r\n\r\n").is_err());
    }
}
