//! A connection of a client. It is hung up on when it reads nothing for a while, until it carries what a service sends: a
//! stream may rest for as long as both sides like. A client that closes its half and waits for a report gets it. Of a stream, and
//! of what a service answers, it counts as gone, as it does at other proxies: one that is gone looks the same.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::unheard;

/// What can be told to wait for its reader for ever.
pub trait Patient {
    fn wait_for_ever(&self);
}

impl Patient for TcpStream {
    fn wait_for_ever(&self) {
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(self).set_tcp_user_timeout(None);
    }
}

impl Patient for UnixStream {
    fn wait_for_ever(&self) {}
}

/// How a connection is to be treated.
#[derive(Debug, Default)]
pub struct Manners {
    is_forwarded: AtomicBool,
    /// Whether what is written is an answer of ours, or of a service.
    is_answered: AtomicBool,
    heeds_end: AtomicBool,
    /// Whoever waits for something else, and was not told of the end that came.
    untold: Mutex<Option<Waker>>,
}

impl Manners {
    /// Says that it carries what a service sends by now.
    pub fn forward(&self) {
        self.is_forwarded.store(true, Ordering::Relaxed);
        self.heed_end(true);
    }

    /// Says whether a request is being answered. Where none is, what is written is hyper's own word.
    pub fn answer(&self, is_answered: bool) {
        self.is_answered.store(is_answered, Ordering::Relaxed);
    }

    /// Says whether a client that closes its half while it is answered is gone.
    pub fn heed_end(&self, heeds_end: bool) {
        self.heeds_end.store(heeds_end, Ordering::Relaxed);
        if heeds_end {
            self.tell();
        }
    }

    /// Has the connection be read again where its end was kept back.
    fn tell(&self) {
        if let Some(untold) = self.untold.lock().unwrap_or_else(PoisonError::into_inner).take() {
            untold.wake();
        }
    }
}

/// A connection, and how it is treated.
pub struct Line<S> {
    stream: S,
    manners: Arc<Manners>,
    is_patient: bool,
    /// The last bytes that were read.
    end: [u8; 4],
    /// Whether a request without a body stands there that was not answered yet.
    is_asked: bool,
    /// Whether some of the answer was sent.
    has_begun: bool,
    /// What is still to be sent in the place of an answer of hyper's own.
    instead: Vec<u8>,
}

impl<S: Patient> Line<S> {
    /// `manners` are told by whoever answers.
    pub fn new(stream: S, manners: Arc<Manners>) -> Self {
        Self {
            stream,
            manners,
            is_patient: false,
            end: [0; 4],
            is_asked: false,
            has_begun: false,
            instead: Vec::new(),
        }
    }

    fn note_news(&mut self) {
        if !self.is_patient && self.manners.is_forwarded.load(Ordering::Relaxed) {
            self.is_patient = true;
            self.stream.wait_for_ever();
        }
        self.has_begun |= self.is_asked;
    }
}

impl<S: AsyncWrite + Unpin> Line<S> {
    /// Takes what nobody of ours answered; false where it is to be sent as it is.
    fn take_unheard(&mut self, written: &[u8]) -> bool {
        if self.manners.is_answered.load(Ordering::Relaxed) {
            return false;
        }
        let instead = unheard::instead_of(written);
        let is_taken = instead.is_some();
        self.instead = instead.unwrap_or_default();
        is_taken
    }

    fn poll_instead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &self.instead))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = &buffer.filled()[before..];
        if !read.is_empty() {
            let last = self.end.iter().chain(read).rev().take(self.end.len());
            let mut end = [0; 4];
            end.iter_mut().rev().zip(last).for_each(|(place, byte)| *place = *byte);
            self.end = end;
            self.is_asked = end == *b"\r\n\r\n";
        } else if self.is_asked && buffer.remaining() > 0 && !self.manners.heeds_end.load(Ordering::Relaxed) {
            // Whoever is told of it answers nothing any more.
            let untold = Some(context.waker().clone());
            *self.manners.untold.lock().unwrap_or_else(PoisonError::into_inner) = untold;
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Patient + Unpin> AsyncWrite for Line<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.note_news();
        ready!(self.poll_instead(context))?;
        if self.take_unheard(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.note_news();
        ready!(self.poll_instead(context))?;
        if let [only] = slices
            && self.take_unheard(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(context))?;
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        // Nothing is flushed before all of an answer is sent that has a length.
        if std::mem::take(&mut self.has_begun) {
            self.is_asked = false;
            self.manners.tell();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
