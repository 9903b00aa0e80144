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

/// Returns `line` where it fits, else its pieces in lines that do; those after the first begin with `indent` blanks. Only a word or
/// a command that is wider than that stays so, as in [`unbroken`]. Without a width nothing is folded.
#[must_use]
pub fn fitting(line: String, pieces: &[&str], indent: usize, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| measure_text_width(&line) > *width) else { return line };
    let room = width.saturating_sub(indent).max(1);
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces.iter().filter(|piece| measure_text_width(piece) > 0) {
        let length = measure_text_width(piece);
        let has_room = if lines.len() > 1 { room } else { width };
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + GAP + length <= has_room => {
                line.push_str(&" ".repeat(GAP));
                line.push_str(piece);
            }
            _ if length <= room => lines.push((*piece).to_owned()),
            _ => lines.extend(unbroken(piece, room)),
        }
    }
    lines.join(&format!("\n{:indent$}", ""))
}

/// How many blanks are between two pieces.
const GAP: usize = 2;

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
    fn a_line_that_does_not_fit_is_folded_between_its_pieces_and_their_words() {
        let pieces = ["  web 5000", "http://localhost:5000", "nobody listens there"];
        let line = pieces.join("  ");
        let shown = |width| fitting(line.clone(), &pieces, 4, width);
        assert_eq!((shown(None), shown(Some(80))), (line.clone(), line.clone()));
        assert_eq!(shown(Some(36)), "  web 5000  http://localhost:5000\n    nobody listens there");
        assert_eq!(
            shown(Some(16)),
            "  web 5000\n    http://localhost:5000\n    nobody\n    listens\n    there"
        );
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
