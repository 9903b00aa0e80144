//! Text in lines that fit: broken between words, and what is to be copied stays in one piece as long as it can.

use console::{measure_text_width, truncate_str};

/// Returns the words in lines of at most `width` columns. What stands between backticks stays together where a line has room for
/// it; only a word that is wider than a line is broken.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let pieces = pieces(text).into_iter().flat_map(|piece| {
        let is_whole = measure_text_width(piece.trim_end()) <= width;
        if is_whole { vec![piece] } else { piece.split_inclusive(' ').collect() }
    });
    for word in pieces {
        if !line.is_empty() && measure_text_width(&line) + measure_text_width(word.trim_end()) > width {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        line.push_str(word);
        while measure_text_width(line.trim_end()) > width {
            let piece = truncate_str(&line, width, "").into_owned();
            // A letter that is wider than the line stands alone.
            let length = piece.len().max(line.chars().next().map_or(0, char::len_utf8));
            lines.push(line[..length].to_owned());
            line.drain(..length);
        }
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// As [`wrapped`], but nothing is broken at all: a word or a command that is wider than `width` is a line of its own, which the
/// terminal goes on with, so that it is copied in one piece.
#[must_use]
pub fn unbroken(text: &str, width: usize) -> Vec<String> {
    put_together(pieces(text).into_iter().map(|piece| (piece.trim_end(), 1)), width)
}

/// Puts pieces, each with the blanks before it, into lines of at most `width` columns; none of them is broken.
pub(super) fn put_together<'a>(pieces: impl Iterator<Item = (&'a str, usize)>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (piece, gap) in pieces.filter(|(piece, _)| !piece.is_empty()) {
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + gap + measure_text_width(piece) <= width => {
                line.push_str(&" ".repeat(gap));
                line.push_str(piece);
            }
            _ => lines.push(piece.to_owned()),
        }
    }
    if lines.is_empty() { vec![String::new()] } else { lines }
}

/// The words, each with the blank after it; from a backtick to the next one is one piece.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut begin, mut is_quoted) = (0, false);
    let ends = text.matches('`').count() / 2 * 2;
    let mut ticks = 0;
    for (at, letter) in text.char_indices() {
        if letter == '`' && ticks < ends {
            ticks += 1;
            is_quoted = !is_quoted;
        }
        if letter == ' ' && !is_quoted {
            pieces.push(&text[begin..=at]);
            begin = at + 1;
        }
    }
    if begin < text.len() {
        pieces.push(&text[begin..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_wider_than_the_line_is_broken() {
        assert_eq!(wrapped("an averyverylongword b", 8), ["an", "averyver", "ylongwor", "d b"]);
        assert_eq!(wrapped("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(wrapped("漢", 1), ["漢"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn a_command_between_backticks_stays_in_one_piece() {
        assert_eq!(wrapped("say `wt list` now, it's so", 9), ["say", "`wt list`", "now, it's", "so"]);
        assert_eq!(wrapped("`wt list --all`", 9), ["`wt list", "--all`"], "there is no room for it");
        assert_eq!(unbroken("say `wt list --all` now", 9), ["say", "`wt list --all`", "now"]);
        assert_eq!(unbroken("a lone ` is a letter", 8), ["a lone `", "is a", "letter"]);
        assert_eq!(unbroken("", 8), [""]);
    }
}
