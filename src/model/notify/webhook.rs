//! The address that notices are posted to. It may be a secret itself, so it is shown as scheme and host alone.

use std::fmt;

use serde_json::Value;

use crate::model::config::problem::ValueFault;
use crate::model::config::value;
use crate::model::hex::hex;

/// Where the address stands.
#[derive(Clone, PartialEq, Eq)]
pub enum Webhook {
    Address(WebhookAddress),
    /// A file that has it as its first line; `~/` is the home folder.
    File(String),
}

/// An address, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookAddress {
    pub is_https: bool,
    /// As the `Host` header has it: with its port, where one is written.
    pub authority: String,
    /// What is connected to: a name or an address, without brackets.
    pub host: String,
    pub port: u16,
    /// What is asked for: path and query.
    pub target: String,
}

impl WebhookAddress {
    /// Takes an address apart.
    ///
    /// # Errors
    ///
    /// Says what is wrong, without the address.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) =
            text.split_once("://").ok_or("is no address: it begins with https:// or http://")?;
        let is_https = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err("is no address: it begins with https:// or http://"),
        };
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has letters that no address has: spaces, or others than ASCII");
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err("has a user or a password before its host: no header is made of them");
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or("has a `[` that is not closed")?;
                (host, after.strip_prefix(':'))
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let usual = if is_https { 443 } else { 80 };
        let port =
            port.map_or(Ok(usual), str::parse).map_err(|_| "has a port that is no number up to 65535")?;
        if host.is_empty() || port == 0 {
            return Err("names no host");
        }
        let target = match target.as_bytes().first() {
            None => "/".to_owned(),
            Some(b'?') => format!("/{target}"),
            _ => target.to_owned(),
        };
        Ok(Self { is_https, authority: authority.to_owned(), host: host.to_owned(), port, target })
    }

    /// Returns what may be shown of it: scheme and host.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}://{}", if self.is_https { "https" } else { "http" }, self.authority)
    }
}

impl fmt::Debug for WebhookAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown())
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(formatter),
            Self::File(file) => write!(formatter, "file {file}"),
        }
    }
}

/// Reads the value of `notify.webhook`: an address, or `{ file = "…" }`.
///
/// # Errors
///
/// Says what is wrong with it, without the address.
pub fn read(value: &Value) -> Result<Webhook, ValueFault> {
    const EXAMPLE: &str = "write an address, or { file = \"~/.config/wt/webhook\" }";
    if let Some(table) = value.as_object() {
        let file = table.get("file").filter(|_| table.len() == 1);
        let file =
            file.ok_or_else(|| ValueFault::new("is a table with a `file` and nothing else").hint(EXAMPLE))?;
        let file = value::text(file).map_err(|fault| value::inside("file", fault))?;
        if !file.starts_with('/') && !file.starts_with("~/") {
            return Err(value::inside(
                "file",
                ValueFault::new("is relative").hint("begin it with `/` or `~/`"),
            ));
        }
        return Ok(Webhook::File(file.to_owned()));
    }
    let text = value.as_str().ok_or_else(|| value::wrong("an address or a table", value).hint(EXAMPLE))?;
    let address = WebhookAddress::parse(text.trim()).map_err(ValueFault::new)?;
    Ok(Webhook::Address(address))
}

/// Returns what may be shown of a value of `notify.webhook`.
#[must_use]
pub fn shown(value: &Value) -> Value {
    match value.as_str() {
        Some(text) => match WebhookAddress::parse(text) {
            Ok(address) => Value::from(address.shown()),
            Err(_) => Value::from("…"),
        },
        None => value.clone(),
    }
}

/// Returns the text that is agreed to: what is shown, and a fingerprint of all of it.
#[must_use]
pub fn agreed(value: &Value) -> String {
    use sha1::{Digest, Sha1};
    let Some(text) = value.as_str() else { return value.to_string() };
    let digest = Sha1::digest(text.as_bytes());
    let mark = hex(&digest[..6]);
    format!("{}/… ({mark})", shown(value).as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_taken_apart_and_shown_as_scheme_and_host() {
        for (text, host, port, target, shown) in [
            (
                "https://hooks.example.org/services/T0/SECRET",
                "hooks.example.org",
                443,
                "/services/T0/SECRET",
                "https://hooks.example.org",
            ),
            (
                "http://127.0.0.1:9093/api/v2/alerts",
                "127.0.0.1",
                9093,
                "/api/v2/alerts",
                "http://127.0.0.1:9093",
            ),
            ("http://[::1]:80?key=SECRET#SECRET", "::1", 80, "/?key=SECRET", "http://[::1]:80"),
            ("https://h", "h", 443, "/", "https://h"),
        ] {
            let found = WebhookAddress::parse(text).unwrap();
            assert_eq!((found.host.as_str(), found.port, found.target.as_str()), (host, port, target));
            assert_eq!((found.shown().as_str(), format!("{found:?}").as_str()), (shown, shown));
            assert_eq!(super::shown(&json!(text)), shown);
            assert!(!agreed(&json!(text)).contains("SECRET"));
        }
        assert_ne!(agreed(&json!("https://h/a")), agreed(&json!("https://h/b")));
    }

    #[test]
    fn what_is_no_address_is_refused_and_never_repeated() {
        for text in [
            "hooks/SECRET",
            "ftp://h/SECRET",
            "https://u:SECRET@h/",
            "https:///SECRET",
            "https://h:SECRET/",
            "https://h/a SECRET",
            "http://[::1/SECRET",
            "http://h:0/SECRET",
        ] {
            let fault = read(&json!(text)).unwrap_err();
            assert!(!format!("{fault:?}").contains("SECRET"), "{text}: {fault:?}");
        }
        assert_eq!(read(&json!({ "file": "~/hook" })), Ok(Webhook::File("~/hook".to_owned())));
        assert!(read(&json!({ "file": "x", "more": 1 })).is_err() && read(&json!(5)).is_err());
    }
}
