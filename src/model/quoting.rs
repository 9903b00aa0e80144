//! Values in a `.env` file, quoted so that `sh` and the dotenv parsers read the same.

use super::word::is_plain_word;
use crate::error::{Code, Failure, Result};

/// A value as it is written, and whether some parser will read it otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    pub text: String,
    /// True where no spelling is read alike everywhere (`'` beside `$`, a backtick, `"` or `\`; a last or a double `\`):
    /// this one is what `sh` reads.
    pub disputed: bool,
}

/// Quotes the value of `name`.
///
/// # Errors
///
/// `config_invalid` for a value with a control character, which no spelling carries safely.
pub fn quote(name: &str, value: &str) -> Result<Quoted> {
    if value.chars().any(char::is_control) {
        return Err(Failure::new(
            Code::ConfigInvalid,
            format!("the value of {name} holds a control character: `{}`", value.escape_debug()),
        )
        .hint("env files carry plain text only"));
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_./:@%+,-".contains(letter);
    if value.chars().all(plain) {
        return Ok(Quoted { text: value.to_owned(), disputed: false });
    }
    // To dotenvy a backslash before the closing single quote hides it, and the lines that follow go with the value.
    if !value.contains('\'') && !value.ends_with('\\') {
        // python-dotenv makes one backslash of two even here.
        return Ok(Quoted { text: format!("'{value}'"), disputed: value.contains("\\\\") });
    }
    let mut text = String::from("\"");
    for letter in value.chars() {
        if matches!(letter, '"' | '\\' | '$' | '`') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
    Ok(Quoted { text, disputed: value.contains(['$', '`', '\\', '!', '"']) })
}

/// Quotes for `sh` alone, where everything between single quotes is itself.
#[must_use]
pub fn quote_sh(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

/// Writes one word of a command as a shell reads it: as it is where every shell takes it so, else quoted.
#[must_use]
pub fn word_sh(value: &str) -> String {
    if is_plain_word(value) { value.to_owned() } else { quote_sh(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_values_need_no_quotes() {
        assert_eq!(quote("X", "http://localhost:5000/a").unwrap().text, "http://localhost:5000/a");
        assert_eq!(quote("X", "feature/login").unwrap().text, "feature/login");
    }

    #[test]
    fn anything_else_stands_in_single_quotes() {
        assert_eq!(quote("X", "a b").unwrap().text, "'a b'");
        assert_eq!(quote("X", "$(rm -rf ~)").unwrap().text, "'$(rm -rf ~)'");
    }

    #[test]
    fn a_single_quote_takes_double_quotes() {
        assert_eq!(quote("X", "it's").unwrap(), Quoted { text: "\"it's\"".to_owned(), disputed: false });
    }

    #[test]
    fn what_no_spelling_carries_everywhere_is_said() {
        assert!(quote("X", "it's $HOME").unwrap().disputed);
        assert_eq!(quote("X", "it's $HOME").unwrap().text, "\"it's \\$HOME\"");
    }

    #[test]
    fn a_last_backslash_never_stands_before_a_single_quote() {
        assert_eq!(quote("X", "a b\\").unwrap(), Quoted { text: "\"a b\\\\\"".to_owned(), disputed: true });
        assert_eq!(quote("X", "a\\b").unwrap(), Quoted { text: "'a\\b'".to_owned(), disputed: false });
    }

    #[test]
    fn a_line_break_is_refused() {
        assert_eq!(quote("X", "a\nb").unwrap_err().code(), Code::ConfigInvalid);
    }
}
