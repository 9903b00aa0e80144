//! How columns share the width of a terminal: which go, which are cut and where, which go on in further lines.

use console::{measure_text_width, truncate_str};

/// The blanks between two columns.
const GAP: usize = 2;

/// The letters that prose and a path keep at least before they take further lines, or go.
const LEAST: usize = 12;

/// How a column gives way where the terminal is too narrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Giving {
    /// Not at all, while anything else can.
    Whole,
    /// Its cells lose letters in the middle, down to that many.
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

    /// Its cells may lose letters in the middle, down to `least`: beginning and end of a name tell most.
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
/// the terminal is too narrow.
pub(super) fn widths<T: AsRef<str>>(
    columns: &[Column],
    rows: &[Vec<T>],
    width: usize,
    with_heading: bool,
) -> Vec<usize> {
    let mut widths = natural(columns, rows, with_heading);
    let too_wide = |widths: &[usize]| total(widths.iter().copied()) > width;
    let mut ranked: Vec<usize> = (0..columns.len()).filter(|&index| columns[index].rank.is_some()).collect();
    ranked.sort_by_key(|&index| columns[index].rank);
    for &index in ranked.iter().filter(|&&index| columns[index].goes_uncut()) {
        if !too_wide(&widths) {
            return widths;
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
        let is_of_kind =
            |column: &Column| std::mem::discriminant(&column.giving) == std::mem::discriminant(&giving);
        let leasts: Vec<usize> =
            columns.iter().zip(&widths).map(|(column, &width)| column.least(width)).collect();
        while too_wide(&widths) {
            let widest = (0..columns.len())
                .filter(|&index| is_of_kind(&columns[index]) && widths[index] > leasts[index])
                .max_by_key(|&index| widths[index]);
            let Some(widest) = widest else { break };
            widths[widest] -= 1;
        }
    }
    for index in ranked {
        if too_wide(&widths) {
            widths[index] = 0;
        }
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
    widths
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

/// Returns the lines of one row: one, or more where prose goes on.
pub(super) fn lines<T: AsRef<str>>(columns: &[Column], cells: &[T], widths: &[usize]) -> Vec<String> {
    let shown: Vec<(usize, Vec<String>)> = columns
        .iter()
        .zip(cells)
        .zip(widths)
        .filter(|(_, width)| **width > 0)
        .map(|((column, cell), &width)| (width, fitted(*column, cell.as_ref(), width)))
        .collect();
    let height = shown.iter().map(|(_, lines)| lines.len()).max().unwrap_or(1);
    (0..height)
        .map(|line| {
            let mut text = String::new();
            for (width, cell) in &shown {
                let part = cell.get(line).map(String::as_str).unwrap_or_default();
                text.push_str(part);
                text.push_str(&" ".repeat(width + GAP - measure_text_width(part).min(*width)));
            }
            text.truncate(text.trim_end().len());
            text
        })
        .collect()
}

fn fitted(column: Column, cell: &str, width: usize) -> Vec<String> {
    if measure_text_width(cell) <= width {
        return vec![cell.to_owned()];
    }
    match column.giving {
        Giving::Whole => vec![truncate_str(cell, width, "…").into_owned()],
        Giving::Middle(_) => vec![without_its_middle(cell, width)],
        Giving::Beginning => vec![format!("…{}", ending(cell, width - 1))],
        Giving::Prose => wrapped(cell, width),
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

/// Returns the words in lines of at most `width` columns; only a word that is wider than that is broken.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if !line.is_empty() && measure_text_width(&line) + measure_text_width(word.trim_end()) > width {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        line.push_str(word);
        while measure_text_width(line.trim_end()) > width {
            let piece = truncate_str(&line, width, "").into_owned();
            // A letter that is wider than the line stands alone.
            let length = piece.len().max(line.chars().next().map_or(0, char::len_utf8));
            lines.push(line[..length].to_owned());
            line.drain(..length);
        }
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(columns: &[Column], cells: &[&str], width: usize) -> Vec<String> {
        let widths = widths(columns, &[cells.to_vec()], width, true);
        lines(columns, cells, &widths)
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
    fn only_a_word_wider_than_the_line_is_broken() {
        assert_eq!(wrapped("an averyverylongword b", 8), ["an", "averyver", "ylongwor", "d b"]);
        assert_eq!(wrapped("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(wrapped("漢", 1), ["漢"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn what_is_whole_is_cut_last_and_marked() {
        let columns = [Column::new("NAME").cut_in_the_middle(3), Column::new("PORTS")];
        assert_eq!(shown(&columns, &["feature-login", "web:5000"], 13), ["f…n  web:5000"]);
        assert_eq!(shown(&columns, &["feature-login", "web:5000"], 10), ["f…n  web:…"]);
    }
}
