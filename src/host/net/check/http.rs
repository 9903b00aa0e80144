//! One request over HTTP/1.1 (RFC 9112) and its answer: the head whole, the body only where a text is looked for.
//! Redirects are answers and never followed.

use super::conversation::{ConversationTrouble, MOST, ServiceConversation};
use super::excerpt::excerpt;
use crate::model::health::check::HttpCheck;

/// The most of a body that is read to let a server end in peace what it had to say.
const POLITE: usize = 16 * 1024;

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Bytes up to the body.
    size: usize,
    length: Option<usize>,
    chunked: bool,
}

impl Head {
    /// Answers whether the body that was announced is there, too.
    fn is_followed_by_all_of(&self, heard: &[u8]) -> bool {
        self.length.is_some_and(|length| heard.len() >= self.size.saturating_add(length))
    }
}

/// Asks; an inner error says what was wrong with the answer.
pub fn ask(
    conversation: &mut ServiceConversation<'_>,
    check: &HttpCheck,
) -> Result<Result<(), String>, ConversationTrouble> {
    let request = request(check, conversation.address.port());
    conversation.say(request.as_bytes())?;
    let begin = loop {
        match head(&conversation.heard) {
            Some(Ok(interim)) if (100..200).contains(&interim.status) => {
                conversation.heard.drain(..interim.size);
            }
            Some(Ok(last)) => break last,
            Some(Err(reason)) => return Ok(Err(reason)),
            None => match conversation.hear() {
                Err(ConversationTrouble::TooLong) => {
                    return Ok(Err("its headers do not end within 64 KiB".to_owned()));
                }
                Err(ConversationTrouble::Late { read: 1.. }) => {
                    return Ok(Err("its headers did not end in time".to_owned()));
                }
                Err(ConversationTrouble::Closed { read: 1.. }) => {
                    return Ok(Err("closed the connection before its headers ended".to_owned()));
                }
                heard => heard?,
            },
        }
    };
    if !check.accepts(begin.status) {
        return Ok(Err(wrong_status(check, begin.status)));
    }
    if let Some(wanted) = &check.body {
        return Ok(find_in_body(conversation, &begin, wanted));
    }
    let is_short = begin.length.is_some_and(|length| length <= POLITE);
    while is_short && !begin.is_followed_by_all_of(&conversation.heard) && conversation.hear().is_ok() {}
    Ok(Ok(()))
}

fn request(check: &HttpCheck, port: u16) -> String {
    let usual = [
        ("Host", format!("localhost:{port}")),
        ("User-Agent", concat!("wt/", env!("CARGO_PKG_VERSION")).to_owned()),
        ("Accept", "*/*".to_owned()),
        ("Accept-Encoding", "identity".to_owned()),
        ("Connection", "close".to_owned()),
    ];
    let mut text = format!("{} {} HTTP/1.1\r\n", check.method, check.path);
    let is_own = |name: &str| check.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    for (name, value) in usual.iter().filter(|(name, _)| !is_own(name)) {
        text.extend([name, ": ", value, "\r\n"]);
    }
    for (name, value) in &check.headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    text + "\r\n"
}

/// Reads the head; `None` while it is not whole.
fn head(heard: &[u8]) -> Option<Result<Head, String>> {
    const BEGINNING: &[u8] = b"HTTP/1.";
    let known = heard.len().min(BEGINNING.len());
    if known == 0 {
        return None;
    }
    if heard[..known] != BEGINNING[..known] {
        return Some(Err(not_http(heard)));
    }
    // A line may end without its CR (RFC 9112, 2.2).
    let ends = [&b"\n\r\n"[..], b"\n\n"];
    let size = ends.iter().filter_map(|end| Some(memchr::memmem::find(heard, end)? + end.len())).min()?;
    let text = String::from_utf8_lossy(&heard[..size]);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).filter(|word| word.len() == 3).and_then(|word| word.parse().ok());
    let Some(status) = status.filter(|status| *status >= 100) else { return Some(Err(not_http(heard))) };
    let mut found = Head { status, size, length: None, chunked: false };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        match name.to_ascii_lowercase().as_str() {
            "content-length" => found.length = value.trim().parse().ok(),
            "transfer-encoding" => found.chunked = value.to_ascii_lowercase().contains("chunked"),
            _ => {}
        }
    }
    Some(Ok(found))
}

/// A server of TLS answers plain text with an alert (content type 21, RFC 8446, 5.1).
fn not_http(heard: &[u8]) -> String {
    match heard {
        [0x15 | 0x16, 0x03, ..] => {
            "speaks TLS, and was asked in plain HTTP: check it with `tcp` or a command".to_owned()
        }
        _ => format!("did not answer in HTTP: {}", excerpt(&String::from_utf8_lossy(heard))),
    }
}

fn wrong_status(check: &HttpCheck, status: u16) -> String {
    let wanted: Vec<String> = check.statuses.iter().map(ToString::to_string).collect();
    match wanted[..] {
        [] => format!("answered {status}"),
        _ => format!("answered {status} instead of {}", wanted.join(" or ")),
    }
}

fn find_in_body(
    conversation: &mut ServiceConversation<'_>,
    begin: &Head,
    wanted: &str,
) -> Result<(), String> {
    let shown = excerpt(wanted);
    loop {
        let raw = &conversation.heard[begin.size..];
        let (body, ended) = if begin.chunked { without_chunks(raw) } else { (raw.to_vec(), false) };
        if memchr::memmem::find(&body, wanted.as_bytes()).is_some() {
            return Ok(());
        }
        if ended || (!begin.chunked && begin.is_followed_by_all_of(&conversation.heard)) {
            return Err(format!("its body does not contain `{shown}`"));
        }
        match conversation.hear() {
            Ok(()) => {}
            Err(ConversationTrouble::Closed { .. }) => {
                return Err(format!("its body does not contain `{shown}`"));
            }
            Err(ConversationTrouble::TooLong) => {
                return Err(format!("its first {} KiB do not contain `{shown}`", MOST / 1024));
            }
            Err(_) => return Err(format!("its body did not bring `{shown}` in time")),
        }
    }
}

/// Joins the chunks (RFC 9112, 7.1) that are there; the second part tells whether the last one is.
fn without_chunks(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = memchr::memmem::find(raw, b"\r\n") {
        let line = String::from_utf8_lossy(&raw[..end]);
        let digits = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(digits, 16) else { return (body, true) };
        if size == 0 {
            return (body, true);
        }
        let data = &raw[end + 2..];
        body.extend_from_slice(&data[..size.min(data.len())]);
        match data.get(size.saturating_add(2)..) {
            Some(rest) => raw = rest,
            None => break,
        }
    }
    (body, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_whole_and_own_headers_win() {
        let headers = vec![("host".to_owned(), "shop.test".to_owned()), ("X-Key".to_owned(), "1".to_owned())];
        let text = request(&HttpCheck { headers, ..HttpCheck::of("/up") }, 5000);
        assert!(text.starts_with("GET /up HTTP/1.1\r\n") && text.ends_with("\r\n\r\n"));
        assert!(
            text.contains("host: shop.test\r\n")
                && !text.contains("localhost")
                && text.contains("X-Key: 1\r\n")
        );
        assert!(request(&HttpCheck::of("/"), 5000).contains("Host: localhost:5000\r\n"));
    }

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        assert_eq!(head(b""), None);
        assert_eq!(head(b"HTTP/1.1 200 OK\r\nContent-Le"), None);
        let bare = Head { status: 204, size: 16, length: None, chunked: false };
        assert_eq!(head(b"HTTP/1.0 204 x\n\nrest\r\n\r\n"), Some(Ok(bare)));
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: Chunked\r\n\r\nok";
        let expected = Head { status: 200, size: whole.len() - 2, length: Some(2), chunked: true };
        assert_eq!(head(whole), Some(Ok(expected)));
    }

    #[test]
    fn whatever_is_not_http_is_told_apart() {
        let reason = |heard: &[u8]| head(heard).unwrap().unwrap_err();
        assert!(reason(&[0x15, 0x03, 0x03, 0, 2, 2, 10]).contains("TLS"));
        assert!(reason(b"SSH-2.0-OpenSSH_9.2\r\n").contains("SSH-2.0-OpenSSH_9.2"));
        assert!(reason(b"HTTP/1.1 abc\r\n\r\n").contains("did not answer in HTTP"));
        assert!(reason(b"HTTP/2 200\r\n\r\n").contains("did not answer in HTTP"));
    }

    #[test]
    fn chunks_are_joined_as_far_as_they_came() {
        assert_eq!(without_chunks(b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"), (b"hello".to_vec(), true));
        assert_eq!(without_chunks(b"5\r\nhel"), (b"hel".to_vec(), false));
        assert_eq!(without_chunks(b"zz\r\nhel"), (Vec::new(), true));
        assert_eq!(without_chunks(b"ffffffffffffffff\r\nhel"), (b"hel".to_vec(), false));
    }
}
