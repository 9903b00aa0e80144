//! What services write to the terminals that they have in the foreground goes into their logs, as everything else does.

use super::running::ServiceRun;
use super::supervisor::Supervisor;
use crate::host::services::terminal::{self, Terminal};

/// Opens a terminal; without one a service writes into its log itself.
pub(super) fn open((rows, columns): (u16, u16)) -> Option<Terminal> {
    Terminal::open(rows, columns).ok()
}

impl Supervisor<'_> {
    /// Gives all terminals this size, those of later starts too.
    pub fn resize_terminals(&mut self, rows: u16, columns: u16) {
        self.size = (rows, columns);
        for outer in self.runs.values().filter_map(|run| run.terminal.as_ref()) {
            // One that nobody is at any more has no size.
            let _ = terminal::resize(outer, rows, columns);
        }
    }

    /// Moves on what was written.
    pub fn read_terminals(&mut self) {
        self.runs.values_mut().for_each(read_terminal);
    }
}

/// Moves on what one service wrote.
pub(super) fn read_terminal(run: &mut ServiceRun) {
    let (Some(outer), Some(log)) = (&run.terminal, &run.log) else { return };
    if !terminal::move_into(outer, log.as_fd()) {
        // Nobody is at the other end any more.
        run.terminal = None;
    }
}
