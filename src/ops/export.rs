//! `wt init --export`: the file of another tool that makes worktrees, with the line that calls us. A file that is there is
//! left as it is.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::error::{Code, Failure, Result};
use crate::host::config_files::{is_there, read_layer, write_new_below};
use crate::model::config::layers::Source;
use crate::model::import::tools::export::{LINE, Tool};

/// What would be written.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Plan {
    pub path: PathBuf,
    /// The whole text of the new file; `null` where a file is there that calls us already.
    pub text: Option<String>,
    #[serde(skip)]
    relative: &'static str,
    #[serde(skip)]
    root: PathBuf,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub path: PathBuf,
    /// Whether anything was written there; false where the file calls us already.
    pub written: bool,
}

/// Returns what would be written into `root`.
///
/// # Errors
///
/// `path_not_empty` where the tool's file is there and does not call us: `details.add` has the line and its place.
pub fn plan(root: &Path, tool: Tool) -> Result<Plan> {
    let path = root.join(tool.file());
    if !is_there(&path) {
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(Plan { path, text: Some(tool.text(&name)), relative: tool.file(), root: root.to_owned() });
    }
    let known = read_layer(&path, Source::others())?;
    if known.is_some_and(|layer| Tool::has_line(&layer.text)) {
        return Ok(Plan { path, text: None, relative: tool.file(), root: root.to_owned() });
    }
    let hint = format!("add to `{}` of it: {LINE}", tool.key());
    Err(Failure::new(Code::PathNotEmpty, format!("{} is there already", path.display()))
        .detail("add", json!([{ "file": path.display().to_string(), "key": tool.key(), "lines": [LINE] }]))
        .hint(hint))
}

/// Writes what was planned.
///
/// # Errors
///
/// `path_not_empty` when a file came into being meanwhile, `permission` where it may not be written.
pub fn apply(plan: Plan) -> Result<Report> {
    let Some(text) = &plan.text else { return Ok(Report { path: plan.path, written: false }) };
    let path = write_new_below(&plan.root, plan.relative, text)?;
    Ok(Report { path, written: true })
}
