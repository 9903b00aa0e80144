//! The server: it accepts on loopback, within limits, until it is told to stop. Everything runs on one thread but the reports,
//! and nothing wakes it while nobody asks and nothing changes.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::forward::Visitor;
use super::line::{Line, Manners, Patient};
use super::site::{ServerSite, Word};
use super::{connection, stream, told};
use crate::error::{Code, Failure, Result};
use crate::host::interrupt::Interrupt;
use crate::host::serve::change::StateWatch;
use crate::ops::events::Follower;

/// What is accepted on.
#[derive(Debug)]
pub enum Sockets {
    Loopback(Vec<std::net::TcpListener>),
    File(std::os::unix::net::UnixListener),
}

/// How many connections are open at once; the next ones wait in the kernel's queue.
const CONNECTIONS: usize = 512;

/// How many reports are made at once.
const REPORTS: usize = 8;

/// How long a thread that makes reports waits for the next one: a year.
const EVER: Duration = Duration::from_hours(365 * 24);

/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(5);

/// The largest head of a request, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;

/// How long after a lack of descriptors the next connection is tried.
const PAUSE: Duration = Duration::from_millis(100);

/// How long what was sent may stay unread (`TCP_USER_TIMEOUT` of tcp(7)).
#[cfg(target_os = "linux")]
const UNREAD: Duration = Duration::from_secs(30);

/// How often it is looked whether a signal came.
const GLANCE: Duration = Duration::from_millis(200);

/// Serves until the user interrupts.
///
/// # Errors
///
/// `internal` when the system refuses what a server needs.
pub fn serve(
    site: &Arc<ServerSite>,
    sockets: Sockets,
    changes: StateWatch,
    events: Follower,
    interrupt: &Interrupt,
) -> Result<()> {
    let refused = |error| Failure::from_io(error, Code::Internal, "the server cannot run");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(REPORTS)
        // One thread at least is always there: where the system has no other one, work waits for it.
        .thread_keep_alive(EVER)
        .build()
        .map_err(refused)?;
    // The runtime has no answer to a lack of threads before it has one.
    let thread = std::thread::Builder::new().spawn(|| ()).map_err(refused)?;
    drop(thread.join());
    let served = runtime.block_on(async {
        drop(tokio::task::spawn_blocking(|| ()).await);
        let mut tasks = JoinSet::new();
        let open = Arc::new(Semaphore::new(CONNECTIONS));
        match sockets {
            Sockets::Loopback(sockets) => {
                for socket in sockets {
                    let socket = TcpListener::from_std(socket)?;
                    let (site, open) = (Arc::clone(site), Arc::clone(&open));
                    tasks.spawn(accept(site, open, socket));
                }
            }
            Sockets::File(socket) => {
                let socket = UnixListener::from_std(socket)?;
                let (site, open) = (Arc::clone(site), Arc::clone(&open));
                tasks.spawn(accept(site, open, socket));
            }
        }
        tasks.spawn(tell(Arc::clone(site), changes, events));
        while !interrupt.is_raised() {
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    });
    // Streams never end by themselves.
    runtime.shutdown_background();
    served.map_err(refused)
}

/// What connections come from.
trait Listener: Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Patient + Unpin + Send + 'static;

    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Where the other side is, where that has an address.
    fn address(stream: &Self::Stream) -> Option<IpAddr>;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.accept().await?;
        // Small answers are sent at once, and a reader that reads nothing for a while is hung up on.
        let socket = SockRef::from(&stream);
        let _ = socket.set_tcp_nodelay(true);
        #[cfg(target_os = "linux")]
        let _ = socket.set_tcp_user_timeout(Some(UNREAD));
        Ok(stream)
    }

    fn address(stream: &TcpStream) -> Option<IpAddr> {
        stream.peer_addr().ok().map(|address| address.ip())
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }

    fn address(_: &UnixStream) -> Option<IpAddr> {
        None
    }
}

async fn accept<L: Listener>(site: Arc<ServerSite>, open: Arc<Semaphore>, listener: L) {
    loop {
        let Ok(permit) = Arc::clone(&open).acquire_owned().await else { return };
        // The other side went away, or there is no room for another descriptor: neither ends the server.
        let Ok(stream) = listener.next().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            let manners = Arc::new(Manners::default());
            let of_line = Arc::clone(&manners);
            let visitor = Visitor { address: L::address(&stream), seat: Arc::new(permit), manners };
            let service = service_fn(move |request| {
                let (site, visitor) = (Arc::clone(&site), visitor.clone());
                visitor.manners.answer(true);
                async move {
                    let manners = Arc::clone(&visitor.manners);
                    let answered = connection::answer(site, visitor, request).await;
                    answered.map(|response| told::watched(response, &manners))
                }
            });
            let line = Line::new(stream, of_line);
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LARGEST_HEAD);
            // A reader that goes away is no failure of ours.
            let _ = builder.serve_connection(TokioIo::new(line), service).with_upgrades().await;
        });
    }
}

/// Tells readers of each change.
#[cfg(target_os = "linux")]
#[expect(
    deprecated,
    reason = "the new way is unsafe code; the descriptor is open for as long as its owner lives"
)]
async fn tell(site: Arc<ServerSite>, changes: StateWatch, mut events: Follower) {
    let Ok(mut changes) = AsyncFd::new(changes) else { return };
    loop {
        let Ok(mut ready) = changes.readable_mut().await else { return };
        let is_changed = ready.get_inner_mut().has_changed();
        ready.clear_ready();
        if is_changed {
            events = news(&site, events).await;
        }
    }
}

/// Tells what was logged, then that something changed. The log is read by a thread that may wait for the disk.
async fn news(site: &ServerSite, mut events: Follower) -> Follower {
    let read = tokio::task::spawn_blocking(move || {
        // A log that cannot be read now may be read later: the follower knows how far it came.
        let news = events.read_on().unwrap_or_default();
        (events, news)
    });
    let Ok((events, news)) = read.await else { std::future::pending().await };
    // One word for all that came at once: nobody falls behind because much happens.
    let lines: Vec<_> =
        news.iter().filter_map(|event| Some((event.sequence, stream::line(event)?))).collect();
    site.tell(Word::Changed(lines.into()));
    events
}

/// Tells readers of each change, by looking for it. Untested.
#[cfg(not(target_os = "linux"))]
async fn tell(site: Arc<ServerSite>, mut changes: StateWatch, mut events: Follower) {
    loop {
        tokio::time::sleep(GLANCE).await;
        if changes.has_changed() {
            events = news(&site, events).await;
        }
    }
}
