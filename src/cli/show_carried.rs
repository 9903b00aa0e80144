//! Carried files in words.

use crate::model::backlog::size;
use crate::model::carry::left_out::LeftOut;
use crate::ops::carry::{Brought, Carried};
use crate::ui::escape;
use crate::ui::output::Ui;

/// So many are named.
const NAMED: usize = 10;

/// Returns the matches that came along: `.env, node_modules (reflink, 1.2 GiB)`.
#[must_use]
pub fn matches(carried: &Carried) -> String {
    named(&carried.brought, carried.reflinked > 0)
}

/// The same of some matches, whose blocks may be shared with the source.
#[must_use]
pub fn named(brought: &[Brought], is_shared: bool) -> String {
    let way = if is_shared { "reflink" } else { "copied" };
    let named = brought.iter().take(NAMED).map(|brought| {
        let path = escape::line(&brought.path);
        match brought.tree_bytes {
            Some(bytes) => format!("{path} ({way}, {})", size(bytes)),
            None => path.into_owned(),
        }
    });
    let named: Vec<String> = named.collect();
    and_more(named.join(", "), brought.len())
}

fn and_more(text: String, count: usize) -> String {
    match count.saturating_sub(NAMED) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// Warns of what was left out; `of` is the worktree, where several are told of.
pub fn warn(ui: &Ui, of: Option<&str>, left_out: &[LeftOut]) {
    let of = of.map(|name| format!("{}: ", escape::line(name))).unwrap_or_default();
    for left in left_out.iter().take(NAMED) {
        ui.warn(&format!("{of}{}", words(left)));
    }
    if let more @ 1.. = left_out.len().saturating_sub(NAMED) {
        ui.warn(&format!("{of}{more} more paths were not carried; `--json` names all"));
    }
}

/// Returns one path that was left out, and why.
#[must_use]
pub fn words(left: &LeftOut) -> String {
    let bytes = if left.bytes == 0 { String::new() } else { format!(" ({})", size(left.bytes)) };
    format!("{}{bytes} was not carried: it {}", escape::line(&left.path), left.reason.words())
}
