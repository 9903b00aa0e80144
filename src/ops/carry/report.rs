//! What was carried, and what was not.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::host::carry::stage::Staged;
use crate::model::carry::left_out::LeftOut;
use crate::model::carry::record::Row;

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
}

/// One match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    pub path: String,
    /// `None` for one file.
    pub tree_bytes: Option<u64>,
}

impl Carried {
    /// Says what was staged of `matches`.
    #[must_use]
    pub fn of(staged: Staged, matches: &[String]) -> Self {
        let brought = matches.iter().filter_map(|path| brought(&staged.rows, path)).collect();
        Self {
            files: staged.files,
            bytes: staged.bytes,
            reflinked: staged.reflinked,
            left_out: staged.leaving.into_rows(),
            brought,
        }
    }
}

fn brought(rows: &BTreeMap<String, Row>, path: &str) -> Option<Brought> {
    let tree_bytes = match rows.get(path)? {
        Row::File { .. } | Row::Link { .. } => None,
        Row::Folder => {
            let below = format!("{path}/");
            let inside = rows.range(below.clone()..).take_while(|(path, _)| path.starts_with(&below));
            Some(inside.map(|(_, row)| if let Row::File { size, .. } = row { *size } else { 0 }).sum())
        }
    };
    Some(Brought { path: path.to_owned(), tree_bytes })
}
