//! The attributes that only git carries out, drivers and encodings, looked for in the text of attribute files.
//! A pattern is not matched: a line that asks for such a change is reason enough to let git do the work.

use std::collections::HashSet;

use git2::{Config, ObjectType, Oid};

use super::conversions::ODD_PATTERN;
use super::library_error::from_library;
use super::repository::unread;
use crate::error::Result;
use crate::host::git_files::conversion::has_odd_pattern;
use crate::host::git_files::objects::Library;

/// Which attributes matter in this repository: a filter without a smudge command changes nothing.
pub(super) struct Wanted {
    filters: HashSet<String>,
}

impl Wanted {
    pub(super) fn new(settings: &Config) -> Result<Self> {
        let failed = |error| from_library(error, "read the filters");
        let mut filters = HashSet::new();
        let entries =
            settings.entries(Some(r"^filter\..*\.(smudge|process|clean|required)$")).map_err(failed)?;
        entries
            .for_each(|entry| {
                if let Some((name, _)) =
                    entry.name().ok().and_then(|key| key.strip_prefix("filter.")?.rsplit_once('.'))
                {
                    filters.insert(name.to_owned());
                }
            })
            .map_err(failed)?;
        Ok(Self { filters })
    }

    /// Returns a phrase for each content rule that the text of an attribute file sets.
    pub(super) fn reasons(&self, text: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(text);
        let mut reasons = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            // The first word is the pattern, or `[attr]NAME` of a macro; a quoted pattern may hold blanks, whose
            // words are then taken for attributes: at worst git does what we could have done.
            for word in line.split_ascii_whitespace().skip(1) {
                match word.split_once('=') {
                    Some(("filter", name)) if self.filters.contains(name) => {
                        reasons.push(format!("the filter `{name}` is in use"));
                    }
                    Some(("working-tree-encoding", _)) => {
                        reasons.push("files have a working-tree-encoding".to_owned());
                    }
                    _ => {}
                }
            }
        }
        reasons
    }
}

/// Walks a tree once: reads every `.gitattributes`, and where the file system folds case looks for twins.
pub(super) fn tree_reasons(
    library: &Library,
    root: Oid,
    wanted: &Wanted,
    folds_case: bool,
) -> Result<Vec<String>> {
    let mut reasons = Vec::new();
    let mut seen = HashSet::new();
    // A stack of our own: how deep a tree is, is up to whoever made the commit. libgit2's walk goes on by itself.
    let mut open = vec![(String::new(), root)];
    while let Some((folder, id)) = open.pop() {
        let failed = |error| match folder.trim_end_matches('/') {
            "" => unread(error, &format!("the tree {id} of the commit")),
            folder => unread(error, &format!("tree {id} of `{folder}`")),
        };
        for entry in &library.find_tree(id).map_err(failed)? {
            let path = || format!("{folder}{}", String::from_utf8_lossy(entry.name_bytes()));
            // A link too: on checkout git reads its target as if it were the text.
            let is_file = entry.kind() == Some(ObjectType::Blob);
            if is_file && entry.name_bytes() == b".gitattributes" {
                let failed = |error| unread(error, &format!("object {} of `{}`", entry.id(), path()));
                let blob = library.find_blob(entry.id()).map_err(failed)?;
                reasons.extend(wanted.reasons(blob.content()));
                if has_odd_pattern(blob.content()) {
                    reasons.push(ODD_PATTERN.to_owned());
                }
            }
            if folds_case && !seen.insert(path().to_lowercase()) {
                reasons.push(format!("`{}` has a twin that differs only in case", path()));
            }
            if entry.kind() == Some(ObjectType::Tree) {
                open.push((format!("{}/", path()), entry.id()));
            }
        }
    }
    Ok(reasons)
}
