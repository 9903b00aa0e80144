//! Rows on a terminal that is too narrow for their columns: each is a few lines, its cells one after the other with what they
//! are. Nothing is cut: what is wider than the terminal is a line of its own.

use super::fit::Column;
use super::flow;

/// The blanks between two cells, and before each line but the first.
const GAP: usize = 2;

/// Returns the lines of one row: what it is called by in the first one, the other cells with their headings below.
pub(super) fn lines<T: AsRef<str>>(
    columns: &[Column],
    cells: &[T],
    width: usize,
    with_heading: bool,
) -> Vec<String> {
    let shown = |(column, cell): (&Column, &T)| {
        (column.is_stacked() && !cell.as_ref().is_empty()).then(|| (column.heading, cell.as_ref().to_owned()))
    };
    let mut cells: Vec<(&str, String)> = columns.iter().zip(cells).filter_map(shown).collect();
    // Up to the first cell that has a heading: a mark stands before the name.
    let lead = cells.iter().position(|(heading, _)| !heading.is_empty()).map_or(1, |at| at + 1);
    let rest = cells.split_off(lead.min(cells.len()));
    let lead: Vec<String> = cells.into_iter().map(|(_, cell)| cell).collect();
    let mut lines = flow::put_together(lead.iter().map(|cell| (cell.as_str(), GAP)), width);
    let room = width.saturating_sub(GAP).max(1);
    let mut line = String::new();
    for (heading, cell) in rest {
        let piece = if with_heading && !heading.is_empty() { format!("{heading} {cell}") } else { cell };
        let together = flow::put_together([(line.as_str(), GAP), (piece.as_str(), GAP)].into_iter(), room);
        let [first, last] = together.as_slice() else {
            line = together.concat();
            if console::measure_text_width(&line) > room {
                lines.extend(indented(&line, room));
                line.clear();
            }
            continue;
        };
        lines.extend(indented(first, room));
        line.clone_from(last);
    }
    if !line.is_empty() {
        lines.extend(indented(&line, room));
    }
    lines
}

/// A cell that is no sentence is one piece; what is wider than the line is broken between its words.
fn indented(text: &str, room: usize) -> Vec<String> {
    flow::unbroken(text, room).into_iter().map(|line| format!("{:GAP$}{line}", "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cell_stands_with_its_heading_and_nothing_is_cut() {
        let columns = [
            Column::new(""),
            Column::new("NAME"),
            Column::new("PORTS"),
            Column::new("RESTARTS"),
            Column::new("PATH").goes(0),
            Column::new("WHY").prose(),
        ];
        let cells = ["*", "feature-login", "web:5000 api:5001", "3", "/home/me", "it ended with status 1"];
        assert_eq!(
            lines(&columns, &cells, 30, true),
            ["*  feature-login", "  PORTS web:5000 api:5001", "  RESTARTS 3", "  WHY it ended with status 1"]
        );
        let long = "feature-with-a-name-as-long-as-its-title";
        let shown = lines(&columns, &["", long, "", "3", "", "a sentence of some length"], 20, true);
        assert_eq!(shown, [long, "  RESTARTS 3", "  WHY a sentence of", "  some length"]);
        let bare = [Column::new(""), Column::new("")];
        assert_eq!(lines(&bare, &["wt list --all", "the rest"], 12, false), ["wt list --all", "  the rest"]);
    }
}
