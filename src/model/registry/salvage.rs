//! What can be read of a registry that as a whole cannot: rows stand on lines of their own, so that a damaged file still
//! has most of them.

use std::collections::HashSet;

use serde_json::Value;

use super::entry::{Entry, EntryState};
use super::record::RegistryRow;
use super::repository::RepositoryRecord;
use super::table::{Former, Registry};
use crate::model::port::exclusion::Exclusion;

/// Returns the rows that can be read in `files`; of two with one number the first file's counts.
#[must_use]
pub fn salvage(files: &[Vec<u8>]) -> Registry {
    let mut registry = Registry::default();
    let mut numbers = HashSet::new();
    for line in files.iter().flat_map(|bytes| bytes.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        let row = line.strip_suffix(b",").unwrap_or(line);
        if let Ok(mut entry) = serde_json::from_slice::<Entry>(row) {
            if numbers.insert(entry.sequence) {
                if matches!(entry.state, EntryState::Creating { .. }) {
                    entry.notes.recovered.write(&true);
                }
                registry.sequence = registry.sequence.max(entry.sequence);
                registry.worktrees.push(RegistryRow::Entry(Box::new(entry)));
            }
        } else if let Ok(repository) = serde_json::from_slice::<RepositoryRecord>(row) {
            if registry.repositories.iter().all(|known| known.id != repository.id) {
                registry.repositories.push(repository);
            }
        } else if let Ok(former) = serde_json::from_slice::<Former>(row) {
            if !registry.former.contains(&former) {
                registry.former.push(former);
            }
        } else if let Ok(exclusion) = serde_json::from_slice::<Exclusion>(row) {
            if !registry.exclusions.contains(&exclusion) {
                registry.exclusions.push(exclusion);
            }
        } else if let Some(number) = row.strip_prefix(b"\"sequence\":").and_then(number) {
            registry.sequence = registry.sequence.max(number);
        }
    }
    registry
}

fn number(text: &[u8]) -> Option<u64> {
    let value: Value = serde_json::from_slice(text).ok()?;
    value.as_u64().filter(|number| *number <= u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry::document::Document;

    fn entry(name: &str, sequence: u64) -> String {
        format!(
            r#"{{"repository":"/w","repository_id":"r","name":"{name}","admin":"{name}","path":"/w/{name}","branch":null,"purpose":null,"identifier":"{name}","state":"active","created_at":"1970-01-01T00:00:00Z","created_by":"wt","sequence":{sequence},"allocations":[]}}"#
        )
    }

    fn file() -> Vec<u8> {
        let rows = [entry("a", 4), entry("b", 5), entry("c", 6)].join(",\n");
        format!("{{\"schema\":1,\n\"sequence\":9,\n\"worktrees\":[\n{rows}\n]\n}}\n").into_bytes()
    }

    #[test]
    fn half_a_file_gives_the_rows_that_are_whole() {
        let whole = file();
        let half = whole[..whole.len() / 2].to_vec();
        let names =
            |registry: &Registry| registry.entries().map(|entry| entry.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&salvage(std::slice::from_ref(&half))), ["a"]);
        assert_eq!(names(&salvage(&[half, whole])), ["a", "b", "c"], "the second file completes the first");
    }

    #[test]
    fn the_sequence_goes_on_behind_everything_that_was_seen() {
        assert_eq!(salvage(&[file()]).sequence, 9);
        assert!(salvage(&[vec![0; 100], b"{}{}".to_vec()]).entries().next().is_none());
    }

    #[test]
    fn what_was_being_created_is_marked_so_that_it_is_never_undone() {
        let creating = entry("a", 1).replace(
            "\"active\"",
            r#""creating","process":{"pid":1,"started":1},"journal":{"token":"t","commit":"c"}"#,
        );
        let found = salvage(&[creating.into_bytes()]);
        assert!(found.entries().next().unwrap().notes.recovered.read().is_some());
        assert!(found.render().is_ok());
    }

    #[test]
    fn each_row_of_every_kind_is_taken_once() {
        let repository = |id: &str| {
            format!(
                r#"{{"id":"{id}","path":"/r","common_dir":"/r/.git","device":1,"inode":2,"hooks_wanted":false}}"#
            )
        };
        let former = |name: &str| {
            format!(r#"{{"repository_id":"r","branch":"{name}","purpose":null,"name":"{name}","ports":[]}}"#)
        };
        let lines = [
            repository("a"),
            repository("b"),
            repository("a"),
            former("x"),
            former("y"),
            former("x"),
            "\"sequence\":7".to_owned(),
            "\"sequence\":3".to_owned(),
            format!("\"sequence\":{}", u64::MAX),
            "\"sequence\":x".to_owned(),
        ];
        let found = salvage(&[lines.join(",\n").into_bytes()]);
        let ids: Vec<&str> = found.repositories.iter().map(|known| known.id.0.as_str()).collect();
        let names: Vec<&str> = found.former.iter().map(|known| known.name.as_str()).collect();
        assert_eq!((ids, names, found.sequence), (vec!["a", "b"], vec!["x", "y"], 7));
        let same = [entry("a", 4), entry("b", 4), entry("c", 9)].map(String::into_bytes);
        let found = salvage(&same);
        let names: Vec<&str> = found.entries().map(|entry| entry.name.as_str()).collect();
        assert_eq!((names, found.sequence), (vec!["a", "c"], 9), "the first of one number counts");
        assert!(found.entries().all(|entry| entry.notes.recovered.is_absent()));
    }
}
