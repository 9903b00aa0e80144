//! A few lines on stderr that are drawn anew in their place while something goes on, and taken away at the end.

use std::io::{self, Write};

use console::{Term, truncate_str};

use super::escape;

/// The lines; nothing is drawn yet.
#[derive(Debug, Default)]
pub struct LiveLines {
    drawn: usize,
}

impl LiveLines {
    /// Draws `lines` in place of those before, each cut to the terminal's width.
    pub fn draw(&mut self, lines: &[String]) {
        let columns = usize::from(Term::stderr().size().1).max(20) - 1;
        let mut text = self.back();
        for line in lines {
            let line = escape::line(line);
            text.push_str(&truncate_str(&line, columns, "…"));
            text.push_str("\u{1b}[K\n");
        }
        self.drawn = lines.len();
        // Nobody can be told that nobody can be told.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Takes them away, so that something else can be said.
    pub fn clear(&mut self) {
        let text = self.back();
        self.drawn = 0;
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// What brings the cursor to the first line and clears from there.
    fn back(&self) -> String {
        if self.drawn == 0 { String::new() } else { format!("\u{1b}[{}A\r\u{1b}[J", self.drawn) }
    }
}

impl Drop for LiveLines {
    fn drop(&mut self) {
        self.clear();
    }
}
