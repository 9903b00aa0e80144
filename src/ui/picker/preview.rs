//! The preview of a worktree as lines.

use console::strip_ansi_codes;
use jiff::Timestamp;

use crate::model::picker::{PickerPreview, PickerRow};
use crate::model::services::state::ServiceState;
use crate::model::view::ChangesView;
use crate::ui::age::age;
use crate::ui::escape;
use crate::ui::paint::Paint;

/// Returns the lines, without regard to the width of the screen; what others wrote in them is harmless.
pub fn lines(
    choice: &PickerRow,
    preview: Option<&PickerPreview>,
    paint: Paint,
    now: Timestamp,
) -> Vec<String> {
    let mut lines = vec![paint.faint(escape::line(&choice.path.to_string_lossy()))];
    let Some(preview) = preview else {
        lines.push(paint.faint("…"));
        return lines;
    };
    lines.push(format!("{}  {}", paint.strong("changes"), changes(preview.changes)));
    for commit in &preview.commits {
        let when = commit.at.map(|at| age(at, now)).unwrap_or_default();
        lines.push(format!("{}  {when:>4}  {}", paint.hint(&commit.short), escape::line(&commit.subject)));
    }
    for port in &preview.ports {
        let state = port.live.and_then(|live| live.state);
        let word = state.map_or("?", ServiceState::as_str);
        let mark = state.map_or("?", ServiceState::mark);
        let url = port.url.as_deref().map(escape::line).unwrap_or_default();
        lines.push(format!("{}:{} {mark} {word}  {url}", port.service, port.port));
    }
    for log in &preview.logs {
        for line in &log.lines {
            let plain = strip_ansi_codes(line);
            let text = escape::line(plain.trim_end_matches('\r'));
            lines.push(format!("{} {text}", paint.faint(format!("{} |", escape::line(&log.service)))));
        }
    }
    lines
}

fn changes(changes: Option<ChangesView>) -> String {
    match changes {
        None => "unknown".to_owned(),
        Some(changes) if changes.is_clean() => "clean".to_owned(),
        Some(changes) => {
            let counts = [
                ("staged", changes.staged),
                ("modified", changes.modified),
                ("untracked", changes.untracked),
            ];
            let counts = counts.into_iter().filter(|(_, count)| *count > 0);
            counts.map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
        }
    }
}
