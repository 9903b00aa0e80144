//! Text that somebody agrees to by reading it: every letter of it is shown, in as many lines as that takes.

use console::measure_text_width;

/// What stands before each line, so that none looks like the beginning of something else.
const GUTTER: &str = "    | ";

/// Letters of a line at least, however narrow the terminal is.
const LEAST: usize = 8;

/// Returns `text` (one line) in lines that a terminal of `width` columns shows unbroken; on one line without a width.
#[must_use]
pub fn wrapped(text: &str, width: Option<usize>) -> String {
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(GUTTER.len() + 1).max(LEAST));
    let mut shown = String::from(GUTTER);
    let mut taken = 0;
    for letter in text.chars() {
        let columns = measure_text_width(letter.encode_utf8(&mut [0; 4]));
        if taken + columns > room {
            shown.push('\n');
            shown.push_str(GUTTER);
            taken = 0;
        }
        shown.push(letter);
        taken += columns;
    }
    shown.push('\n');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_and_no_line_is_too_wide() {
        let text = "sh -c 'curl -fsS http://localhost:5000/漢字 | grep -q ok' --and --so --on";
        for width in [20, 21, 40, 80] {
            let shown = wrapped(text, Some(width));
            assert!(shown.lines().all(|line| measure_text_width(line) <= width), "{width}:\n{shown}");
            let back: String = shown.lines().map(|line| line.strip_prefix(GUTTER).unwrap()).collect();
            assert_eq!(back, text);
        }
        assert_eq!(wrapped(text, None), format!("{GUTTER}{text}\n"));
    }
}
