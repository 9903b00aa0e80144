//! `POST`: a body of a few words, and the action that they are about. Only where the server was started with `--actions`.

use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap};

use super::reply::report;
use super::route::Act;
use super::site::ServerSite;
use crate::error::{Code, Failure, Result};
use crate::ops::act::{self, ActionWish};

/// The largest body, in bytes.
const LARGEST: usize = 64 * 1024;

/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns the body of a request that may act.
///
/// # Errors
///
/// The status beside what is wrong: `not_allowed` where nobody may act, `usage` for a body that is no JSON, too large or too
/// slow.
pub async fn body(
    site: &ServerSite,
    headers: &HeaderMap,
    body: Incoming,
) -> Result<Bytes, (StatusCode, Failure)> {
    if !site.shown.acts {
        let failure = Failure::new(Code::NotAllowed, "this server only shows")
            .hint("start it with `wt serve --actions` to let pages act");
        return Err((StatusCode::FORBIDDEN, failure));
    }
    // A form of another site can send text and forms, and nothing else without being asked about.
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let failure = Failure::new(Code::Usage, "an action is asked for as `Content-Type: application/json`");
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, failure));
    }
    match tokio::time::timeout(PATIENCE, Limited::new(body, LARGEST).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let failure = Failure::new(Code::Usage, format!("the body has more than {LARGEST} bytes"));
            Err((StatusCode::PAYLOAD_TOO_LARGE, failure))
        }
        Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, Failure::new(Code::Usage, "the body ends too early"))),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, Failure::new(Code::Usage, "the body takes too long"))),
    }
}

/// Does what is asked for. No body says no more than the path.
///
/// # Errors
///
/// `usage` for a body of other words; `not_found`; those of the action.
pub fn act(site: &ServerSite, act: &Act, body: &[u8]) -> Result<Vec<u8>> {
    let wish = if body.is_empty() { ActionWish::default() } else { wish_of(body)? };
    let (context, problems) = site.at(&act.repository)?;
    report(act.action.command(), &act::act(context, &problems, act.action, &act.name, &wish)?)
}

/// A wish is an object of named words: serde would take a list of them in their order too.
fn wish_of(body: &[u8]) -> Result<ActionWish> {
    let not_understood =
        |why: &dyn std::fmt::Display| Failure::new(Code::Usage, format!("the body is not understood: {why}"));
    let value: serde_json::Value = serde_json::from_slice(body).map_err(|error| not_understood(&error))?;
    if !value.is_object() {
        return Err(not_understood(&"it is no JSON object"));
    }
    serde_json::from_value(value).map_err(|error| not_understood(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_an_object_of_words_that_are_known() {
        for wrong in
            ["[]", r#"[["web"]]"#, "null", "3", r#""up""#, "{", r#"{"force":true}"#, r#"{"services":3}"#]
        {
            let failure = wish_of(wrong.as_bytes()).unwrap_err();
            assert_eq!(failure.code(), Code::Usage, "{wrong}");
            assert!(!failure.message().contains("ActionWish"), "{failure}");
        }
        assert_eq!(wish_of(b"{}").unwrap(), ActionWish::default());
        assert!(wish_of(br#"{"services":["web"]}"#).unwrap().services.is_some());
    }
}
