//! The attribute files of a tree that is checked out: git takes those, not what lies in any folder.

use super::plan::{CheckoutEntry, CheckoutKind, Plan, shown, unreadable};
use crate::error::Result;
use crate::host::git_files::conversion::{Conversions, Outside};
use crate::host::git_files::objects::Library;

const NAME: &[u8] = b".gitattributes";

/// Reads the conversions of the plan's paths.
pub(super) fn read(library: &Library, plan: &Plan, outside: &Outside) -> Result<Conversions> {
    let mut inside = Vec::new();
    // git minds no mode here: the target of a link is read as if it were the file's text.
    let is_wanted = |entry: &&CheckoutEntry| entry.kind != CheckoutKind::Submodule && entry.name() == NAME;
    for entry in plan.entries.iter().filter(is_wanted) {
        let blob = library.find_blob(entry.id).map_err(|error| {
            unreadable(error, &format!("object {} of `{}` cannot be read", entry.id, shown(&entry.path)))
        })?;
        inside.push((plan.folders[entry.folder].path.clone(), blob.content().to_vec()));
    }
    Ok(Conversions::new(outside, inside))
}
