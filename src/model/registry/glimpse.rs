//! A worktree's row read in passing: of the registry's bytes only the lines of one repository are looked at, and of
//! those only what a git hook needs to know that there is nothing to do.

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;

use super::entry::Entry;
use super::repository::RepositoryId;

/// What a row says about its worktree, without allocations and journal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Glimpse<'a> {
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// git's own name of the worktree; empty while git has not chosen it yet.
    #[serde(borrow)]
    pub admin: Cow<'a, str>,
    #[serde(borrow)]
    pub path: Cow<'a, str>,
    /// `None` for a detached HEAD.
    pub branch: Option<String>,
    /// The state's word, as in the file.
    #[serde(borrow)]
    pub state: Cow<'a, str>,
    /// The machine that wrote the entry.
    #[serde(borrow, default)]
    pub host: Cow<'a, str>,
    /// Whether the worktree has an env block to keep true.
    #[serde(default)]
    pub env: bool,
}

impl<'a> From<&'a Entry> for Glimpse<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            name: Cow::Borrowed(&entry.name),
            admin: Cow::Borrowed(&entry.admin),
            path: entry.path.to_string_lossy(),
            branch: entry.branch.clone(),
            state: Cow::Borrowed(entry.state.as_str()),
            host: Cow::Borrowed(&entry.host),
            env: entry.env,
        }
    }
}

impl Glimpse<'_> {
    /// Answers whether the worktree is there or on its way: not removed.
    #[must_use]
    pub fn is_living(&self) -> bool {
        self.state != "removed"
    }
}

/// Returns the worktrees of `repository`, removed ones too; `None` when the lines are not those that we write, so that
/// only a whole reading can tell.
#[must_use]
pub fn glimpses<'a>(registry: &'a [u8], repository: &RepositoryId) -> Option<Vec<Glimpse<'a>>> {
    let mut found = Vec::new();
    let finder = memmem::Finder::new(repository.0.as_bytes());
    let mut rest = registry;
    while let Some(at) = finder.find(rest) {
        let start = memchr::memrchr(b'\n', &rest[..at]).map_or(0, |end| end + 1);
        let end = memchr::memchr(b'\n', &rest[at..]).map_or(rest.len(), |length| at + length);
        let line = rest[start..end].strip_suffix(b",").unwrap_or(&rest[start..end]);
        if line.starts_with(b"{\"repository\":") {
            found.push(serde_json::from_slice(line).ok()?);
        } else if !(line.starts_with(b"{\"id\":") || line.starts_with(b"{\"repository_id\":")) {
            return None;
        }
        rest = &rest[end..];
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry::document::Document;
    use crate::model::registry::table::Registry;

    fn id(digit: &str) -> RepositoryId {
        RepositoryId(digit.repeat(32))
    }

    fn row(id: &RepositoryId, name: &str, path: &str, state: &str) -> String {
        format!(
            r#"{{"repository":"/r","repository_id":"{}","name":"{name}","admin":"{name}","path":"{path}","branch":null,
               "purpose":null,"identifier":"x","state":"{state}","created_at":"2026-01-01T00:00:00Z","created_by":"wt",
               "allocations":[{{"port":5000,"service":"web","allocated_at":"2026-01-01T00:00:00Z"}}]}}"#,
            id.0
        )
    }

    /// The registry as we write it.
    fn written(rows: &[String]) -> Vec<u8> {
        let text = format!(
            r#"{{"schema":1,"repositories":[{{"id":"{0}","path":"/r","common_dir":"/r/.git","device":1,"inode":2}}],
               "worktrees":[{1}],"former":[{{"repository_id":"{0}","branch":"b","purpose":null,"name":"n","ports":[]}}]}}"#,
            id("a").0,
            rows.join(",")
        );
        Registry::parse(text.as_bytes(), std::path::Path::new("r")).unwrap().render().unwrap()
    }

    #[test]
    fn only_the_rows_of_the_repository_are_read() {
        let bytes = written(&[
            row(&id("b"), "other", "/w/other", "active"),
            row(&id("a"), "one", "/w/o \\\"ne", "active"),
            row(&id("b"), "more", "/w/more", "active"),
            row(&id("a"), "two", "/w/two", "active"),
        ]);
        let found = glimpses(&bytes, &id("a")).unwrap();
        let seen: Vec<_> = found.iter().map(|seen| (&*seen.name, &*seen.path)).collect();
        assert_eq!(seen, [("one", "/w/o \"ne"), ("two", "/w/two")]);
        assert_eq!(glimpses(&bytes, &id("c")), Some(Vec::new()));
    }

    #[test]
    fn a_row_says_the_same_in_passing_as_in_full() {
        let bytes = written(&[row(&id("a"), "one", "/w/one", "active")]);
        let registry = Registry::parse(&bytes, std::path::Path::new("r")).unwrap();
        let in_full: Vec<Glimpse> = registry.entries().map(Glimpse::from).collect();
        assert_eq!(glimpses(&bytes, &id("a")).unwrap(), in_full);
    }

    #[test]
    fn a_file_in_another_layout_is_not_guessed_at() {
        let bytes = written(&[row(&id("a"), "one", "/w/one", "active")]);
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        for text in [serde_json::to_vec(&value).unwrap(), serde_json::to_vec_pretty(&value).unwrap()] {
            assert_eq!(glimpses(&text, &id("a")), None);
        }
        let cut = &bytes[..bytes.len() * 2 / 3];
        assert!(glimpses(cut, &id("a")).is_none_or(|found| found.len() <= 1), "half a line is no row");
    }
}
