//! Answers: the same object as `--json`, its status, and the headers that keep pages of others away from it.

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;

use crate::error::{Code, Failure, Result};
use crate::model::called::Called;
use crate::model::envelope::{Envelope, ErrorObject, Nothing, SCHEMA};

/// What is sent.
pub type Body = BoxBody<Bytes, hyper::Error>;

/// What every answer says: nothing of it is kept, framed, sniffed or handed to another origin, and a page of ours loads and
/// sends nothing beyond this server.
const ALWAYS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
];

/// An answer of that kind.
#[must_use]
pub fn of(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// An answer with these bytes.
#[must_use]
pub fn bytes(status: StatusCode, kind: &'static str, bytes: impl Into<Bytes>) -> Response<Body> {
    of(status, kind, Full::new(bytes.into()).map_err(|never| match never {}).boxed())
}

/// A word as plain text.
#[must_use]
pub fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    bytes(status, "text/plain; charset=utf-8", text)
}

/// The report of `command`, byte for byte as `--json` writes it into a pipe.
///
/// # Errors
///
/// `internal` for a report that is no JSON object.
pub fn report(command: &str, answer: &impl Serialize) -> Result<Vec<u8>> {
    let envelope = Envelope { schema: SCHEMA, command, answer, error: None };
    let mut text = envelope.text(false)?;
    text.push('\n');
    Ok(text.into_bytes())
}

/// A failure of `command`, as `--json` writes it.
#[must_use]
pub fn failure(command: &str, failure: &Failure, status: StatusCode) -> Response<Body> {
    let mut response = bytes(status, JSON, text(command, failure));
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn text(command: &str, failure: &Failure) -> String {
    let error = Some(ErrorObject::of(failure, Called::default()));
    let text = Envelope { schema: SCHEMA, command, answer: Nothing {}, error }.text(false);
    text.unwrap_or_default() + "\n"
}

/// A failure as it is sent where nobody else writes the head; the connection ends with it.
#[must_use]
pub fn written(status: StatusCode, failure: &Failure) -> Vec<u8> {
    let (body, reason) = (text("serve", failure), status.canonical_reason().unwrap_or_default());
    let mut head = format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: {JSON}\r\ncontent-length: {}\r\nconnection: close\r\n",
        status.as_u16(),
        body.len()
    );
    for (name, value) in ALWAYS {
        head.extend([name.as_str(), ": ", value, "\r\n"]);
    }
    format!("{head}\r\n{body}").into_bytes()
}

/// The type of Prometheus' text format.
pub const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The type of answers and failures.
pub const JSON: &str = "application/json";

/// Returns the status that a failure has over HTTP.
#[must_use]
pub fn status(code: Code) -> StatusCode {
    match code {
        Code::Usage | Code::NameInvalid => StatusCode::BAD_REQUEST,
        Code::Unauthorized => StatusCode::UNAUTHORIZED,
        Code::Forbidden | Code::NotAllowed => StatusCode::FORBIDDEN,
        Code::NotFound | Code::NotARepository => StatusCode::NOT_FOUND,
        Code::RegistryCorrupt | Code::RegistryNewer | Code::RegistryLocked => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal | Code::DiskFull | Code::Interrupted => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    }
}
