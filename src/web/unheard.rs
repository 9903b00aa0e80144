//! What hyper answers by itself where a head is none: nobody of ours is asked, and its answer says nothing. It is written anew.

use hyper::StatusCode;

use super::reply;
use crate::error::{Code, Failure};

/// Returns what is sent in the place of `written`, where that is an answer of hyper's own: a head of a failure, whole, with no body.
/// Each of ours has our headers, and each of a service the worktree's name.
#[must_use]
pub fn instead_of(written: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(written).ok()?.strip_prefix("HTTP/1.1 ")?;
    let (number, fields) = text.strip_suffix("\r\n\r\n")?.split_once(' ')?;
    let status = StatusCode::from_bytes(number.as_bytes()).ok().filter(StatusCode::is_client_error)?;
    let mut names = fields.split("\r\n").skip(1).map(|field| field.split(':').next().unwrap_or_default());
    if !names.all(|name| matches!(name, "connection" | "content-length" | "date")) {
        return None;
    }
    let message = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "the head of the request is too large",
        StatusCode::URI_TOO_LONG => "what is asked for is too long",
        _ => "the head of the request is not HTTP/1.1",
    };
    Some(reply::written(status, &Failure::new(Code::Usage, message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_hypers_own_is_written_anew_and_no_other() {
        let own = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let instead = String::from_utf8(instead_of(own.as_bytes()).unwrap()).unwrap();
        assert!(
            instead.starts_with("HTTP/1.1 400 Bad Request\r\n")
                && instead.contains("x-frame-options: DENY\r\n")
        );
        assert!(instead.contains("\"code\":\"usage\""), "{instead}");
        for other in [
            &own.replace("400 Bad Request", "204 No Content"),
            &own.replace("date: x", "x-wt-worktree: w"),
            &own.replace("date: x", "x-frame-options: DENY"),
            &format!("{own}more"),
            "a body",
        ] {
            assert_eq!(instead_of(other.as_bytes()), None, "{other}");
        }
    }
}
