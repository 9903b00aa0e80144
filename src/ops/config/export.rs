//! The configuration that counts, as one file: what `--config` reads back to the same values.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::{LayerSources, load};
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::model::config::exported;

/// Only the user may read it: it may name hosts and commands.
const MODE: u32 = 0o600;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    /// `None` where the text is all that was asked for.
    pub file: Option<String>,
    pub text: String,
}

/// Writes what the files say, merged, into `file`, which must not exist, or returns it alone. Variables are no part of it.
///
/// # Errors
///
/// `config_invalid`; `path_not_empty` for a file that is there, `permission`.
pub fn export(sources: &LayerSources, file: Option<&Path>) -> Result<Report> {
    let config = load(&LayerSources { variables: &[], ..*sources })?;
    let text = exported::text(&config.values).map_err(|message| Failure::new(Code::Internal, message))?;
    if let Some(file) = file {
        if file.symlink_metadata().is_ok() {
            let message = format!("{} is there already", file.display());
            return Err(Failure::new(Code::PathNotEmpty, message).hint("name another file"));
        }
        files::make_new(file, text.as_bytes(), MODE)?;
    }
    Ok(Report { file: file.map(|file| file.display().to_string()), text })
}
