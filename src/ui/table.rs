//! Rows as people read them on a terminal (aligned, cut at its width) and as programs read them in a pipe (tabs).

use std::borrow::Cow;

use comfy_table::{ContentArrangement, Table, presets};
use console::{measure_text_width, truncate_str};

use super::escape;
use super::output::Ui;
use super::paint::Paint;

/// The letters that the last column must have, or it is left out.
const LEAST: usize = 12;

/// How a row looks on a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    #[default]
    Plain,
    Strong,
    Faint,
}

/// One row: its cells and its look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub cells: Vec<String>,
    pub look: Look,
}

impl Row {
    /// A row that looks like most.
    #[must_use]
    pub fn plain(cells: Vec<String>) -> Self {
        Self { cells, look: Look::Plain }
    }
}

/// Returns the rows as text that ends in a line break: with a heading and aligned on a terminal, without a heading
/// and separated by tabs elsewhere. On a terminal that is too narrow the `expendable` columns go first, in that order.
#[must_use]
pub fn render(ui: &Ui, heading: &[&str], rows: &[Row], expendable: &[&str]) -> String {
    match ui.width() {
        Some(width) => aligned(ui.paint(), heading, rows, width, expendable),
        None => tabbed(rows),
    }
}

fn tabbed(rows: &[Row]) -> String {
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

/// Columns that are empty in every row are left out: a table shows what there is.
fn aligned(paint: Paint, heading: &[&str], rows: &[Row], width: usize, expendable: &[&str]) -> String {
    let used: Vec<usize> = (0..heading.len())
        .filter(|&column| rows.iter().any(|row| row.cells.get(column).is_some_and(|cell| !cell.is_empty())))
        .collect();
    let used = fitting(heading, rows, used, width, expendable);
    let last = used.last().copied();
    let room = width.saturating_sub(taken(heading, rows, &used[..used.len().saturating_sub(1)]));
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.add_row(used.iter().map(|&column| heading[column].to_owned()));
    for row in rows {
        table.add_row(used.iter().map(|&column| {
            let cell = escape::line(&row.cells[column]);
            if last == Some(column) { shortened(&cell, room) } else { cell.into_owned() }
        }));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let looks = std::iter::once(Look::Faint).chain(rows.iter().map(|row| row.look));
    table.lines().zip(looks).fold(String::new(), |mut text, (line, look)| {
        let line = truncate_str(line.trim_end(), width, "…");
        text.push_str(&match look {
            Look::Plain => line.into_owned(),
            Look::Strong => paint.strong(line),
            Look::Faint => paint.faint(line),
        });
        text.push('\n');
        text
    })
}

/// Leaves out expendable columns until the rest fits. A path in the last column may be cut, down to [`LEAST`] letters.
fn fitting(
    heading: &[&str],
    rows: &[Row],
    mut used: Vec<usize>,
    width: usize,
    expendable: &[&str],
) -> Vec<usize> {
    for name in expendable {
        let last = used.len().saturating_sub(1);
        let is_path = used.last().is_some_and(|&column| heading[column] == *name);
        let needed = if is_path {
            taken(heading, rows, &used[..last]) + LEAST
        } else {
            taken(heading, rows, &used) - 2
        };
        if needed > width {
            used.retain(|&column| heading[column] != *name);
        }
    }
    used
}

/// How many letters the columns take, the space behind each included.
fn taken(heading: &[&str], rows: &[Row], columns: &[usize]) -> usize {
    let widest = |&column: &usize| {
        let cells = rows.iter().map(|row| measure_text_width(&escape::line(&row.cells[column])));
        cells.chain([heading[column].len()]).max().unwrap_or(0) + 2
    };
    columns.iter().map(widest).sum()
}

/// The end of a path tells more than its beginning.
fn shortened(cell: &str, room: usize) -> String {
    if measure_text_width(cell) <= room || !cell.contains('/') {
        return cell.to_owned();
    }
    let skipped = cell.chars().count().saturating_sub(room.saturating_sub(1));
    let end: String = cell.chars().skip(skipped).collect();
    format!("…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let row = |name: &str, ports: &str, look| Row {
            cells: vec![name.to_owned(), String::new(), ports.to_owned()],
            look,
        };
        vec![row("feature-login", "web:5001", Look::Plain), row("x\u{1b}[2J", "", Look::Strong)]
    }

    #[test]
    fn a_terminal_gets_aligned_columns_without_the_empty_ones() {
        let shown = aligned(Paint::default(), &["NAME", "STATE", "PORTS"], &rows(), 80, &[]);
        assert_eq!(shown, "NAME           PORTS\nfeature-login  web:5001\nx\\u{1b}[2J\n");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let shown = aligned(Paint::default(), &["NAME", "STATE", "PORTS"], &rows(), 20, &[]);
        assert!(shown.lines().all(|line| line.chars().count() <= 20), "{shown}");
    }

    #[test]
    fn a_long_path_is_cut_at_its_beginning_and_left_out_where_there_is_no_room() {
        let row = Row::plain(vec!["a".to_owned(), "b".to_owned(), "/home/me/work/shop".to_owned()]);
        let at = |width| {
            aligned(
                Paint::default(),
                &["NAME", "BRANCH", "PATH"],
                std::slice::from_ref(&row),
                width,
                &["PATH"],
            )
        };
        assert!(at(80).contains("/home/me/work/shop"));
        assert!(at(28).ends_with("…/me/work/shop\n"), "{}", at(28));
        assert_eq!(at(20), "NAME  BRANCH\na     b\n");
    }

    #[test]
    fn a_pipe_gets_every_column_between_tabs() {
        assert_eq!(tabbed(&rows()), "feature-login\t-\tweb:5001\nx\\u{1b}[2J\t-\t-\n");
    }
}
