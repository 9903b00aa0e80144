//! Requests of whoever reaches loopback: their target and their headers.

use hyper::Method;

use super::guard::{AnswerPlace, RequestHead, admit, name, require_token};
use super::route;
use crate::foreign_bytes::press;
use crate::model::port::Port;

/// The first line is the target; further ones are what headers say, in the order of the fields.
#[test]
fn requests_of_anybody() {
    press("serve", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.lines();
        let target = lines.next().unwrap_or_default();
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let _ = route::find(&method, path, query);
        }
        let head = RequestHead {
            host: lines.next(),
            authority: lines.next(),
            origin: lines.next(),
            referer: lines.next(),
            site: lines.next(),
            is_visit: false,
            authorization: lines.next(),
        };
        for place in [AnswerPlace::Socket, AnswerPlace::Port(Port::new(7373).unwrap())] {
            let is_admitted = admit(&head, place).is_ok();
            let asked_for = name(&head, place);
            assert!(!is_admitted || asked_for.is_none(), "a request is for us or for a service");
        }
        assert!(require_token(&head, "0123456789abcdef").is_err() || text.contains("0123456789abcdef"));
    });
}
