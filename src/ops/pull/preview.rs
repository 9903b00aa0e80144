//! What opening a pull request would make: the remote is asked, and nothing is fetched.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::{fetched, open};
use crate::context::Context;
use crate::error::Result;
use crate::model::foreign::Pull;
use crate::model::pull::WantedPull;
use crate::model::view::as_text;
use crate::ops::create::{self, Request};

/// What would be made.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct PullPreview {
    pub name: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// Whether it would be created; else it is there and would be moved forward.
    pub created: bool,
    pub pull: Pull,
}

/// Looks.
///
/// # Errors
///
/// As [`open`](open::open) before anything is made.
pub fn preview(context: &Context, wanted: &WantedPull, request: &Request) -> Result<PullPreview> {
    let repository = context.require_repository()?;
    let remote = fetched::require_remote(context, repository, wanted)?;
    let interrupt = &context.host.interrupt;
    let reference = wanted.reference(&remote.forge(&context.config.forge.hosts));
    let head = repository.ask_pull(&remote.name, &reference, &|| interrupt.is_raised())?;
    let url = wanted.page.as_ref().map(|(page, _)| page.clone());
    let pull = Pull { number: wanted.number, url, remote: remote.name, reference, head, ..Pull::default() };
    if let Some((row, entry)) = open::find_open(context, repository, &pull)? {
        return Ok(PullPreview { name: entry.name, path: row.path().to_path_buf(), created: false, pull });
    }
    let (name, path) = create::names(context, &open::named(wanted, request)?)?;
    Ok(PullPreview { name, path, created: true, pull })
}
