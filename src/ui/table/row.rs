//! One row of a table: its cells and its look.

/// How a row looks on a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowLook {
    #[default]
    Plain,
    Strong,
    Faint,
}

/// One row: its cells and its look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    pub cells: Vec<String>,
    pub look: RowLook,
}

impl TableRow {
    /// A row that looks like most.
    #[must_use]
    pub fn plain(cells: Vec<String>) -> Self {
        Self { cells, look: RowLook::Plain }
    }
}
