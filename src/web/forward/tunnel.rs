//! A connection that went on in another protocol, as WebSocket does: bytes go both ways until both sides are done.

use std::sync::Arc;

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::sync::OwnedSemaphorePermit;

/// Carries bytes between the two as soon as both have gone on. `seat` is the client's place among all connections.
pub fn carry(client: OnUpgrade, service: OnUpgrade, seat: Arc<OwnedSemaphorePermit>) {
    tokio::spawn(async move {
        let (Ok(client), Ok(service)) = (client.await, service.await) else { return };
        let (mut client, mut service): (TokioIo<Upgraded>, TokioIo<Upgraded>) =
            (TokioIo::new(client), TokioIo::new(service));
        // One that ends its half is told to the other; whoever breaks off ends both.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut service).await;
        drop(seat);
    });
}
