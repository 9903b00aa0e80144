//! Makes text from elsewhere harmless on a terminal: control characters and those that turn the writing direction
//! are shown as their escapes.

use std::borrow::Cow;
use std::fmt::Write;

/// Answers whether a terminal would obey `letter` rather than show it.
#[must_use]
pub fn is_dangerous(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{061c}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns one line of text with everything dangerous escaped, line breaks too.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// Returns text of several lines with everything dangerous but the line breaks (and tabs) escaped.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| matches!(letter, '\n' | '\t'))
}

/// Returns a line that a program wrote for a terminal: its colours (SGR, ECMA-48) stay where `colors` are welcome and go
/// where they are not, everything else dangerous is escaped. Without the carriage return at its end.
#[must_use]
pub fn colored_line(text: &str, colors: bool) -> String {
    let text = text.strip_suffix('\r').unwrap_or(text);
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        safe.push_str(&escaped(&rest[..at], |letter| letter == '\t'));
        let length = color_length(&rest[at..]);
        if length == 0 {
            safe.push_str("\\u{1b}");
        } else if colors {
            safe.push_str(&rest[at..at + length]);
        }
        rest = &rest[at + length.max(1)..];
    }
    safe.push_str(&escaped(rest, |letter| letter == '\t'));
    safe
}

/// Returns how long the colour sequence at the beginning of `text` is; 0 when it is none.
fn color_length(text: &str) -> usize {
    let Some(inside) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = inside.find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, ';' | ':'));
    match end {
        Some(end) if inside[end..].starts_with('m') => end + 3,
        _ => 0,
    }
}

/// Returns JSON that means the same and shows no dangerous character: they stand in strings only.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    let keeps = |letter: char| letter == '\n' || !is_dangerous(letter);
    if text.chars().all(keeps) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if keeps(letter) {
            safe.push(letter);
        } else {
            let _ = write!(safe, "\\u{:04x}", u32::from(letter));
        }
    }
    Cow::Owned(safe)
}

/// Returns text so that no two texts look the same: as it is where every letter can be seen, else in quotes with its
/// backslashes escaped too.
#[must_use]
pub fn exact(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_dangerous) {
        return Cow::Owned(format!("\"{}\"", text.escape_default()));
    }
    Cow::Borrowed(text)
}

fn escaped(text: &str, keeps: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|letter| is_dangerous(letter) && !keeps(letter)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_dangerous(letter) && !keeps(letter) {
            safe.extend(letter.escape_default());
        } else {
            safe.push(letter);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_bidi_characters_are_shown_as_escapes() {
        assert_eq!(line("a\u{1b}[31mb\u{202e}c\nd"), "a\\u{1b}[31mb\\u{202e}c\\nd");
        assert_eq!(line("naïve 漢字"), "naïve 漢字");
    }

    #[test]
    fn a_programs_colours_stay_or_go_and_its_other_sequences_are_shown() {
        let text = "\u{1b}[1;31mred\u{1b}[0m\ttab\u{1b}]0;title\u{7}\u{1b}[2J\r";
        assert_eq!(colored_line(text, true), "\u{1b}[1;31mred\u{1b}[0m\ttab\\u{1b}]0;title\\u{7}\\u{1b}[2J");
        assert_eq!(colored_line("\u{1b}[31mred\u{1b}[m \u{1b}[", false), "red \\u{1b}[");
    }

    #[test]
    fn lines_keep_their_breaks() {
        assert_eq!(lines("a\nb\u{7}"), "a\nb\\u{7}");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let text = serde_json::to_string("a\u{202e}\u{9b}b").unwrap();
        let safe = json(&text);
        assert!(!safe.contains('\u{202e}') && !safe.contains('\u{9b}'));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), "a\u{202e}\u{9b}b");
    }
}
