//! A worktree in words: the few lines after it was made, and the row in a table.

use std::fmt::Write;

use jiff::Timestamp;

use super::show_carried;
use crate::model::backlog::size;
use crate::model::branch::Returning;
use crate::model::branch_base::BaseView;
use crate::model::purpose::Purpose;
use crate::model::services::state::ServiceState;
use crate::model::start::BranchStart;
use crate::model::view::{PortView, StatusView, WorktreeView};
use crate::ops::create::Report;
use crate::ui::age::{self, age};
use crate::ui::escape;
use crate::ui::paint::Paint;
use crate::ui::table::{Column, RowLook, TableRow};

/// Returns the lines about one worktree: what was done to it, where it is, its ports.
#[must_use]
pub fn lines(paint: Paint, done: &str, worktree: &WorktreeView) -> String {
    let on = worktree.branch.as_ref().map(|branch| format!("on branch {}", escape::line(branch)));
    lines_on(paint, done, on.as_deref().unwrap_or("without a branch"), worktree)
}

/// Returns the lines about a worktree that was created: its first one says where the branch comes from.
#[must_use]
pub fn created(paint: Paint, report: &Report, now: Timestamp) -> String {
    let mut text = lines_on(paint, "Created", &beginning(report, now), &report.worktree);
    if let Some(carried) = report.carried.as_ref().filter(|carried| !carried.brought.is_empty()) {
        let _ = writeln!(text, "  {}  {}", paint.faint("carry"), show_carried::matches(carried));
    }
    text
}

/// Where our own checkout had the files from, as a clause.
#[must_use]
pub fn sources(report: &Report) -> String {
    let Some(written) = &report.checkout else { return String::new() };
    let read = written.files - written.copied;
    let converted = match written.converted {
        0 => String::new(),
        count => format!(", {count} of these converted"),
    };
    match &written.sibling {
        Some(sibling) => {
            let sibling = escape::line(sibling);
            format!(": {} copied from {sibling}, {read} from the object database{converted}", written.copied)
        }
        None => format!(": {read} from the object database{converted}"),
    }
}

fn beginning(report: &Report, now: Timestamp) -> String {
    let branch = escape::line(report.worktree.branch.as_deref().unwrap_or_default()).into_owned();
    let at = |from: &Option<String>, commit: &str| {
        let short: String = commit.chars().take(7).collect();
        match from {
            Some(from) => format!("from {} {short}", escape::line(from)),
            None => format!("from {short}"),
        }
    };
    match &report.start {
        BranchStart::New { from, commit } => format!("on branch {branch}, new branch {}", at(from, commit)),
        BranchStart::Tracking { upstream } => {
            format!("on branch {branch}, tracking {}", escape::line(upstream))
        }
        BranchStart::Detached { from, commit } => format!("without a branch, {}", at(from, commit)),
        BranchStart::Existing { committed_at, behind, of } => {
            let old = committed_at.map(|then| format!("{} old", age::in_words(then, now)));
            let behind = match (behind, of) {
                (Some(behind @ 1..), Some(of)) => Some(format!("{behind} behind {}", escape::line(of))),
                _ => None,
            };
            let facts: Vec<String> = old.into_iter().chain(behind).collect();
            let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
            format!("on your branch {branch}{facts}")
        }
    }
}

fn lines_on(paint: Paint, done: &str, on: &str, worktree: &WorktreeView) -> String {
    let name = escape::line(&worktree.name);
    let mut text = format!("{} {} {on}\n", paint.done(done), paint.strong(name));
    let path = worktree.path.to_string_lossy();
    let _ = writeln!(text, "  {}  {}", paint.faint("path "), escape::line(&path));
    for (index, port) in worktree.ports.iter().enumerate() {
        let label = if index == 0 { paint.faint("ports") } else { "     ".to_owned() };
        let url = port.url.as_deref().map(|url| format!("  {}", escape::line(url))).unwrap_or_default();
        let _ = writeln!(text, "  {label}  {} {}{url}", port.service, port.port);
    }
    text
}

/// The place of the ports in a row.
pub const PORTS: usize = 3;

/// Returns the columns of [`row`], in its order. Where a terminal is too narrow the path goes first, then what was not
/// asked for; names lose their middle.
#[must_use]
pub fn columns(with_repository: bool, with_status: bool, with_size: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::new("NAME").cut_in_the_middle(12),
        Column::new("BRANCH").cut_in_the_middle(12).goes(3),
        Column::new("PURPOSE").goes(1),
        Column::new("PORTS"),
        Column::new("AGE").goes(2),
        Column::new("STATE"),
    ];
    if with_status {
        columns.push(Column::new("CHANGES"));
    }
    if with_size {
        columns.extend([Column::new("SIZE"), Column::new("CACHES")]);
    }
    if with_repository {
        columns.push(Column::new("REPOSITORY").cut_at_the_beginning());
    }
    columns.push(Column::new("PATH").cut_at_the_beginning().goes(0));
    columns
}

/// Returns the row about one worktree.
#[must_use]
pub fn row(worktree: &WorktreeView, now: Timestamp, with_repository: bool, with_status: bool) -> TableRow {
    let or_empty = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let ports: Vec<String> = worktree.ports.iter().map(port).collect();
    let mut cells = vec![
        worktree.name.clone(),
        branch(worktree),
        or_empty(worktree.purpose.as_ref().map(Purpose::as_str)),
        ports.join(" "),
        worktree.created_at.map(|created| age(created, now)).unwrap_or_default(),
        state(worktree),
    ];
    if with_status {
        let since = worktree.base.iter().flatten().filter_map(since);
        let shown = worktree.status.as_ref().map(status);
        cells.push(shown.into_iter().chain(since).collect::<Vec<_>>().join(" "));
    }
    if let Some(taken) = &worktree.size {
        cells.extend([taken.bytes, taken.cache_bytes].map(|bytes| bytes.map(size).unwrap_or_default()));
    }
    if with_repository {
        cells.push(worktree.repository.to_string_lossy().into_owned());
    }
    cells.push(worktree.path.to_string_lossy().into_owned());
    let look = match worktree {
        _ if worktree.current => RowLook::Strong,
        _ if worktree.missing => RowLook::Faint,
        _ => RowLook::Plain,
    };
    TableRow { cells, look }
}

/// Returns an allocation in a word: `web:5000`.
#[must_use]
pub fn port(port: &PortView) -> String {
    format!("{}:{}", port.service, port.port)
}

/// Returns the sign of how the service stands, with the age of what could not be seen now: `●`, `✗(2h)`.
fn standing(port: &PortView, now: Timestamp) -> String {
    let Some(live) = port.live else { return String::new() };
    let mark = live.state.map_or("?", ServiceState::mark);
    match live.checked_at.filter(|_| live.is_recorded) {
        Some(then) => format!("{mark}({})", age(then, now)),
        None => mark.to_owned(),
    }
}

/// Returns the ports, each with the sign of how its service stands.
#[must_use]
pub fn ports_with_marks(worktree: &WorktreeView, now: Timestamp) -> String {
    let marked = worktree.ports.iter().map(|known| format!("{}{}", port(known), standing(known, now)));
    marked.collect::<Vec<_>>().join(" ")
}

/// Returns the ports' numbers alone, neighbours that stand alike together: `5000-5001`.
#[must_use]
pub fn compact_ports(worktree: &WorktreeView, now: Timestamp) -> String {
    let mut known: Vec<_> = worktree.ports.iter().map(|known| (known.port.number(), known)).collect();
    known.sort_by_key(|(number, _)| *number);
    let mut runs: Vec<(u16, u16, String)> = Vec::new();
    for (number, known) in known {
        let mark = standing(known, now);
        match runs.last_mut() {
            Some((_, last, shared)) if number == *last + 1 && mark == *shared => *last = number,
            _ => runs.push((number, number, mark)),
        }
    }
    let shown = runs.into_iter().map(|(first, last, mark)| {
        if first == last { format!("{first}{mark}") } else { format!("{first}-{last}{mark}") }
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Returns the sign that draws the eye: `*` we stand in it, `!` its folder is gone, `#` locked, `?` unregistered.
#[must_use]
pub fn mark(worktree: &WorktreeView) -> &'static str {
    match worktree {
        _ if worktree.current => "*",
        _ if worktree.missing => "!",
        _ if worktree.locked => "#",
        _ if !worktree.registered && !worktree.main => "?",
        _ => "",
    }
}

/// The branch, or the beginning of the commit that is checked out without one.
fn branch(worktree: &WorktreeView) -> String {
    if let Some(Returning { doing, branch }) = &worktree.returning {
        return format!("{doing} {branch}");
    }
    match (&worktree.branch, &worktree.head) {
        (Some(branch), _) => branch.clone(),
        (None, Some(head)) => format!("({})", head.chars().take(8).collect::<String>()),
        (None, None) => String::new(),
    }
}

fn state(worktree: &WorktreeView) -> String {
    let unusual = worktree.state.filter(|state| *state != "active");
    let agent = worktree.agent.as_ref().map(|agent| format!("{} {}", agent.program, agent.state.as_str()));
    let words = [
        worktree.current.then_some("current"),
        worktree.main.then_some("main"),
        unusual,
        worktree.locked.then_some("locked"),
        worktree.damaged.then_some("damaged"),
        worktree.foreign.filter(|foreign| *foreign).map(|_| "foreign"),
        worktree.carrying.then_some("carrying"),
        worktree.setup.as_ref().and_then(|setup| setup.state.mark()),
        agent.as_deref(),
        worktree.missing.then_some("missing"),
        (!worktree.registered && !worktree.main).then_some("unregistered"),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(",")
}

/// `clean`, or the counts: `+` staged, `~` modified, `?` untracked; then commits ahead and behind.
fn status(status: &StatusView) -> String {
    let mut words = Vec::new();
    match status.changes {
        Some(changes) if changes.is_clean() => words.push("clean".to_owned()),
        Some(changes) => {
            let counts = [('+', changes.staged), ('~', changes.modified), ('?', changes.untracked)];
            let counts = counts.into_iter().filter(|(_, count)| *count > 0);
            words.extend(counts.map(|(sign, count)| format!("{sign}{count}")));
        }
        None => words.push("unknown".to_owned()),
    }
    let commits = [("ahead", status.ahead), ("behind", status.behind)];
    let commits =
        commits.into_iter().filter_map(|(word, count)| Some((word, count.filter(|&count| count > 0)?)));
    words.extend(commits.map(|(word, count)| format!("{word} {count}")));
    words.join(" ")
}

/// `base main ahead 3 behind 1`, where there is something to say.
fn since(base: &BaseView) -> Option<String> {
    let counts = [("ahead", base.ahead), ("behind", base.behind)];
    let counts =
        counts.into_iter().filter_map(|(word, count)| Some((word, count.filter(|&count| count > 0)?)));
    let words: Vec<String> = counts.map(|(word, count)| format!("{word} {count}")).collect();
    let name = base.name.as_deref().unwrap_or_else(|| base.commit.get(..7).unwrap_or(&base.commit));
    (!words.is_empty()).then(|| format!("base {name} {}", words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::view::ChangesView;

    #[test]
    fn changes_are_counted_by_kind() {
        let changes = ChangesView { staged: 2, modified: 0, untracked: 3 };
        let shown = StatusView { changes: Some(changes), ahead: Some(1), behind: Some(0) };
        assert_eq!(status(&shown), "+2 ?3 ahead 1");
        assert_eq!(status(&StatusView { changes: Some(ChangesView::default()), ..shown }), "clean ahead 1");
    }
}
