//! What was carried, and what was not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::host::carry::stage::Staged;
use crate::model::carry::again::KeptPath;
use crate::model::carry::left_out::LeftOut;
use crate::model::carry::record::CarriedPath;
use crate::model::view::as_text;

/// What was carried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Carried {
    /// Files and links.
    pub files: usize,
    pub bytes: u64,
    /// Files that share their blocks with the source until one of them is written to.
    pub reflinked: usize,
    pub left_out: Vec<LeftOut>,
    /// The matches that something was carried of.
    #[serde(skip)]
    pub brought: Vec<Brought>,
    /// What there is to say about the lists.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// One match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    pub path: String,
    /// `None` for one file.
    pub tree_bytes: Option<u64>,
}

/// What was carried once more into one worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refreshed {
    pub worktree: String,
    /// The folder of the worktree that it came from.
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub source: PathBuf,
    /// Files and links, those that took the place of others among them.
    pub files: usize,
    pub bytes: u64,
    /// Files that share their blocks with the source until one of them is written to.
    pub reflinked: usize,
    /// Those that took the place of what stood here.
    pub updated: Vec<String>,
    /// What stays as it is here; `--force` brings it, unless a process has it open.
    pub kept: Vec<KeptPath>,
    pub left_out: Vec<LeftOut>,
    /// The folder in which what `--force` replaced is kept, as long as the worktree can be restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<PathBuf>,
    /// The matches that something was carried of.
    #[serde(skip)]
    pub brought: Vec<Brought>,
}

impl Carried {
    /// Says what was staged of `matches`.
    #[must_use]
    pub fn of(staged: Staged, matches: &[String]) -> Self {
        let brought = brought_of(&staged.rows, matches);
        Self {
            files: staged.files,
            bytes: staged.bytes,
            reflinked: staged.reflinked,
            left_out: staged.leaving.into_rows(),
            brought,
            warnings: Vec::new(),
        }
    }
}

/// Returns the matches that something was carried of.
pub(super) fn brought_of(rows: &BTreeMap<String, CarriedPath>, matches: &[String]) -> Vec<Brought> {
    matches.iter().filter_map(|path| brought(rows, path)).collect()
}

fn brought(rows: &BTreeMap<String, CarriedPath>, path: &str) -> Option<Brought> {
    let tree_bytes = match rows.get(path)? {
        CarriedPath::File { .. } | CarriedPath::Link { .. } => None,
        CarriedPath::Folder => {
            let below = format!("{path}/");
            let inside = rows.range(below.clone()..).take_while(|(path, _)| path.starts_with(&below));
            Some(
                inside.map(|(_, row)| if let CarriedPath::File { size, .. } = row { *size } else { 0 }).sum(),
            )
        }
    };
    Some(Brought { path: path.to_owned(), tree_bytes })
}
