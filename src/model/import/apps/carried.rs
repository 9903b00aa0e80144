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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_app_does_not_run_without_is_carried() {
        let (env, rails) = ("an env file that git ignores", "Rails reads its credentials with it");
        let database = "a database that is a file: each worktree gets a copy";
        for (path, expected) in [
            (".env", Some(env)),
            ("server/.env", Some(env)),
            (".env.local", Some(env)),
            (".env.example", None),
            (".env.local.example", None),
            (".env.dist", None),
            (".envrc", None),
            ("x.env", None),
            ("config/master.key", Some(rails)),
            ("api/config/master.key", Some(rails)),
            ("config/credentials/dev.key", Some(rails)),
            ("config/credentials/dev.yml", None),
            ("other/dev.key", None),
            ("db/dev.sqlite3", Some(database)),
            ("dev.sqlite", Some(database)),
            ("prisma/dev.db", Some(database)),
            ("prisma/prod.db", None),
            ("sqlite3", None),
            ("node_modules/x.js", None),
        ] {
            assert_eq!(reason(path), expected, "{path}");
        }
    }

    #[test]
    fn a_path_is_written_so_that_it_names_itself_alone() {
        for (path, expected) in [
            (".env", "/.env"),
            ("a/.env", "a/.env"),
            ("a/[x]*?.env", "a/\\[x]\\*\\?.env"),
            ("a\\b", "/a\\\\b"),
            ("a/b ", "a/b\\ "),
            ("#a/b", "\\#a/b"),
            ("!a/b", "\\!a/b"),
            ("#a", "/#a"),
        ] {
            assert_eq!(pattern(path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_carried_already_is_not_said_again() {
        let tree = Tree { ignored: [".env", "a/.env", "x"].map(str::to_owned).to_vec(), ..Tree::default() };
        let patterns = |wish: &[&[u8]]| {
            carried(&tree, &CarryLists::new(wish)).into_iter().map(|one| one.pattern).collect::<Vec<_>>()
        };
        assert_eq!(patterns(&[]), ["/.env", "a/.env"]);
        assert_eq!(patterns(&[b"/.env\n"]), ["a/.env"]);
    }
}
