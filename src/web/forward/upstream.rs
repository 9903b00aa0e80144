//! Reaching a service: both families of loopback are dialled, and whoever answers is proven before a byte is sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::pool::Upstream;
use crate::error::{Code, Failure, Result};
use crate::ops::forwarding::{self, NamedTarget, Proof};
use crate::web::site::ServerSite;

/// How long a connection on loopback may take: a service that accepts nothing lets them wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often is looked before somebody is refused, and the pause in between: a server that accepts just now has no file for
/// its socket yet, and one that starts is a copy of its parent for a moment.
const LOOKS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(5);

/// Connects to the first of `targets` that answers and is proven.
///
/// # Errors
///
/// As [`dial`], of the first one.
pub async fn reach<'a>(
    site: &Arc<ServerSite>,
    targets: &'a [Arc<NamedTarget>],
    may_wake: bool,
) -> Result<(&'a Arc<NamedTarget>, Upstream)> {
    let mut refused = None;
    for target in targets {
        match dial(site, target, may_wake).await {
            Ok(upstream) => return Ok((target, upstream)),
            Err(failure) => refused = refused.or(Some(failure)),
        }
    }
    Err(refused.unwrap_or_else(|| Failure::new(Code::Internal, "there is nobody to ask")))
}

/// Connects to the service, which is started first where it sleeps and whoever asks `may_wake` it.
///
/// # Errors
///
/// `port_conflict` where somebody else answers, `service_failed` where nobody does, `forbidden` for who may not wake it.
async fn dial(site: &Arc<ServerSite>, target: &Arc<NamedTarget>, may_wake: bool) -> Result<Upstream> {
    awake(site, target, may_wake).await?;
    let mut refused = None;
    for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let address = SocketAddr::new(address, target.port.number());
        let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await else {
            continue;
        };
        let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) else { continue };
        // Where nobody listens on a port that the kernel gives away, a connection may meet itself.
        if local == peer {
            continue;
        }
        match proven(site, target, peer, local).await {
            Ok(proof) => return open(stream, proof, target).await,
            // Its own server may listen on the other family alone.
            Err(failure) => refused = Some(refused.filter(is_conflict).unwrap_or(failure)),
        }
    }
    Err(refused.unwrap_or_else(|| forwarding::nobody(target)))
}

/// Waits until a service that sleeps is up. That may take as long as its start does: each has a thread of its own.
async fn awake(site: &Arc<ServerSite>, target: &Arc<NamedTarget>, may_wake: bool) -> Result<()> {
    let failed = || Failure::new(Code::Internal, "the service could not be woken");
    let (theirs, wanted) = (Arc::clone(site), Arc::clone(target));
    let looked = tokio::task::spawn_blocking(move || forwarding::sleeps(&theirs.book, &wanted));
    if !looked.await.unwrap_or(Ok(false))? {
        return Ok(());
    }
    let (theirs, wanted) = (Arc::clone(site), Arc::clone(target));
    let (sender, answer) = tokio::sync::oneshot::channel();
    let waking = move || {
        let look = |folder: &std::path::Path| theirs.look_around(Some(folder)).map(|(context, _)| context);
        // Whoever asked may be gone.
        let _ = sender.send(forwarding::wake(&theirs.book, &wanted, may_wake, &look));
    };
    std::thread::Builder::new().spawn(waking).map_err(|_| failed())?;
    answer.await.unwrap_or_else(|_| Err(failed()))
}

fn is_conflict(failure: &Failure) -> bool {
    failure.code() == Code::PortConflict
}

async fn proven(
    site: &Arc<ServerSite>,
    target: &Arc<NamedTarget>,
    server: SocketAddr,
    client: SocketAddr,
) -> Result<Proof> {
    let mut seen = Err(forwarding::nobody(target));
    for turn in 0..LOOKS {
        if turn > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let (site, target) = (Arc::clone(site), Arc::clone(target));
        let looked = tokio::task::spawn_blocking(move || {
            let look = |folder: &std::path::Path| site.look_around(Some(folder)).map(|(context, _)| context);
            forwarding::prove(&site.book, &target, server, client, &look)
        });
        seen = looked.await.unwrap_or_else(|_| Err(Failure::new(Code::Internal, "nobody could be proven")));
        if seen.is_ok() {
            break;
        }
    }
    seen
}

async fn open(stream: TcpStream, proof: Proof, target: &NamedTarget) -> Result<Upstream> {
    let _ = stream.set_nodelay(true);
    let (sender, connection) = http1::Builder::new()
        .preserve_header_case(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| forwarding::nobody(target))?;
    // It ends with the connection, or when nobody wants anything from it any more.
    tokio::spawn(connection.with_upgrades());
    Ok(Upstream { sender, process: proof.process.map(Arc::new), is_old: false })
}
