//! A terminal that shows one text, drawn anew in its place: cut to fit, without flicker.

use console::truncate_str;

use super::escape;
use super::output::Ui;
use crate::error::Result;

/// A screen; the first text finds it as whoever was here before left it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Screen {
    is_drawn: bool,
}

impl Screen {
    /// Draws `text` instead of what was drawn before; `size` is the terminal's rows and columns.
    ///
    /// # Errors
    ///
    /// Fails when stdout cannot be written to.
    pub fn draw(&mut self, ui: &Ui, size: (usize, usize), text: &str) -> Result<()> {
        let before = if self.is_drawn { "" } else { "\u{1b}[2J" };
        self.is_drawn = true;
        let text = escape::answer(text, ui.is_painted(), ui.links());
        ui.answer_bytes(format!("{before}{}", frame(size, &text)).as_bytes())
    }
}

/// The text from the upper left corner, the rest of each line and of the screen cleared. The last row stays free for the
/// cursor.
fn frame((rows, columns): (usize, usize), text: &str) -> String {
    let room = rows.saturating_sub(1).max(1);
    let lines: Vec<&str> = text.lines().collect();
    let shown = if lines.len() > room { room - 1 } else { lines.len() };
    let mut cut: Vec<String> =
        lines[..shown].iter().map(|line| truncate_str(line, columns, "…").into_owned()).collect();
    if shown < lines.len() {
        cut.push(format!("… {} more lines", lines.len() - shown));
    }
    format!("\u{1b}[H{}\u{1b}[K\u{1b}[J\r\n", cut.join("\u{1b}[K\r\n"))
}

#[cfg(test)]
mod tests {
    use super::frame;

    #[test]
    fn a_frame_fits_the_screen() {
        assert_eq!(frame((24, 80), "a\nb\n"), "\u{1b}[Ha\u{1b}[K\r\nb\u{1b}[K\u{1b}[J\r\n");
        let cut = frame((4, 3), "abcdef\nb\nc\nd\n");
        assert!(cut.contains("ab…") && cut.contains("… 2 more lines") && !cut.contains('d'), "{cut:?}");
    }
}
