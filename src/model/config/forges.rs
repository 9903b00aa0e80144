//! `forge.HOST`: what a forge is like, by the host of a remote's URL.

use serde_json::Value;

use super::problem::ValueFault;
use super::value::{inside, text, unknown_word, wrong};
use crate::model::forge::{Forge, ForgeKind, KINDS, is_pattern};

/// The keys of one forge.
pub const KEYS: [&str; 2] = ["kind", "pull"];

/// The longest name of a host (RFC 1035).
const LONGEST: usize = 253;

/// Reads one forge.
pub fn read(value: &Value) -> Result<Forge, ValueFault> {
    let Some(table) = value.as_object() else {
        return Err(wrong("a table", value).hint("write { kind = \"gitlab\" }"));
    };
    if let Some(unknown) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(unknown_word("key", unknown, &KEYS));
    }
    let kind = table.get("kind").map(kind).transpose().map_err(|fault| inside("kind", fault))?;
    let pull = table.get("pull").map(pattern).transpose().map_err(|fault| inside("pull", fault))?;
    Ok(Forge { kind, pull })
}

fn kind(value: &Value) -> Result<ForgeKind, ValueFault> {
    let word = text(value)?;
    ForgeKind::find(word).ok_or_else(|| unknown_word("kind", word, &KINDS))
}

fn pattern(value: &Value) -> Result<String, ValueFault> {
    let pattern = text(value)?;
    if is_pattern(pattern) {
        return Ok(pattern.to_owned());
    }
    Err(ValueFault::new(format!(
        "is not the name of a ref with the number in it: `{}`",
        pattern.escape_debug()
    ))
    .hint("write \"refs/pull/{number}/head\""))
}

/// Returns the host in small letters.
///
/// # Errors
///
/// Says what else stands there.
pub fn host(word: &str) -> Result<String, ValueFault> {
    let is_plain =
        |letter: char| !letter.is_control() && !letter.is_whitespace() && !"/@:\\\"'`".contains(letter);
    if word.is_empty() || word.len() > LONGEST || !word.chars().all(is_plain) {
        return Err(ValueFault::new(format!("`{}` is not the name of a host", word.escape_debug()))
            .hint("write it as in a remote's URL, without port and user: [forge.\"git.example.org\"]"));
    }
    Ok(word.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_forge_is_read_by_its_kind_and_its_ref() {
        let forge = |kind, pull: Option<&str>| Ok(Forge { kind, pull: pull.map(str::to_owned) });
        let said = |text: &str| Err(text.to_owned());
        for (value, read_as) in [
            (json!({}), forge(None, None)),
            (json!({ "kind": "gitlab" }), forge(Some(ForgeKind::Gitlab), None)),
            (json!({ "pull": "refs/p/{number}" }), forge(None, Some("refs/p/{number}"))),
            (json!({ "kind": "gitlob" }), said("`kind`: unknown kind `gitlob`")),
            (json!({ "kind": 1 }), said("`kind` must be a text, not a number")),
            (
                json!({ "pull": "refs/p" }),
                said("`pull` is not the name of a ref with the number in it: `refs/p`"),
            ),
            (json!({ "pul": "refs/p" }), said("unknown key `pul`")),
            (json!("gitlab"), said("must be a table, not a text")),
        ] {
            assert_eq!(read(&value).map_err(|fault| fault.message), read_as, "{value}");
        }
    }

    #[test]
    fn a_host_is_a_name_without_port_user_and_path() {
        let long = "a".repeat(253);
        for (word, found) in [
            ("Git.Example.org", Some("git.example.org")),
            ("ä", Some("ä")),
            (&*long, Some(&*long)),
            (&*"a".repeat(254), None),
            ("", None),
            ("a b", None),
            ("a:22", None),
            ("me@a", None),
            ("a/b", None),
            ("a\\b", None),
            ("a'b", None),
            ("a\n", None),
        ] {
            assert_eq!(host(word).ok().as_deref(), found, "{word}");
        }
    }
}
