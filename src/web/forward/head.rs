//! The heads of forwarded requests and answers: what is between two neighbours stays between them (RFC 9110, 7.6.1), and
//! what says who forwards is ours to say.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::{self, HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Headers about one connection.
const NEIGHBOURS: [HeaderName; 6] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The header that names the worktree, in requests and in answers.
const WORKTREE: HeaderName = HeaderName::from_static("x-wt-worktree");

/// Answers whether the other side is asked to go on in another protocol, and returns which.
#[must_use]
pub fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let words = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let is_asked =
        words.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case("upgrade"));
    headers.get(header::UPGRADE).filter(|_| is_asked).cloned()
}

/// Takes out what is between neighbours.
fn clear_neighbours(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|word| word.trim().parse().ok())
        // Whoever names these wants to take something out that is not his.
        .filter(|name: &HeaderName| *name != header::HOST && *name != header::CONTENT_LENGTH)
        .collect();
    for name in named.iter().chain(&NEIGHBOURS) {
        headers.remove(name);
    }
}

/// Takes out what only we may say. Servers that hand headers on as variables (CGI, WSGI) take `_` for `-`.
fn clear_ours(headers: &mut HeaderMap, is_ours: impl Fn(&str) -> bool) {
    let is_ours = |name: &HeaderName| is_ours(&name.as_str().replace('_', "-"));
    let ours: Vec<HeaderName> = headers.keys().filter(|name| is_ours(name)).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
}

/// Makes the head of a request that of the one that is sent on. `Host` stays as it was asked for.
pub fn of_request(headers: &mut HeaderMap, peer: Option<IpAddr>, worktree: &str) {
    let upgrade = upgrade(headers);
    clear_neighbours(headers);
    clear_ours(headers, |name| {
        name.starts_with("x-forwarded-")
            || name.starts_with("x-wt-")
            || name == "forwarded"
            || name == "x-real-ip"
    });
    // The answer to it is between us and the client.
    headers.remove(header::EXPECT);
    if let Some(protocol) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol);
    }
    let host = headers.get(header::HOST).cloned();
    let port =
        host.as_ref().and_then(|host| host.to_str().ok()?.rsplit_once(':')).map(|(_, port)| port.to_owned());
    let mut say = |name: &'static str, value: Option<HeaderValue>| {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    say("x-forwarded-host", host);
    say("x-forwarded-port", port.as_deref().unwrap_or("80").parse().ok());
    say("x-forwarded-proto", Some(HeaderValue::from_static("http")));
    say("x-forwarded-for", peer.and_then(|peer| peer.to_canonical().to_string().parse().ok()));
    headers.insert(WORKTREE, named(worktree));
}

/// Makes the head of an answer that of the one that is sent back.
pub fn of_answer(headers: &mut HeaderMap, worktree: &str) {
    let upgrade = upgrade(headers);
    clear_neighbours(headers);
    clear_ours(headers, |name| name.starts_with("x-wt-"));
    if let Some(protocol) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol);
    }
    headers.insert(WORKTREE, named(worktree));
}

/// A worktree that something else made may have any name.
fn named(worktree: &str) -> HeaderValue {
    HeaderValue::from_str(worktree).ok().filter(|_| worktree.is_ascii()).unwrap_or_else(|| {
        let encoded = utf8_percent_encode(worktree, NON_ALPHANUMERIC).to_string();
        HeaderValue::from_str(&encoded).unwrap_or_else(|_| HeaderValue::from_static(""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = lines
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_static(value)));
        pairs.fold(HeaderMap::new(), |mut all, (name, value)| {
            all.append(name, value);
            all
        })
    }

    fn told(headers: &HeaderMap) -> Vec<String> {
        let mut all: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        all.sort();
        all
    }

    #[test]
    fn a_request_says_who_asked_and_not_what_the_client_made_up() {
        let mut asked = headers(&[
            ("host", "web.login.shop.localhost:7373"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-host", "evil"),
            ("x-forwarded-anything", "x"),
            ("x_forwarded_for", "1.2.3.4"),
            ("x-wt_worktree", "other"),
            ("x-wt-worktree", "other"),
            ("x-wt-admin", "yes"),
            ("forwarded", "for=1.2.3.4"),
            ("connection", "close, x-secret, host"),
            ("x-secret", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("expect", "100-continue"),
            ("cookie", "a=b"),
            ("origin", "http://elsewhere"),
        ]);
        of_request(&mut asked, Some("::ffff:127.0.0.1".parse().unwrap()), "login");
        assert_eq!(
            told(&asked),
            [
                "cookie: a=b",
                "host: web.login.shop.localhost:7373",
                "origin: http://elsewhere",
                "x-forwarded-for: 127.0.0.1",
                "x-forwarded-host: web.login.shop.localhost:7373",
                "x-forwarded-port: 7373",
                "x-forwarded-proto: http",
                "x-wt-worktree: login",
            ]
        );
    }

    #[test]
    fn an_upgrade_is_passed_on_and_only_where_it_is_asked_for() {
        let mut asked =
            headers(&[("host", "x"), ("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")]);
        assert!(upgrade(&asked).is_some());
        of_request(&mut asked, None, "a");
        assert_eq!(asked.get("upgrade").unwrap(), "websocket");
        let mut asked = headers(&[("host", "x"), ("upgrade", "h2c")]);
        assert!(upgrade(&asked).is_none());
        of_request(&mut asked, None, "lög in");
        assert!(asked.get("upgrade").is_none());
        assert_eq!(asked.get("x-wt-worktree").unwrap(), "l%C3%B6g%20in");
    }
}
