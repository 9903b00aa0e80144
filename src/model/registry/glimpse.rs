//! The registry read in passing, piece by piece: of its rows only those of one repository are looked at, and of those
//! only what a git hook needs to know that there is nothing to do.

use std::borrow::Cow;

use memchr::{memchr, memmem, memrchr};
use serde::Deserialize;

use super::entry::Entry;
use super::repository::RepositoryId;

/// What a row says about its worktree, without allocations and journal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RowGlimpse<'a> {
    /// git's own name of the worktree; empty while git has not chosen it yet.
    #[serde(borrow)]
    pub admin: Cow<'a, str>,
    #[serde(borrow)]
    pub path: Cow<'a, str>,
    /// `None` for a detached HEAD.
    pub branch: Option<Cow<'a, str>>,
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

impl<'a> From<&'a Entry> for RowGlimpse<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            admin: Cow::Borrowed(&entry.admin),
            path: entry.path.to_string_lossy(),
            branch: entry.branch.as_deref().map(Cow::Borrowed),
            state: Cow::Borrowed(entry.state.as_str()),
            host: Cow::Borrowed(&entry.host),
            env: entry.env,
        }
    }
}

impl<'a> RowGlimpse<'a> {
    /// Answers whether the worktree is there or on its way: not removed.
    #[must_use]
    pub fn is_living(&self) -> bool {
        self.state != "removed"
    }

    /// Returns the same with text of its own.
    #[must_use]
    pub fn into_owned(self) -> RowGlimpse<'static> {
        RowGlimpse {
            admin: Cow::Owned(self.admin.into_owned()),
            path: Cow::Owned(self.path.into_owned()),
            branch: self.branch.map(|branch| Cow::Owned(branch.into_owned())),
            state: Cow::Owned(self.state.into_owned()),
            host: Cow::Owned(self.host.into_owned()),
            env: self.env,
        }
    }

    fn read(row: &'a [u8]) -> Option<Self> {
        Self::read_as_written(row).or_else(|| serde_json::from_slice(row).ok())
    }

    /// Reads a row whose members stand in the order in which we write them, as far as to the ports; `None` for every
    /// other, and for text with escapes in it.
    fn read_as_written(row: &'a [u8]) -> Option<Self> {
        let mut rest = row;
        for key in ["{\"repository\":", ",\"repository_id\":", ",\"name\":"] {
            take_text(&mut rest, key)?;
        }
        let admin = take_text(&mut rest, ",\"admin\":")?;
        let path = take_text(&mut rest, ",\"path\":")?;
        let branch = match rest.strip_prefix(b",\"branch\":null") {
            Some(behind) => {
                rest = behind;
                None
            }
            None => Some(take_text(&mut rest, ",\"branch\":")?),
        };
        match rest.strip_prefix(b",\"purpose\":null") {
            Some(behind) => rest = behind,
            None => drop(take_text(&mut rest, ",\"purpose\":")?),
        }
        take_text(&mut rest, ",\"identifier\":")?;
        let state = take_text(&mut rest, ",\"state\":")?;
        for key in [",\"created_at\":", ",\"created_by\":"] {
            take_text(&mut rest, key)?;
        }
        let host = take_text(&mut rest, ",\"host\":")?;
        let ports = memmem::find(rest, b",\"allocations\":")?;
        Some(Self {
            admin: Cow::Borrowed(admin),
            path: Cow::Borrowed(path),
            branch: branch.map(Cow::Borrowed),
            state: Cow::Borrowed(state),
            host: Cow::Borrowed(host),
            env: rest[..ports].ends_with(b",\"env\":true"),
        })
    }
}

/// Takes `key` and the text behind it.
fn take_text<'a>(rest: &mut &'a [u8], key: &str) -> Option<&'a str> {
    let text = rest.strip_prefix(key.as_bytes())?.strip_prefix(b"\"")?;
    let (text, behind) = text.split_at(memchr(b'"', text)?);
    *rest = &behind[1..];
    std::str::from_utf8(text).ok().filter(|text| !text.contains('\\'))
}

/// Returns the worktrees of `repository` in whole lines of the registry, removed ones too; `None` when the lines are not
/// those that we write, so that only a whole reading can tell.
#[must_use]
pub fn glimpses<'a>(lines: &'a [u8], repository: &RepositoryId) -> Option<Vec<RowGlimpse<'a>>> {
    Some(rows(lines, repository)?.into_iter().map(|(row, _)| row).collect())
}

/// Returns the same, each with its text.
#[must_use]
pub fn rows<'a>(lines: &'a [u8], repository: &RepositoryId) -> Option<Vec<(RowGlimpse<'a>, &'a [u8])>> {
    let mut found = Vec::new();
    let finder = memmem::Finder::new(repository.0.as_bytes());
    let mut rest = lines;
    while let Some(at) = finder.find(rest) {
        let start = memrchr(b'\n', &rest[..at]).map_or(0, |end| end + 1);
        let end = memchr(b'\n', &rest[at..]).map_or(rest.len(), |length| at + length);
        let line = rest[start..end].strip_suffix(b",").unwrap_or(&rest[start..end]);
        if line.starts_with(b"{\"repository\":") {
            found.push((RowGlimpse::read(line)?, line));
        } else if !(line.starts_with(b"{\"id\":") || line.starts_with(b"{\"repository_id\":")) {
            return None;
        }
        rest = &rest[end..];
    }
    Some(found)
}

/// What the registry's bytes tell about work that was left unfinished, gathered piece by piece.
#[derive(Clone, Copy, Debug)]
pub struct Signs<'a> {
    id: Option<&'a RepositoryId>,
    place: &'a str,
    is_unfinished: bool,
    knows_id: bool,
    knows_place: bool,
}

impl<'a> Signs<'a> {
    /// Signs about the repository with that id, whose common dir is `place`; without an id it was never recorded.
    #[must_use]
    pub fn new(id: Option<&'a RepositoryId>, place: &'a str) -> Self {
        Self { id, place, is_unfinished: false, knows_id: false, knows_place: false }
    }

    /// Looks at whole lines of the registry.
    pub fn read(&mut self, lines: &[u8]) {
        let mentions = |text: &str| memmem::find(lines, text.as_bytes()).is_some();
        self.is_unfinished |=
            mentions("\"creating\"") || mentions("\"removing\"") || mentions("\"renaming\":");
        self.knows_id = self.knows_id || self.id.is_some_and(|id| mentions(&id.0));
        self.knows_place = self.knows_place || mentions(self.place);
    }

    /// Answers whether something may be unfinished, or the repository a copy: its id is known, its place is not.
    #[must_use]
    pub fn call_for_healing(&self) -> bool {
        self.is_unfinished || (self.knows_id && !self.knows_place)
    }
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
        let seen: Vec<_> = found.iter().map(|seen| (&*seen.admin, &*seen.path)).collect();
        assert_eq!(seen, [("one", "/w/o \"ne"), ("two", "/w/two")]);
        assert_eq!(glimpses(&bytes, &id("c")), Some(Vec::new()));
    }

    #[test]
    fn a_row_says_the_same_in_passing_as_in_full() {
        let bytes = written(&[row(&id("a"), "one", "/w/one", "active")]);
        let registry = Registry::parse(&bytes, std::path::Path::new("r")).unwrap();
        let in_full: Vec<RowGlimpse> = registry.entries().map(RowGlimpse::from).collect();
        assert_eq!(glimpses(&bytes, &id("a")).unwrap(), in_full);
    }

    #[test]
    fn both_ways_to_read_a_row_agree() {
        for (path, is_quick) in
            [("/w/one", true), (r"/w/\\", false), (r#"/w/\"path\":\"x"#, false), ("/w/ö", true)]
        {
            let bytes = written(&[row(&id("a"), "one", path, "active")]);
            let mut lines = bytes.split(|byte| *byte == b'\n');
            let row = lines.find(|line| line.starts_with(b"{\"repository\":")).unwrap();
            let quick = RowGlimpse::read_as_written(row);
            assert_eq!(quick.is_some(), is_quick, "{path}");
            assert_eq!(RowGlimpse::read(row), serde_json::from_slice(row).ok(), "{path}");
        }
    }

    #[test]
    fn signs_are_gathered_over_pieces() {
        let (ours, theirs) = (id("a"), id("b"));
        let calls = |pieces: &[&str], id: Option<&RepositoryId>| {
            let mut signs = Signs::new(id, "/r/.git");
            for piece in pieces {
                signs.read(piece.as_bytes());
            }
            signs.call_for_healing()
        };
        let (known, placed) = (format!("\"id\":\"{}\"", ours.0), "\"common_dir\":\"/r/.git\"");
        assert!(!calls(&[&known, placed], Some(&ours)));
        assert!(calls(&[&known, "\"/elsewhere\""], Some(&ours)), "a copy");
        assert!(!calls(&[&known], Some(&theirs)) && !calls(&[&known], None));
        assert!(calls(&["", "\"state\":\"creating\"", ""], None) && calls(&["\"removing\""], Some(&ours)));
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

    #[test]
    fn a_row_is_of_a_living_worktree_unless_it_was_removed() {
        let bytes =
            written(&[row(&id("a"), "one", "/w/one", "active"), row(&id("a"), "two", "/w/two", "active")]);
        let found = glimpses(&bytes, &id("a")).unwrap();
        assert!(found.iter().all(RowGlimpse::is_living));
        for (state, is_living) in [("creating", true), ("removing", true), ("removed", false)] {
            let seen = RowGlimpse { state: Cow::Borrowed(state), ..found[0].clone() };
            assert_eq!((seen.is_living(), seen.clone().into_owned()), (is_living, seen), "{state}");
        }
        let texts: Vec<bool> =
            rows(&bytes, &id("a")).unwrap().iter().map(|(_, text)| text.ends_with(b"}")).collect();
        assert_eq!(texts, [true, true], "the comma between rows belongs to none");
    }
}
