//! What services write to the terminals that they have in the foreground goes into their logs, as everything else does.

use super::supervisor::Supervisor;
use crate::host::services::terminal::{self, Terminal};

/// The size that a service sees, in rows and columns.
const SIZE: (u16, u16) = (24, 120);

/// Opens a terminal; without one a service writes into its log itself.
pub(super) fn open() -> Option<Terminal> {
    Terminal::open(SIZE.0, SIZE.1).ok()
}

impl Supervisor<'_> {
    /// Moves on what was written.
    pub fn read_terminals(&mut self) {
        for run in self.runs.values_mut() {
            let (Some(outer), Some(log)) = (&run.terminal, &run.log) else { continue };
            if !terminal::move_into(outer, log.as_fd()) {
                // Nobody is at the other end any more.
                run.terminal = None;
            }
        }
    }
}
