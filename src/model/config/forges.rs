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
