//! Makes text from elsewhere harmless on a terminal: what it would obey rather than show, and what nobody sees, is shown as
//! escapes.

use std::borrow::Cow;

use crate::model::visible;

/// Answers whether a terminal would obey `letter`, or show nothing for it, rather than show it.
#[must_use]
pub fn is_dangerous(letter: char) -> bool {
    !visible::is_harmless(letter)
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

/// Returns an answer of several lines, our own colours and links in it, with everything else that is dangerous escaped:
/// the last look at what goes to the terminal.
#[must_use]
pub fn answer(text: &str, colors: bool, links: bool) -> Cow<'_, str> {
    if !text.chars().any(|letter| letter != '\n' && letter != '\t' && is_dangerous(letter)) {
        return Cow::Borrowed(text);
    }
    let keeps = |letter| matches!(letter, '\n' | '\t');
    let mut safe = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        safe.push_str(&escaped(&rest[..at], keeps));
        let length = match (color_length(&rest[at..]), link_length(&rest[at..])) {
            (color, _) if color > 0 && colors => color,
            (_, link) if link > 0 && links => link,
            _ => 0,
        };
        safe.push_str(if length == 0 { "\\u{1b}" } else { &rest[at..at + length] });
        rest = &rest[at + length.max(1)..];
    }
    safe.push_str(&escaped(rest, keeps));
    Cow::Owned(safe)
}

/// Returns how long the beginning or end of a link (OSC 8) at the beginning of `text` is; 0 when it is none.
fn link_length(text: &str) -> usize {
    const START: &str = "\u{1b}]8;;";
    let Some(inside) = text.strip_prefix(START) else { return 0 };
    let end = inside.find(|letter: char| !letter.is_ascii_graphic()).unwrap_or(inside.len());
    if inside[end..].starts_with("\u{1b}\\") { START.len() + end + 2 } else { 0 }
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
    fn an_answer_keeps_our_own_colours_and_links_and_nothing_else() {
        let text =
            "\u{1b}[1mx\u{1b}[0m \u{1b}]8;;http://a\u{1b}\\a\u{1b}]8;;\u{1b}\\ \u{1b}[2J\u{1b}]0;t\u{7}\n";
        let end = "\\u{1b}[2J\\u{1b}]0;t\\u{7}\n";
        let link = "\u{1b}]8;;http://a\u{1b}\\a\u{1b}]8;;\u{1b}\\";
        assert_eq!(answer(text, true, true), format!("\u{1b}[1mx\u{1b}[0m {link} {end}"));
        assert!(!answer(text, false, false).contains('\u{1b}'));
    }

    #[test]
    fn lines_keep_their_breaks() {
        assert_eq!(lines("a\nb\u{7}"), "a\nb\\u{7}");
    }
}
