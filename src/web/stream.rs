//! `/events`: server-sent events, a word for each change. Changes that come together are told together, and a reader that
//! does not read is dropped rather than waited for.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use hyper::body::{Bytes, Frame};
use hyper::{Response, StatusCode};
use tokio::sync::broadcast::error::RecvError;

use super::reply::{self, Body};
use super::site::Site;

/// How many words a reader may be behind.
const BACKLOG: usize = 16;

/// How long changes are gathered before they are told as one.
const TOGETHER: Duration = Duration::from_millis(50);

/// How often a line is sent that says nothing, so that a reader that is gone is noticed.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

const CHANGED: &[u8] = b"event: changed\ndata: {}\n\n";
const NOTHING: &[u8] = b": \n\n";

/// Answers with a stream that ends when its reader goes, falls behind, or the server stops.
pub fn open(site: &Arc<Site>) -> Response<Body> {
    let (sender, body) = Channel::<Bytes, Infallible>::new(BACKLOG);
    tokio::spawn(tell(Arc::clone(site), sender));
    reply::of(StatusCode::OK, "text/event-stream; charset=utf-8", body.boxed())
}

async fn tell(site: Arc<Site>, mut sender: Sender<Bytes>) {
    let mut changes = site.listen();
    drop(site);
    // The first word says that it is open.
    let mut word = CHANGED;
    loop {
        if sender.try_send(Frame::data(Bytes::from_static(word))).is_err() {
            return;
        }
        word = match tokio::time::timeout(SIGN_OF_LIFE, changes.recv()).await {
            Err(_) => NOTHING,
            Ok(Err(RecvError::Closed)) => return,
            Ok(Ok(()) | Err(RecvError::Lagged(_))) => CHANGED,
        };
        if word == CHANGED {
            tokio::time::sleep(TOGETHER).await;
            while changes.try_recv().is_ok() {}
        }
    }
}
