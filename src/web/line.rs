//! A connection of a client. It is hung up on when it reads nothing for a while, until it carries what a service sends: a
//! stream may rest for as long as both sides like.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

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

/// A connection, and whether it is a service's by now.
pub struct Line<S> {
    stream: S,
    is_forwarded: Arc<AtomicBool>,
    is_patient: bool,
}

impl<S: Patient> Line<S> {
    /// `is_forwarded` is set by whoever forwards what was asked for over it.
    pub fn new(stream: S, is_forwarded: Arc<AtomicBool>) -> Self {
        Self { stream, is_forwarded, is_patient: false }
    }

    fn look(&mut self) {
        if !self.is_patient && self.is_forwarded.load(Ordering::Relaxed) {
            self.is_patient = true;
            self.stream.wait_for_ever();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Patient + Unpin> AsyncWrite for Line<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.look();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.look();
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
