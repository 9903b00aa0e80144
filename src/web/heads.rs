//! What the head of a request says about who asks.

use hyper::Method;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::http::request::Parts;

use super::guard::RequestHead;

/// Reads it out of a request as it came.
#[must_use]
pub fn of(parts: &Parts) -> RequestHead<'_> {
    let headers = &parts.headers;
    RequestHead {
        host: one(headers, &header::HOST),
        authority: parts.uri.authority().map(hyper::http::uri::Authority::as_str),
        origin: one(headers, &header::ORIGIN),
        referer: one(headers, &header::REFERER),
        site: one(headers, &HeaderName::from_static("sec-fetch-site")),
        is_visit: matches!(parts.method, Method::GET | Method::HEAD)
            && one(headers, &HeaderName::from_static("sec-fetch-mode")) == Some("navigate")
            && one(headers, &HeaderName::from_static("sec-fetch-dest")) == Some("document"),
        authorization: one(headers, &header::AUTHORIZATION),
    }
}

/// A header that stands there twice, or is no text, is as good as a foreign one.
#[must_use]
pub fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    Some(if values.next().is_some() { "" } else { value.to_str().unwrap_or("") })
}
