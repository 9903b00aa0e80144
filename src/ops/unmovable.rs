//! What is said of a folder that the system does not rename.

use std::path::Path;

use crate::host::moving::Unmovable;
use crate::model::quoting::quote_sh;

/// Why it is so, in words.
#[must_use]
pub fn unmovable(reason: Unmovable) -> &'static str {
    match reason {
        Unmovable::LowerLayer => {
            "it lies in the lower layer of an overlay, as in a container's image, where no folder can be renamed; nothing \
             was changed"
        }
        Unmovable::Mounted => {
            "something is mounted there, or its parent is on another file system; nothing was changed"
        }
    }
}

/// The command that makes a folder of the lower layer anew in the upper one, where it can be renamed.
#[must_use]
pub fn made_anew(folder: &Path) -> String {
    let text = folder.to_string_lossy();
    let (old, copy) = (quote_sh(&text), quote_sh(&format!("{text}.copy")));
    format!(
        "make it anew in the upper layer: `cp -a {old} {copy} && rm -r {old} && mv {copy} {old}`, then try again"
    )
}
