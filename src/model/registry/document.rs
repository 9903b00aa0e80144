//! How the registry is written down and read back: one JSON document, a worktree to each line, read leniently.

use std::path::Path;

use serde_json::{Map, Value};

use super::table::{Registry, SCHEMA};
use super::whole::WholeRegistry;
use crate::error::{Code, Failure, Result};
use crate::model::event::Event;

/// A file that is replaced whole.
pub trait Document: Clone + PartialEq {
    /// The value of a file that was never written.
    fn empty() -> Self;

    /// Reads it; `path` is for messages.
    ///
    /// # Errors
    ///
    /// `registry_corrupt` for what is not such a document, `registry_newer` for one of a later version.
    fn parse(bytes: &[u8], path: &Path) -> Result<Self>;

    /// Writes it down.
    ///
    /// # Errors
    ///
    /// `internal` for what JSON cannot say, such as a path that is not UTF-8.
    fn render(&self) -> Result<Vec<u8>>;

    /// Takes out what happened since it was read.
    fn take_events(&mut self) -> Vec<Event>;
}

impl Document for Registry {
    fn empty() -> Self {
        Self::default()
    }

    fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let damaged = |error: serde_json::Error| {
            let what = if bytes.is_empty() { "is empty".to_owned() } else { format!("is damaged: {error}") };
            corrupt(path, &what)
        };
        // A row that is no entry is found in a second look, and why all is refused in a third: nearly none needs them.
        let whole = serde_json::from_slice::<WholeRegistry>(bytes).map(Self::from);
        match whole.or_else(|_| serde_json::from_slice::<Self>(bytes)) {
            Ok(registry) if (1..=SCHEMA).contains(&registry.schema) => {
                // No such number was ever counted up to, and the next one must exist.
                let countable = registry.sequence <= u64::MAX / 2;
                countable
                    .then_some(registry)
                    .ok_or_else(|| corrupt(path, "has a sequence number without sense"))
            }
            read => {
                let head: Head = serde_json::from_slice(bytes).map_err(damaged)?;
                match head.schema.as_ref().and_then(Value::as_u64) {
                    Some(schema) if schema > SCHEMA => Err(newer(path, schema)),
                    Some(schema) if schema >= 1 => read.map_err(damaged),
                    _ => Err(corrupt(path, "has no schema number")),
                }
            }
        }
    }

    fn render(&self) -> Result<Vec<u8>> {
        let mut text = Vec::with_capacity(512 * (self.worktrees.len() + 1));
        let head = serde_json::json!({ "schema": self.schema, "sequence": self.sequence });
        push_members(&mut text, b"{", &head)?;
        push_rows(&mut text, "repositories", self.repositories.lines())?;
        push_rows(&mut text, "worktrees", self.worktrees.iter())?;
        push_rows(&mut text, "exclusions", self.exclusions.lines())?;
        push_rows(&mut text, "former", self.former.lines())?;
        push_rows(&mut text, "counters", self.counters.lines())?;
        if self.debts.lines().next().is_some() {
            push_rows(&mut text, "debts", self.debts.lines())?;
        }
        if !self.history_over.is_absent() {
            let over = serde_json::json!({ "history_over": self.history_over });
            push_members(&mut text, b",\n", &over)?;
        }
        if !self.extra.is_empty() {
            push_members(&mut text, b",\n", &Value::Object(self.extra.clone()))?;
        }
        text.extend_from_slice(b"\n}\n");
        Ok(text)
    }

    fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

/// The one member that decides whether the rest may be read at all.
#[derive(serde::Deserialize)]
struct Head {
    schema: Option<Value>,
}

fn newer(path: &Path, schema: u64) -> Failure {
    Failure::new(
        Code::RegistryNewer,
        format!("{} was written by a newer wt (schema {schema}; this one knows {SCHEMA})", path.display()),
    )
    .hint("update this wt; the file was left as it is")
    .detail("path", path.display().to_string())
}

fn corrupt(path: &Path, what: &str) -> Failure {
    Failure::new(Code::RegistryCorrupt, format!("the registry {} {what}", path.display()))
        .hint(format!(
            "nothing was changed; `wt validate --fix` mends it, or copy {}.bak over it",
            path.display()
        ))
        .detail("path", path.display().to_string())
}

/// Writes the members of `object`, each on a line of its own, without the braces.
fn push_members(text: &mut Vec<u8>, before: &[u8], object: &Value) -> Result<()> {
    let empty = Map::new();
    for (index, (key, value)) in object.as_object().unwrap_or(&empty).iter().enumerate() {
        text.extend_from_slice(if index == 0 { before } else { b",\n" });
        push(text, key)?;
        text.push(b':');
        push(text, value)?;
    }
    Ok(())
}

/// Writes a list, each element on a line of its own.
fn push_rows(text: &mut Vec<u8>, key: &str, rows: impl Iterator<Item = impl serde::Serialize>) -> Result<()> {
    text.extend_from_slice(b",\n\"");
    text.extend_from_slice(key.as_bytes());
    text.extend_from_slice(b"\":[");
    let mut is_empty = true;
    for row in rows {
        text.extend_from_slice(if is_empty { b"\n" } else { b",\n" });
        push(text, &row)?;
        is_empty = false;
    }
    text.extend_from_slice(if is_empty { b"]" } else { b"\n]" });
    Ok(())
}

fn push(text: &mut Vec<u8>, value: &(impl serde::Serialize + ?Sized)) -> Result<()> {
    serde_json::to_writer(text, value).map_err(|error| {
        Failure::new(Code::Internal, format!("the registry cannot be written: {error}")).caused_by(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::Port;

    /// Read in one go it is what it is row by row.
    fn read(text: &str) -> Registry {
        let row_by_row: Registry = serde_json::from_str(text).unwrap();
        if let Ok(whole) = serde_json::from_str::<WholeRegistry>(text) {
            assert_eq!(Registry::from(whole), row_by_row);
        }
        Registry::parse(text.as_bytes(), Path::new("registry.json")).unwrap()
    }

    #[test]
    fn one_nonsense_row_of_any_list_is_kept_and_hides_nothing() {
        for list in ["repositories", "worktrees", "exclusions", "former", "counters", "debts"] {
            let registry =
                read(&format!(r#"{{"schema":1,"sequence":3,"{list}":[{{"port":70000,"what":"?"}},7]}}"#));
            assert_eq!(registry.sequence, 3);
            let written: Value = serde_json::from_slice(&registry.render().unwrap()).unwrap();
            assert_eq!(written[list], serde_json::json!([{"port": 70000, "what": "?"}, 7]), "{list}");
        }
    }

    #[test]
    fn notes_and_what_later_versions_wrote_stand_once_in_each_row_whatever_they_say() {
        for says in [r#""2026-01-01T00:00:00Z""#, "7", "null", r#"{"a":[1]}"#] {
            let notes = |keys: &[&str]| {
                keys.iter().map(|key| format!(r#","{key}":{says}"#)).collect::<Vec<_>>().concat()
            };
            let gone = ["gone_since", "gone_in", "seen_over", "later"];
            let of_entry =
                notes(&[&["processes", "recovered", "compose_project", "foreign"], &gone[..]].concat());
            let of_former =
                notes(&[&["name_in_git", "path", "name_then", "identifier", "env"], &gone[..]].concat());
            let of_repository = notes(&gone);
            let of_allocation = notes(&["moved_at", "last_listening", "later"]);
            let of_all = notes(&["history_over", "later"]);
            let registry = read(&format!(
                r#"{{"schema":1,"sequence":1,
                "repositories":[{{"id":"a","path":"/r","common_dir":"/r/.git","device":0,"inode":0,"hooks_wanted":false{of_repository}}}],
                "worktrees":[{{"repository":"/r","repository_id":"a","name":"n","admin":"n","path":"/w","branch":null,
                    "purpose":null,"identifier":"n","state":"active","created_at":"2026-01-01T00:00:00Z","created_by":"wt",
                    "allocations":[{{"port":5000,"service":"web","allocated_at":"2026-01-01T00:00:00Z"{of_allocation}}}]{of_entry}}}],
                "former":[{{"repository_id":"a","branch":"b","purpose":null,"name":"n","ports":[]{of_former}}}]{of_all}}}"#
            ));
            assert!(registry.entries().next().is_some(), "{says}");
            let text = registry.render().unwrap();
            assert_eq!(read(std::str::from_utf8(&text).unwrap()), registry, "{says}");
            let text = String::from_utf8(text).unwrap();
            let count = |key: &str| text.matches(&format!("\"{key}\":{says}")).count();
            for (key, times) in
                [("later", 5), ("gone_since", 3), ("seen_over", 3), ("moved_at", 1), ("processes", 1)]
            {
                assert_eq!(count(key), times, "{key} {says} in {text}");
            }
        }
    }

    #[test]
    fn an_entry_that_cannot_be_read_still_owns_its_ports() {
        let registry = read(
            r#"{"schema":1,"worktrees":[
                {"name":7,"state":"active","allocations":[{"port":5000},{"port":70000},{"port":"x"},3]},
                {"name":7,"state":"removed","allocations":[{"port":5001}]}]}"#,
        );
        let owned = crate::model::port::selection::owned_ports(&registry);
        assert_eq!(owned.into_iter().map(Port::number).collect::<Vec<_>>(), [5000]);
    }

    #[test]
    fn what_is_no_registry_of_ours_is_refused_with_the_reason() {
        let too_much = u64::MAX / 2 + 1;
        for (text, code, message) in [
            (String::new(), Code::RegistryCorrupt, "the registry r.json is empty"),
            ("{".to_owned(), Code::RegistryCorrupt, "the registry r.json is damaged: EOF"),
            (
                r#"{"schema":1,"worktrees":7}"#.to_owned(),
                Code::RegistryCorrupt,
                "the registry r.json is damaged: ",
            ),
            ("{}".to_owned(), Code::RegistryCorrupt, "the registry r.json has no schema number"),
            (r#"{"schema":0}"#.to_owned(), Code::RegistryCorrupt, "the registry r.json has no schema number"),
            (
                r#"{"schema":"1"}"#.to_owned(),
                Code::RegistryCorrupt,
                "the registry r.json has no schema number",
            ),
            (
                r#"{"schema":2}"#.to_owned(),
                Code::RegistryNewer,
                "r.json was written by a newer wt (schema 2; this one knows 1)",
            ),
            (
                r#"{"schema":2,"worktrees":7}"#.to_owned(),
                Code::RegistryNewer,
                "r.json was written by a newer wt",
            ),
            (
                format!(r#"{{"schema":1,"sequence":{too_much}}}"#),
                Code::RegistryCorrupt,
                "the registry r.json has a sequence number without sense",
            ),
        ] {
            let failure = Registry::parse(text.as_bytes(), Path::new("r.json")).unwrap_err();
            assert_eq!(failure.code(), code, "{text}");
            assert!(failure.message().starts_with(message), "{text}: {}", failure.message());
        }
        let most = read(&format!(r#"{{"schema":1,"sequence":{}}}"#, too_much - 1));
        assert_eq!(most.sequence, too_much - 1);
    }

    #[test]
    fn an_empty_registry_is_written_without_what_few_have() {
        let text = String::from_utf8(Registry::empty().render().unwrap()).unwrap();
        let expected = "{\"schema\":1,\n\"sequence\":0,\n\"repositories\":[],\n\"worktrees\":[],\n\"exclusions\":[],\n\
            \"former\":[],\n\"counters\":[]\n}\n";
        assert_eq!(text, expected);
        assert_eq!(read(&text), Registry::default());
    }

    #[test]
    fn what_happened_is_taken_out_once() {
        let mut registry = Registry::default();
        registry.record_event(jiff::Timestamp::UNIX_EPOCH, Event::new("x"));
        let taken: Vec<u64> = registry.take_events().iter().map(|event| event.sequence).collect();
        assert_eq!((taken, registry.take_events()), (vec![1], Vec::new()));
    }
}
