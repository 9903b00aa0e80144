//! Rows as people read them on a terminal (aligned, never wider than it) and as programs read them in a pipe (tabs).
//!
//! Where a terminal is too narrow, columns give way in a fixed order, so that what was asked for outlives what was not; where
//! that is not enough the rows are stacked. No name, number or command is cut.

mod fit;
pub mod flow;
mod row;
mod stack;

use std::borrow::Cow;

use self::fit::Narrow;
use super::escape;
use super::output::Ui;
use super::paint::Paint;

pub use fit::{Column, needed};
pub use row::{RowLook, TableRow};

/// Returns the rows as text that ends in a line break: with a heading and aligned on a terminal, without a heading
/// and separated by tabs elsewhere. On a terminal that is too narrow the `expendable` columns go first, in that order;
/// the last column is prose, whose lines end between words.
#[must_use]
pub fn render(ui: &Ui, heading: &[&'static str], rows: &[TableRow], expendable: &[&str]) -> String {
    render_columns(ui, &named_columns(heading, rows, expendable), rows, !heading.is_empty())
}

/// Returns the rows as [`render`] does, without the heading: they go on from others.
#[must_use]
pub fn render_without_heading(
    ui: &Ui,
    heading: &[&'static str],
    rows: &[TableRow],
    expendable: &[&str],
) -> String {
    render_columns(ui, &named_columns(heading, rows, expendable), rows, false)
}

fn named_columns(heading: &[&'static str], rows: &[TableRow], expendable: &[&str]) -> Vec<Column> {
    let widest = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let mut columns: Vec<Column> = (0..widest.max(heading.len()))
        .map(|index| Column::new(heading.get(index).copied().unwrap_or_default()))
        .collect();
    for (rank, name) in expendable.iter().enumerate() {
        for column in columns.iter_mut().filter(|column| column.heading == *name) {
            *column = column.goes(rank);
        }
    }
    // The last one that stays is prose, and that after it too.
    for column in columns.iter_mut().rev() {
        *column = column.prose();
        if column.stays() {
            break;
        }
    }
    columns
}

/// Returns the rows as [`render`] does, with columns that say themselves how they give way.
#[must_use]
pub fn render_columns(ui: &Ui, columns: &[Column], rows: &[TableRow], with_heading: bool) -> String {
    match ui.width() {
        Some(width) => aligned(ui.paint(), columns, rows, width, with_heading, Narrow::Stack),
        None => tabbed(rows),
    }
}

/// Returns one line for each row, aligned within `width` columns, without a heading and without looks; cells are cut for it.
#[must_use]
pub fn fitted(columns: &[Column], rows: &[TableRow], width: usize) -> Vec<String> {
    let plain: Vec<TableRow> = rows.iter().map(|row| TableRow::plain(row.cells.clone())).collect();
    aligned(Paint::default(), columns, &plain, width, false, Narrow::Cut).lines().map(str::to_owned).collect()
}

fn tabbed(rows: &[TableRow]) -> String {
    rows.iter().fold(String::new(), |mut text, row| {
        let cells: Vec<_> = row.cells.iter().map(|cell| or_dash(escape::line(cell))).collect();
        text.push_str(&cells.join("\t"));
        text.push('\n');
        text
    })
}

/// An empty field would vanish where a shell splits the line.
fn or_dash(cell: Cow<'_, str>) -> Cow<'_, str> {
    if cell.is_empty() { Cow::Borrowed("-") } else { cell }
}

fn aligned(
    paint: Paint,
    columns: &[Column],
    rows: &[TableRow],
    width: usize,
    with_heading: bool,
    narrow: Narrow,
) -> String {
    let cells: Vec<Vec<Cow<'_, str>>> =
        rows.iter().map(|row| row.cells.iter().map(|cell| escape::line(cell)).collect()).collect();
    let widths = fit::widths(columns, &cells, width, with_heading, narrow);
    let mut text = String::new();
    let mut push = |lines: Vec<String>, look: RowLook| {
        for line in lines {
            text.push_str(&match look {
                RowLook::Plain => line,
                RowLook::Strong => paint.strong(line),
                RowLook::Faint => paint.faint(line),
            });
            text.push('\n');
        }
    };
    if let Some(widths) = widths.as_ref().filter(|_| with_heading) {
        let headings: Vec<&str> = columns.iter().map(|column| column.heading).collect();
        push(fit::lines(columns, &headings, widths, Narrow::Cut), RowLook::Faint);
    }
    for (cells, row) in cells.iter().zip(rows) {
        let lines = match &widths {
            Some(widths) => fit::lines(columns, cells, widths, narrow),
            None => stack::lines(columns, cells, width, with_heading),
        };
        push(lines, row.look);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<TableRow> {
        let row = |name: &str, ports: &str, look| TableRow {
            cells: vec![name.to_owned(), String::new(), ports.to_owned()],
            look,
        };
        vec![row("feature-login", "web:5001", RowLook::Plain), row("x\u{1b}[2J", "", RowLook::Strong)]
    }

    fn columns() -> Vec<Column> {
        vec![Column::new("NAME").cut_in_the_middle(8), Column::new("STATE"), Column::new("PORTS")]
    }

    #[test]
    fn a_terminal_gets_aligned_columns_without_the_empty_ones() {
        let shown = aligned(Paint::default(), &columns(), &rows(), 80, true, Narrow::Stack);
        assert_eq!(shown, "NAME           PORTS\nfeature-login  web:5001\nx\\u{1b}[2J\n");
    }

    #[test]
    fn a_line_is_wider_than_the_terminal_only_for_a_name_or_not_at_all_where_cells_may_be_cut() {
        for width in [10, 15, 20, 22] {
            let at = |narrow| aligned(Paint::default(), &columns(), &rows(), width, true, narrow);
            let (cut, stacked) = (at(Narrow::Cut), at(Narrow::Stack));
            assert!(cut.lines().all(|line| line.chars().count() <= width), "{width}: {cut}");
            let is_right = |line: &str| line.chars().count() <= width || !line.trim().contains(' ');
            assert!(stacked.lines().all(is_right), "{width}: {stacked}");
            assert!(stacked.contains("feature-login") && stacked.contains("web:5001"), "{width}: {stacked}");
        }
    }

    #[test]
    fn a_pipe_gets_every_column_between_tabs() {
        assert_eq!(tabbed(&rows()), "feature-login\t-\tweb:5001\nx\\u{1b}[2J\t-\t-\n");
    }
}
