//! Filters that make any text a name of a database or of a host, so that different texts give different names.

use minijinja::{Error, ErrorKind};
use sha1::{Digest, Sha1};

use crate::model::hex::hex;

/// The longest name of a database that is made, in bytes: PostgreSQL cuts at 63, so a prefix has room.
const DATABASE: usize = 48;

/// The longest label of a host's name, in bytes (RFC 1035, 2.3.4).
const LABEL: usize = 63;

/// Bytes of the hash that tells alike names apart, in hexadecimal.
const HASH: usize = 8;

/// Makes a name of a database: lower case, letters, digits and `_`. `-` becomes `_`. A hash of the text is added where it
/// was cut, where anything else was replaced, and where it has both signs that become `_`.
pub fn db(text: &str) -> Result<String, Error> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let is_told_apart = text.chars().all(|letter| is_plain(letter) || letter == '-')
        && !(text.contains('-') && text.contains('_'));
    made(text, '_', DATABASE, is_told_apart)
}

/// Makes one label of a host's name: lower case, letters, digits and `-`, neither first nor last. A hash of the text is
/// added where it was cut or anything was replaced.
pub fn label(text: &str) -> Result<String, Error> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let is_told_apart = text.chars().all(is_plain) && !text.starts_with('-') && !text.ends_with('-');
    made(text, '-', LABEL, is_told_apart)
}

fn made(text: &str, sign: char, most: usize, is_told_apart: bool) -> Result<String, Error> {
    let letters = text.chars().map(|letter| match letter.to_ascii_lowercase() {
        letter if letter.is_ascii_lowercase() || letter.is_ascii_digit() => letter,
        _ => sign,
    });
    let mut word: String = letters.collect();
    if sign == '-' {
        word.trim_matches(sign).to_owned().clone_into(&mut word);
    }
    if !word.contains(|letter: char| letter.is_ascii_alphanumeric()) {
        let message = format!("nothing of `{}` can stand in a name", text.escape_debug());
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    if is_told_apart && word.len() <= most {
        return Ok(word);
    }
    word.truncate(most - HASH - 1);
    let hash = Sha1::digest(text.as_bytes());
    let hash = hex(&hash[..HASH / 2]);
    Ok(format!("{}{sign}{hash}", word.trim_end_matches(sign)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_plain_name_is_itself_and_another_one_is_told_apart() {
        assert_eq!(db("feature-login").unwrap(), "feature_login");
        assert_eq!(db("a_b").unwrap(), "a_b");
        assert_eq!(label("feature-login").unwrap(), "feature-login");
        for filter in [db, label] {
            let alike = ["a.b", "a-b", "A_b", "a/b", "a b", "aéb", "x-a_b", "x-a-b", "x_a-b"];
            let made: HashSet<String> = alike.iter().map(|text| filter(text).unwrap()).collect();
            assert_eq!(made.len(), alike.len(), "{made:?}");
        }
    }

    #[test]
    fn what_is_long_is_cut_and_still_told_apart() {
        let (one, other) = (format!("feature-{}1", "x".repeat(80)), format!("feature-{}2", "x".repeat(80)));
        assert_eq!((db(&one).unwrap().len(), label(&one).unwrap().len()), (48, 63));
        assert_ne!(db(&one).unwrap(), db(&other).unwrap());
        assert_ne!(label(&one).unwrap(), label(&other).unwrap());
        assert_eq!(db(&"x".repeat(48)).unwrap(), "x".repeat(48));
    }

    #[test]
    fn a_label_begins_and_ends_with_a_letter_or_a_digit_and_nothing_is_no_name() {
        for text in ["-a-", "/a/", "_a", &format!("{}-{}", "a".repeat(53), "b".repeat(40))] {
            let made = label(text).unwrap();
            assert!(!made.starts_with('-') && !made.ends_with('-') && !made.contains("--"), "{made}");
            assert_eq!(made, label(text).unwrap());
        }
        for text in ["", "///", "é"] {
            assert!(db(text).is_err() && label(text).is_err(), "{text}");
        }
    }
}
