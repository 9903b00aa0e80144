//! One picture of the picker, cut to the size of the screen: what is typed, the rows, the keys, the preview.

use console::{measure_text_width, truncate_str};
use jiff::Timestamp;

use super::preview;
use crate::model::picker::{Picker, PickerLine, PickerPreview};
use crate::ui::escape;
use crate::ui::paint::Paint;
use crate::ui::table::{self, Column, TableRow};

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    pub picker: &'a Picker,
    pub columns: &'a [Column],
    /// A row for each of the picker's choices, in their order.
    pub rows: &'a [TableRow],
    /// Of the one that is meant.
    pub preview: Option<&'a PickerPreview>,
    pub paint: Paint,
    pub now: Timestamp,
}

/// What stands before the row that is meant, and before the others.
const POINTERS: [&str; 2] = ["> ", "  "];

/// The rest of a line is cleared with it.
const END: &str = "\u{1b}[K";

/// Returns the picture as a terminal takes it: drawn without a flicker where the terminal knows how (synchronized output,
/// DECSET 2026), the cursor behind what is typed.
#[must_use]
pub fn frame(picture: &Picture<'_>, (height, width): (usize, usize)) -> String {
    let (lines, cursor) = lines(picture, height, width);
    let shown: Vec<String> =
        lines.iter().map(|line| format!("{}{END}", truncate_str(line, width, "…"))).collect();
    format!(
        "\u{1b}[?2026h\u{1b}[?25l\u{1b}[H{}\u{1b}[J\u{1b}[1;{cursor}H\u{1b}[?25h\u{1b}[?2026l",
        shown.join("\r\n")
    )
}

/// Returns the rows of the list on a screen of that height, of which `fitting` fit.
#[must_use]
pub fn list_height(height: usize, fitting: usize) -> usize {
    let room = height.saturating_sub(2).max(1);
    // Where there is room, more than half of the screen is left to the preview.
    if room < 8 { room } else { fitting.clamp(3, (room / 2).max(3)) }
}

fn lines(picture: &Picture<'_>, height: usize, width: usize) -> (Vec<String>, usize) {
    let picker = picture.picker;
    let fitting = picker.fitting();
    let (prompt, cursor) = prompt(picture, width);
    let mut lines = vec![prompt];
    let rows: Vec<TableRow> = fitting.iter().filter_map(|at| picture.rows.get(*at)).cloned().collect();
    let texts = table::fitted(picture.columns, &rows, width.saturating_sub(POINTERS[0].len() + 1).max(8));
    let room = list_height(height, fitting.len());
    let first = (picker.selected() + 1).saturating_sub(room);
    for at in first..first + room {
        let Some(text) = texts.get(at) else {
            lines.push(if texts.is_empty() && at == first {
                "  nothing fits".to_owned()
            } else {
                String::new()
            });
            continue;
        };
        let is_meant = at == picker.selected();
        let line = format!("{}{text}", POINTERS[usize::from(!is_meant)]);
        lines.push(if is_meant { picture.paint.strong(line) } else { line });
    }
    lines.push(talk(picture));
    if let Some(choice) = picker.chosen() {
        lines.extend(preview::lines(choice, picture.preview, picture.paint, picture.now));
    }
    lines.truncate(height);
    (lines, cursor)
}

/// What was typed, its end where it is long, with how many rows fit; and the column of the cursor behind it.
fn prompt(picture: &Picture<'_>, width: usize) -> (String, usize) {
    let picker = picture.picker;
    let count = format!("  {}/{}", picker.fitting().len(), picker.count());
    let room = width.saturating_sub(count.len() + POINTERS[0].len() + 1).max(1);
    let mut typed = escape::line(picker.typed()).into_owned();
    while measure_text_width(&typed) > room {
        typed.remove(0);
    }
    let line = format!("{}{typed}{}", picture.paint.hint(POINTERS[0]), picture.paint.faint(count));
    (line, POINTERS[0].len() + measure_text_width(&typed) + 1)
}

fn talk(picture: &Picture<'_>) -> String {
    let picker = picture.picker;
    match &picker.talk {
        PickerLine::Keys => picture.paint.faint("enter go  ^n new  ^o open  ^x remove  esc leave"),
        PickerLine::MayRemove(_) => {
            let name = picker.chosen().map(|choice| choice.name.as_str()).unwrap_or_default();
            picture.paint.warning(format!("remove {}? y/N", escape::line(name)))
        }
        PickerLine::Told(text) => picture.paint.hint(escape::line(text)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::model::picker::{Commit, Log, PickerRow, PressedKey};

    fn picker(names: &[&str]) -> Picker {
        let choice = |name: &&str| PickerRow {
            name: (*name).to_owned(),
            path: PathBuf::from("/w").join(name),
            text: (*name).to_owned(),
            url: None,
            is_current: false,
            is_missing: false,
        };
        Picker::new(names.iter().map(choice).collect())
    }

    fn shown(
        picker: &Picker,
        preview: Option<&PickerPreview>,
        names: &[&str],
        size: (usize, usize),
    ) -> Vec<String> {
        let rows: Vec<TableRow> =
            names.iter().map(|name| TableRow::plain(vec![(*name).to_owned(), "branch".to_owned()])).collect();
        let columns = [Column::new("NAME").cut_in_the_middle(12), Column::new("BRANCH").goes(0)];
        let now = Timestamp::UNIX_EPOCH;
        let picture =
            Picture { picker, columns: &columns, rows: &rows, preview, paint: Paint::default(), now };
        let text = frame(&picture, size);
        // As the terminal gets it: between the signs that begin and end a whole picture.
        let inside =
            text.strip_prefix("\u{1b}[?2026h\u{1b}[?25l\u{1b}[H").unwrap_or_else(|| panic!("{text:?}"));
        let (inside, cursor) = inside.split_once("\u{1b}[J").unwrap();
        assert!(cursor.ends_with("\u{1b}[?25h\u{1b}[?2026l"), "{text:?}");
        inside.split("\r\n").map(|line| line.strip_suffix(END).unwrap().to_owned()).collect()
    }

    #[test]
    fn no_line_is_wider_and_no_picture_higher_than_the_screen() {
        let long = "x".repeat(200);
        let names = ["proj", "漢字漢字漢字漢字漢字漢字", "שלום-עולם", "a\u{1b}[2Jb\u{202e}c", &long];
        let preview = PickerPreview {
            commits: vec![Commit { short: "abc1234".into(), at: None, subject: long.clone() }],
            logs: vec![Log { service: "web".into(), lines: vec![long.clone(); 30] }],
            ..PickerPreview::default()
        };
        for size in [(24, 80), (24, 40), (3, 10), (1, 1), (60, 200)] {
            let mut picker = picker(&names);
            for at in 0..names.len() {
                let lines = shown(&picker, Some(&preview), &names, size);
                assert!(lines.len() <= size.0, "{size:?}: {lines:?}");
                assert!(
                    size.0 < 3 || lines.iter().skip(1).any(|line| line.starts_with("> ")),
                    "{at}: {lines:?}"
                );
                assert!(lines.iter().all(|line| !line.contains(['\u{1b}', '\u{202e}'])), "{lines:?}");
                assert!(lines.iter().all(|line| measure_text_width(line) <= size.1), "{size:?}: {lines:?}");
                picker.press(PressedKey::Down);
            }
        }
    }

    #[test]
    fn the_log_of_a_service_is_shown_without_what_a_terminal_would_obey() {
        let line = "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}x\u{1b}[2J\r".to_owned();
        let logs = vec![Log { service: "web".into(), lines: vec![line] }];
        let lines = shown(
            &picker(&["a"]),
            Some(&PickerPreview { logs, ..PickerPreview::default() }),
            &["a"],
            (24, 80),
        );
        let log = lines.last().unwrap();
        assert!(log.starts_with("web | red") && !log.contains('\u{1b}') && !log.contains('\u{7}'), "{log:?}");
    }

    #[test]
    fn the_row_that_is_meant_is_always_on_the_screen_and_without_colour_too() {
        let names: Vec<String> = (0..100).map(|at| format!("w{at}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut picker = picker(&names);
        picker.press(PressedKey::Last);
        assert!(shown(&picker, None, &names, (24, 80)).contains(&"> w99  branch".to_owned()));
        "zzz".chars().for_each(|letter| drop(picker.press(PressedKey::Letter(letter))));
        assert!(shown(&picker, None, &names, (24, 80)).contains(&"  nothing fits".to_owned()));
    }
}
