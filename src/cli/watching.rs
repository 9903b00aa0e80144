//! Lets a progress bar watch an operation.

use crate::ops::watch::Watch;
use crate::ui::progress::Bar;

/// A bar that watches.
#[derive(Debug)]
pub struct Watching<'a>(pub &'a Bar);

impl Watch for Watching<'_> {
    fn files(&self, done: usize, total: usize) {
        self.0.show("Writing files", done as u64, total as u64);
    }
}
