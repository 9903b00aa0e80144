//! How columns share the width of a terminal: which go, which give letters, which go on in further lines. What is to be copied
//! (a name, a number, a command) is cut only in rows that must be one line.

use console::{measure_text_width, truncate_str};

use super::flow;

/// The blanks between two columns.
const GAP: usize = 2;

/// The letters that prose and a path keep at least before they take further lines, or go.
const LEAST: usize = 12;

/// The letters to which prose gives way before a column is left out for it.
const COMFORT: usize = 32;

/// The letters that a column of names keeps in a table; a longer name has a line of its own.
const NAMES: usize = 24;

/// What becomes of rows for which there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Narrow {
    /// Each is one line in any case, as where keys move through them: cells are cut, and say so.
    Cut,
    /// Nothing is cut: they are stacked.
    Stack,
}

/// How a column gives way where the terminal is too narrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Giving {
    /// Not at all, while anything else can.
    Whole,
    /// Its cells are names: those that are too long have a line of their own, or lose letters in the middle, down to that many,
    /// where a row is one line.
    Middle(usize),
    /// Its cells lose letters at the beginning: the end of a path tells more.
    Beginning,
    /// Its cells go on in further lines, between words.
    Prose,
}

/// A column: its heading, and how it gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub heading: &'static str,
    giving: Giving,
    /// Columns with a rank are left out where there is no room, the lowest rank first.
    rank: Option<usize>,
}

impl Column {
    /// A column that stays whole.
    #[must_use]
    pub fn new(heading: &'static str) -> Self {
        Self { heading, giving: Giving::Whole, rank: None }
    }

    /// Its cells are names, which may be too long: one has a line of its own then. Where a row is one line it loses letters in the
    /// middle, down to `least`: beginning and end of a name tell most.
    #[must_use]
    pub fn cut_in_the_middle(self, least: usize) -> Self {
        Self { giving: Giving::Middle(least), ..self }
    }

    /// Its cells may lose letters at the beginning, as paths do.
    #[must_use]
    pub fn cut_at_the_beginning(self) -> Self {
        Self { giving: Giving::Beginning, ..self }
    }

    /// Its cells are sentences: they go on in further lines rather than lose a word.
    #[must_use]
    pub fn prose(self) -> Self {
        Self { giving: Giving::Prose, ..self }
    }

    /// It is left out where there is no room, before those of a higher `rank`.
    #[must_use]
    pub fn goes(self, rank: usize) -> Self {
        Self { rank: Some(rank), ..self }
    }

    /// Answers whether it stays however narrow the terminal is.
    pub(super) fn stays(self) -> bool {
        self.rank.is_none()
    }

    /// Answers whether it is shown where rows are stacked: names are, although their column gives way to others.
    pub(super) fn is_stacked(self) -> bool {
        self.stays() || matches!(self.giving, Giving::Middle(_))
    }

    /// Answers whether it is left out before names are cut; names themselves are cut first.
    fn goes_uncut(self) -> bool {
        self.rank.is_some() && !matches!(self.giving, Giving::Middle(_))
    }

    /// The letters that it cannot do without, of the `natural` ones.
    fn least(self, natural: usize) -> usize {
        match self.giving {
            Giving::Whole => natural,
            Giving::Middle(least) => natural.min(least),
            Giving::Beginning | Giving::Prose => natural.min(LEAST),
        }
    }
}

/// Returns the letters that the rows take at least where nothing is cut but what may be left out: the width from which
/// on a terminal shows all names whole.
#[must_use]
pub fn needed(columns: &[Column], rows: &[super::TableRow]) -> usize {
    let cells: Vec<Vec<_>> =
        rows.iter().map(|row| row.cells.iter().map(|cell| super::escape::line(cell)).collect()).collect();
    let natural = natural(columns, &cells, true);
    let staying = columns.iter().zip(natural).filter(|(column, width)| !column.goes_uncut() && *width > 0);
    let widths: Vec<usize> = staying
        .map(|(column, width)| if column.giving == Giving::Prose { width.min(LEAST) } else { width })
        .collect();
    total(widths)
}

/// Returns the width of each column; 0 for those that are left out: because they are empty in every row, or because
/// the terminal is too narrow. `None` where the rows are to be stacked.
pub(super) fn widths<T: AsRef<str>>(
    columns: &[Column],
    rows: &[Vec<T>],
    width: usize,
    with_heading: bool,
    narrow: Narrow,
) -> Option<Vec<usize>> {
    let mut widths = natural(columns, rows, with_heading);
    let too_wide = |widths: &[usize]| total(widths.iter().copied()) > width;
    let comfort = |column: &Column, natural: usize| {
        let gives = column.giving == Giving::Prose && column.rank.is_none();
        if gives { natural.min(COMFORT) } else { natural }
    };
    give(columns, &mut widths, width, Giving::Prose, comfort);
    let mut ranked: Vec<usize> = (0..columns.len()).filter(|&index| columns[index].rank.is_some()).collect();
    ranked.sort_by_key(|&index| columns[index].rank);
    for &index in ranked.iter().filter(|&&index| columns[index].goes_uncut()) {
        if !too_wide(&widths) {
            return Some(widths);
        }
        // A path or a sentence may give letters before it goes.
        let least = match columns[index].giving {
            Giving::Beginning | Giving::Prose => columns[index].least(widths[index]),
            Giving::Whole | Giving::Middle(_) => widths[index],
        };
        let over = total(widths.iter().copied()) - width;
        let is_enough = widths[index] >= least + over;
        widths[index] = if is_enough { widths[index] - over } else { 0 };
    }
    // Prose first, then names, the widest of them first.
    for giving in [Giving::Prose, Giving::Beginning, Giving::Middle(0)] {
        let least = |column: &Column, natural: usize| match column.giving {
            Giving::Middle(_) if narrow == Narrow::Stack => natural.min(NAMES),
            _ => column.least(natural),
        };
        give(columns, &mut widths, width, giving, least);
    }
    for index in ranked {
        if too_wide(&widths) {
            widths[index] = 0;
        }
    }
    if narrow == Narrow::Stack && too_wide(&widths) {
        return None;
    }
    // A line that breaks is worse than a cell that is cut.
    while too_wide(&widths) {
        let Some(widest) =
            (0..columns.len()).filter(|&index| widths[index] > 1).max_by_key(|&index| widths[index])
        else {
            break;
        };
        widths[widest] -= 1;
    }
    Some(widths)
}

/// Takes letters from the columns that give way like `giving`, from the widest first, each down to its least.
fn give(
    columns: &[Column],
    widths: &mut [usize],
    width: usize,
    giving: Giving,
    least: impl Fn(&Column, usize) -> usize,
) {
    let is_of_kind =
        |column: &Column| std::mem::discriminant(&column.giving) == std::mem::discriminant(&giving);
    let leasts: Vec<usize> =
        columns.iter().zip(widths.iter()).map(|(column, &width)| least(column, width)).collect();
    while total(widths.iter().copied()) > width {
        let widest = (0..columns.len())
            .filter(|&index| is_of_kind(&columns[index]) && widths[index] > leasts[index])
            .max_by_key(|&index| widths[index]);
        let Some(widest) = widest else { return };
        widths[widest] -= 1;
    }
}

/// The letters of each column's widest cell; 0 for a column that is empty in every row: a table shows what there is.
fn natural<T: AsRef<str>>(columns: &[Column], rows: &[Vec<T>], with_heading: bool) -> Vec<usize> {
    let widest = |index: usize| {
        rows.iter()
            .filter_map(|row| row.get(index))
            .map(|cell| measure_text_width(cell.as_ref()))
            .max()
            .unwrap_or(0)
    };
    let heading = |column: &Column| if with_heading { measure_text_width(column.heading) } else { 0 };
    columns
        .iter()
        .enumerate()
        .map(|(index, column)| match widest(index) {
            0 => 0,
            cells => cells.max(heading(column)),
        })
        .collect()
}

fn total(widths: impl IntoIterator<Item = usize>) -> usize {
    widths.into_iter().filter(|&width| width > 0).map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
}

/// Returns the lines of one row: one, or more where prose goes on and where a name is too long for its column.
pub(super) fn lines<T: AsRef<str>>(
    columns: &[Column],
    cells: &[T],
    widths: &[usize],
    narrow: Narrow,
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut beside: Vec<(usize, Vec<String>)> = Vec::new();
    let mut begin = 0;
    for ((column, cell), &width) in columns.iter().zip(cells).zip(widths).filter(|(_, width)| **width > 0) {
        let cell = cell.as_ref();
        let stands_alone = narrow == Narrow::Stack
            && matches!(column.giving, Giving::Middle(_) | Giving::Whole)
            && measure_text_width(cell) > width;
        if stands_alone {
            lines.append(&mut side_by_side(&beside));
            beside.clear();
            let room = widths.iter().sum::<usize>() + GAP * widths.len();
            let indent = if begin + measure_text_width(cell) > room { begin.min(GAP) } else { begin };
            lines.push(format!("{:indent$}{cell}", ""));
        } else {
            beside.push((begin, fitted(*column, cell, width)));
        }
        begin += width + GAP;
    }
    lines.append(&mut side_by_side(&beside));
    if lines.is_empty() { vec![String::new()] } else { lines }
}

/// Puts cells, each a few lines from a column on, beside each other; nothing where all are empty.
fn side_by_side(cells: &[(usize, Vec<String>)]) -> Vec<String> {
    let height = cells.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
    let mut shown: Vec<String> = (0..height)
        .map(|line| {
            let mut text = String::new();
            for (begin, cell) in cells {
                let Some(part) = cell.get(line).filter(|part| !part.is_empty()) else { continue };
                let gap = begin.saturating_sub(measure_text_width(&text));
                text.push_str(&" ".repeat(gap));
                text.push_str(part);
            }
            text.truncate(text.trim_end().len());
            text
        })
        .collect();
    if shown.iter().all(String::is_empty) {
        shown.clear();
    }
    shown
}

fn fitted(column: Column, cell: &str, width: usize) -> Vec<String> {
    if measure_text_width(cell) <= width {
        return vec![cell.to_owned()];
    }
    match column.giving {
        Giving::Whole => vec![truncate_str(cell, width, "…").into_owned()],
        Giving::Middle(_) => vec![without_its_middle(cell, width)],
        Giving::Beginning => vec![format!("…{}", ending(cell, width - 1))],
        Giving::Prose => flow::wrapped(cell, width),
    }
}

fn without_its_middle(cell: &str, width: usize) -> String {
    let end = (width - 1) / 2;
    let begin = width - 1 - end;
    format!("{}…{}", truncate_str(cell, begin, ""), ending(cell, end))
}

/// Returns the end of `cell` that takes at most `width` columns.
fn ending(cell: &str, width: usize) -> String {
    let mut taken = 0;
    let mut from = cell.len();
    for (at, letter) in cell.char_indices().rev() {
        taken += measure_text_width(letter.encode_utf8(&mut [0; 4]));
        if taken > width {
            break;
        }
        from = at;
    }
    cell[from..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_as(columns: &[Column], cells: &[&str], width: usize, narrow: Narrow) -> Option<Vec<String>> {
        let widths = widths(columns, &[cells.to_vec()], width, true, narrow)?;
        Some(lines(columns, cells, &widths, narrow))
    }

    fn shown(columns: &[Column], cells: &[&str], width: usize) -> Vec<String> {
        shown_as(columns, cells, width, Narrow::Cut).unwrap()
    }

    #[test]
    fn a_long_path_is_cut_at_its_beginning_and_left_out_where_there_is_no_room() {
        let columns =
            [Column::new("NAME"), Column::new("BRANCH"), Column::new("PATH").cut_at_the_beginning().goes(0)];
        let at = |width| shown(&columns, &["a", "b", "/home/me/work/shop"], width);
        assert_eq!(at(80), ["a     b       /home/me/work/shop"]);
        assert_eq!(at(28), ["a     b       …/me/work/shop"]);
        assert_eq!(at(20), ["a     b"]);
    }

    #[test]
    fn a_long_name_loses_its_middle_only_once_the_expendable_columns_are_gone() {
        let columns = [Column::new("BRANCH").cut_in_the_middle(9), Column::new("AGE").goes(0)];
        let at = |width| shown(&columns, &["feature/a-long-branch", "3d"], width);
        assert_eq!(at(26), ["feature/a-long-branch  3d"]);
        assert_eq!(at(22), ["feature/a-long-branch"]);
        assert_eq!(at(11), ["featu…ranch"]);
    }

    #[test]
    fn prose_goes_on_between_words_under_its_own_column() {
        let columns = [Column::new("PORT"), Column::new("WHO").prose()];
        assert_eq!(
            shown(&columns, &["5000", "held by a stranger of another user"], 24),
            ["5000  held by a stranger", "      of another user"]
        );
    }

    #[test]
    fn what_is_whole_is_cut_last_and_marked() {
        let columns = [Column::new("NAME").cut_in_the_middle(3), Column::new("PORTS")];
        assert_eq!(shown(&columns, &["feature-login", "web:5000"], 13), ["f…n  web:5000"]);
        assert_eq!(shown(&columns, &["feature-login", "web:5000"], 10), ["f…n  web:…"]);
    }

    #[test]
    fn in_a_table_a_long_name_has_a_line_of_its_own_and_rows_without_room_are_stacked() {
        let columns = [
            Column::new("NAME").cut_in_the_middle(3),
            Column::new("PORTS"),
            Column::new("PATH").cut_at_the_beginning().goes(0),
        ];
        let long = "feature-with-a-name-as-long-as-its-title";
        let at = |name, width| shown_as(&columns, &[name, "web:5000", "/home"], width, Narrow::Stack);
        assert_eq!(at(long, 55).unwrap(), [format!("{long}  web:5000")], "the path goes first");
        assert_eq!(at(long, 36).unwrap(), [long.to_owned(), format!("{:28}web:5000", "")]);
        assert_eq!(at(long, 30), None);
        assert_eq!(at("feature-login", 30).unwrap(), ["feature-login  web:5000  /home"]);
    }

    #[test]
    fn prose_gives_letters_before_a_column_goes_for_it() {
        let columns = [Column::new("EVENT"), Column::new("WHAT").prose(), Column::new("BY").goes(0)];
        let what = "a sentence that says at length what came about and why it did";
        let at = |width| shown_as(&columns, &["created", what, "me"], width, Narrow::Stack).unwrap();
        assert!(at(48)[0].starts_with("created  a sentence that says at length"), "{:?}", at(48));
        assert!(at(48)[0].ends_with("  me") && !at(40)[0].contains("me"), "{:?} {:?}", at(48), at(40));
    }
}
