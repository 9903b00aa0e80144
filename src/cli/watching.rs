//! Lets a progress bar watch an operation.

use crate::ops::watch::Watch;
use crate::ui::escape;
use crate::ui::progress::Bar;

/// A bar that watches.
#[derive(Debug)]
pub struct Watching<'a>(pub &'a Bar);

impl Watch for Watching<'_> {
    fn files(&self, done: usize, total: usize) {
        self.0.show("Writing files", done as u64, total as u64);
    }

    fn command(&self, index: usize, total: usize, command: &str, said: Option<&str>) {
        let said = said.map(|said| format!("  {said}")).unwrap_or_default();
        self.0.tell(&escape::line(&format!("Setup {index}/{total}: {command}{said}")));
    }

    fn carried(&self, done: usize, total: usize) {
        self.0.show("Carrying files", done as u64, total as u64);
    }
}
