//! Ignored files that an app does not run without: env files, keys, and databases that are files.

use std::path::Path;

use super::tree::Tree;
use crate::model::carry::wish::CarryLists;
use crate::model::import::proposal::ProposedCarry;

/// Endings of env files that are examples.
const EXAMPLES: [&str; 6] = ["example", "sample", "template", "dist", "defaults", "schema"];

/// Returns what is to be carried, but for what `.worktreeinclude` (`wish`) names already.
#[must_use]
pub fn carried(tree: &Tree, wish: &CarryLists) -> Vec<ProposedCarry> {
    let mut spent = 0;
    let mut found = Vec::new();
    for path in &tree.ignored {
        let Some(reason) = reason(path) else { continue };
        if wish.topmost(path.as_bytes(), false, &mut spent).is_ok_and(|named| named.is_some()) {
            continue;
        }
        found.push(ProposedCarry { pattern: pattern(path), from: reason.to_owned() });
    }
    found
}

fn reason(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next()?;
    let ends_in = |ending: &str| Path::new(name).extension().is_some_and(|found| found == ending);
    if name == ".env"
        || name.strip_prefix(".env.").is_some_and(|end| !EXAMPLES.iter().any(|word| end.ends_with(word)))
    {
        return Some("an env file that git ignores");
    }
    if path.ends_with("config/master.key") || (path.contains("config/credentials/") && ends_in("key")) {
        return Some("Rails reads its credentials with it");
    }
    let is_database = ends_in("sqlite3") || ends_in("sqlite") || name == "dev.db";
    is_database.then_some("a database that is a file: each worktree gets a copy")
}

/// The path as a line of a `.gitignore` that names it alone.
fn pattern(path: &str) -> String {
    let mut text = if path.contains('/') { String::new() } else { "/".to_owned() };
    for letter in path.chars() {
        if "*?[\\".contains(letter) {
            text.push('\\');
        }
        text.push(letter);
    }
    if text.ends_with(' ') {
        text.pop();
        text.push_str("\\ ");
    }
    if text.starts_with(['#', '!']) { format!("\\{text}") } else { text }
}
