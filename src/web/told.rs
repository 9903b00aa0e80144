//! Until when an answer of ours is being sent: what hyper writes beside it is its own.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use hyper::{Response, StatusCode};

use super::line::Manners;
use super::reply::Body;

/// The body of an answer of ours: as long as it is sent, nothing of hyper's own is.
struct Told {
    body: Body,
    manners: Arc<Manners>,
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.manners.answer(false);
    }
}

/// Has `manners` know when the answer was handed over. One in another protocol never ends.
pub fn watched(response: Response<Body>, manners: &Arc<Manners>) -> Response<Body> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let manners = Arc::clone(manners);
    response.map(|body| Body::new(Told { body, manners }))
}
