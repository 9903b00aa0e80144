//! The user's short name for the work, `login` or `GH-42`, and the alphabet that names here are made of.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An identifier, `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`: safe as a folder, in a branch and in a shell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identifier(String);

impl Identifier {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the identifier that stands for any other text (a branch, a folder): what is not allowed becomes `-`.
    /// `None` when nothing usable is left.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mapped: String = text
            .chars()
            .map(|letter| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' })
            .collect();
        let trimmed = mapped.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let short: String = trimmed.chars().take(64).collect();
        short.parse().ok()
    }
}

impl FromStr for Identifier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut letters = text.chars();
        let starts_well = letters.next().is_some_and(|first| first.is_ascii_alphanumeric());
        let goes_on_well = letters.all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter));
        if starts_well && goes_on_well && text.len() <= 64 {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
        Err(format!(
            "`{shown}` is not an identifier: a letter or digit, then letters, digits, `.`, `_`, `-`, 64 at most"
        ))
    }
}

impl TryFrom<String> for Identifier {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Identifier> for String {
    fn from(identifier: Identifier) -> Self {
        identifier.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Answers whether `text` is `[a-z][a-z0-9-]*` and at most `longest` letters.
#[must_use]
pub fn is_lower_word(text: &str, longest: usize) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
        && text.len() <= longest
}
