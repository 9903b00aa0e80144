//! Holds the house rules that the compiler does not know: which layer may name which, how long a file may be, how it
//! begins, what files and types may be called, and that the documentation names every error code.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod circles;
mod modules;
mod promises;
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may name whom, beside itself and `error`, which all may name.
const ARROWS: [(&str, &[&str]); 11] = [
    ("main", &["door"]),
    ("git_wt", &["door"]),
    ("door", &["cli", "context", "host", "model", "ops"]),
    ("cli", &["ops", "ui", "web", "model", "context"]),
    // The last is there in a build for tests alone.
    ("web", &["ops", "model", "host", "context", "foreign_bytes"]),
    ("ui", &["model"]),
    ("context", &["host", "model", "ops"]),
    ("ops", &["model", "host", "context"]),
    ("host", &["model"]),
    ("model", &[]),
    ("foreign_bytes", &["host", "model"]),
];

/// The files of `cli` that build the host and hand it on; no other may name it.
const BUILDERS: [&str; 3] = ["cli/dispatch.rs", "cli/session.rs", "cli/surroundings.rs"];

const LONGEST: usize = 400;

const BANNED: [&str; 8] = ["util", "utils", "helper", "helpers", "common", "manager", "misc", "lib_common"];

struct File {
    /// Relative to `src`, with `/`.
    name: String,
    text: String,
}

impl File {
    /// Returns the lines that are code: neither comments nor inside the tests at the end.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let before_tests = self.text.lines().take_while(|line| line.trim() != "mod tests {");
        before_tests.enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn sources() -> Vec<File> {
    let files = below("src");
    assert!(files.len() > 50, "the sources were not found");
    files
}

/// Returns the Rust files of one of the repository's folders, named from there.
fn below(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                files.push(File { name, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    files
}

/// Returns the layer of a file: its first folder, or its own name at the top.
fn layer(file: &str) -> &str {
    let first = file.split('/').next().unwrap();
    first.strip_suffix(".rs").unwrap_or(first)
}

fn require_none(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}\n  {}\n", broken.join("\n  "));
}

#[test]
fn arrows_between_layers_only_point_down() {
    let mut broken = BTreeSet::new();
    for module in modules::modules().values() {
        let layer = layer(&module.file);
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == layer) else { continue };
        for route in module.named() {
            let Some(named) = route.first().map(String::as_str) else { continue };
            let is_known = ARROWS.iter().any(|(known, _)| *known == named);
            let is_builder = named == "host" && BUILDERS.contains(&module.file.as_str());
            if is_known && named != layer && !allowed.contains(&named) && !is_builder {
                broken.insert(format!("{}: {layer} names {}", module.file, route.join("::")));
            }
        }
    }
    require_none("A layer may only name what lies below it:", &broken.into_iter().collect::<Vec<_>>());
}

#[test]
fn every_top_level_module_has_its_arrows() {
    let known: BTreeSet<&str> = ARROWS.iter().map(|(layer, _)| *layer).chain(["lib", "error"]).collect();
    let files = sources();
    let broken: Vec<String> = files
        .iter()
        .filter(|file| !known.contains(layer(&file.name)))
        .map(|file| file.name.clone())
        .collect();
    require_none("A new layer needs a line in ARROWS:", &broken);
}

#[test]
fn a_file_is_short() {
    let lengths = ["src", "tests", "benches"].into_iter().flat_map(|folder| {
        below(folder)
            .into_iter()
            .map(move |file| (format!("{folder}/{}", file.name), file.text.lines().count()))
    });
    let broken: Vec<String> = lengths
        .filter(|(_, length)| *length > LONGEST)
        .map(|(name, length)| format!("{name}: {length} lines"))
        .collect();
    require_none("A file has at most 400 lines:", &broken);
}

#[test]
fn a_file_opens_by_saying_what_it_owns() {
    let broken: Vec<String> = sources()
        .iter()
        .map(|file| (file, file.text.lines().take_while(|line| line.starts_with("//!")).count()))
        .filter(|(_, opening)| !(1..=4).contains(opening))
        .map(|(file, opening)| format!("{}: {opening} lines", file.name))
        .collect();
    require_none("A file opens with one to four `//!` lines:", &broken);
}

#[test]
fn names_say_what_a_file_is_about() {
    let broken: Vec<String> = sources()
        .iter()
        .filter(|file| {
            let is_banned = |part: &str| BANNED.contains(&part.strip_suffix(".rs").unwrap_or(part));
            file.name.split('/').any(is_banned)
        })
        .map(|file| file.name.clone())
        .collect();
    require_none("These names say nothing:", &broken);
}

#[test]
fn there_are_no_globals() {
    let mut broken = Vec::new();
    for file in sources() {
        for (number, line) in file.code() {
            let line = line.trim_start();
            let item = match line.strip_prefix("pub") {
                Some(rest) => rest.split_once(' ').map_or(rest, |(_, item)| item),
                None => line,
            };
            // A field that is filled once is no global.
            let is_global = item.starts_with("static ")
                || ["thread_local!", "LazyLock<", "lazy_static!"].iter().any(|global| line.contains(global));
            if is_global {
                broken.push(format!("{}:{}", file.name, number + 1));
            }
        }
    }
    require_none("State belongs into the context:", &broken);
}

#[test]
fn a_mod_file_is_wiring_only() {
    let mut broken = Vec::new();
    for file in sources().iter().filter(|file| file.name.ends_with("mod.rs") || file.name == "lib.rs") {
        let items = syn::parse_file(&file.text).unwrap().items;
        let is_wiring = |item: &syn::Item| match item {
            syn::Item::Mod(module) => module.content.is_none(),
            syn::Item::Use(_) => true,
            _ => false,
        };
        if !items.iter().all(is_wiring) {
            broken.push(file.name.clone());
        }
    }
    require_none("A mod.rs only lists and re-exports:", &broken);
}

/// Bare verbs under which everybody understands something else.
const VAGUE: [&str; 2] = ["look", "settle"];

#[test]
fn functions_are_named_for_what_they_are() {
    let mut broken = Vec::new();
    for file in sources() {
        for (number, line) in file.code() {
            let Some((_, rest)) = line.split_once("fn ") else { continue };
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            if ["get_", "do_", "handle_"].iter().any(|prefix| rest.starts_with(prefix))
                || VAGUE.contains(&name)
            {
                broken.push(format!("{}:{}: {}", file.name, number + 1, line.trim()));
            }
        }
    }
    require_none("No get_*, do_*, handle_*, and no bare verb that could be anything:", &broken);
}

#[test]
fn the_documentation_names_every_error_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = fs::read_to_string(root.join("src/error.rs")).unwrap();
    let commands = fs::read_to_string(root.join("docs/commands.md")).unwrap();
    let codes: Vec<&str> = source
        .lines()
        .filter(|line| line.trim().starts_with("Self::") && line.contains("=> \""))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert!(codes.len() > 25, "the codes were not found");
    let broken: Vec<String> = codes
        .iter()
        .filter(|code| !commands.contains(&format!("`{code}`")))
        .map(ToString::to_string)
        .collect();
    require_none("docs/commands.md says nothing about:", &broken);
}

/// A hook answers a panic, and a thread that panics leaves a doubt for git (docs/decisions/0009): neither without unwinding.
#[test]
fn panics_unwind() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let aborts = |line: &str| line.trim().starts_with("panic") && line.contains("abort");
    assert!(!manifest.lines().any(aborts), "a build profile aborts on panic");
}

/// What is done in one room only: the words that do it, and where they may stand.
const ROOMS: [(&str, &[&str]); 15] = [
    ("/proc/{pid}/fd", &["host/process/descriptors.rs"]),
    (".join(\"fd\")", &["host/process/descriptors.rs"]),
    ("heal::heal(", &["ops/arrival.rs"]),
    ("follow_moves(", &["ops/arrival.rs", "ops/vanished.rs"]),
    ("sweep_later(", &["ops/arrival.rs", "ops/run.rs"]),
    ("skim(", &["host/store"]),
    ("wreckage(", &["host/store"]),
    ("env_file::write(", &["ops/env_files.rs"]),
    ("Allocation::new(", &LEDGER),
    (".allocations = ", &LEDGER),
    (".allocations.clear(", &LEDGER),
    (".allocations.retain(", &LEDGER),
    (".allocations.insert(", &LEDGER),
    (".allocations.push(", &LEDGER),
    ("remember_ports(", &LEDGER),
];

/// Where a port changes hands; the model has the rules for a single record.
const LEDGER: [&str; 2] = ["ops/ports/ledger/", "model/"];

#[test]
fn each_of_these_is_done_in_one_room() {
    let mut broken = Vec::new();
    for file in sources() {
        for (words, rooms) in ROOMS {
            if rooms.iter().any(|room| file.name.starts_with(room)) {
                continue;
            }
            let lines = file.code().filter(|(_, line)| line.contains(words));
            broken.extend(lines.map(|(at, _)| format!("{}:{}: {words}", file.name, at + 1)));
        }
    }
    require_none("done elsewhere than in its room:", &broken);
}
