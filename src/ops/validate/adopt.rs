//! Records a worktree that has no record, with the ports that its own env block names: it may be running on them.

use std::path::Path;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::ops::adopt as adoption;
use crate::ops::create::WantedPorts;

use super::grounds::Grounds;

/// Adopts the worktree at `path`.
///
/// # Errors
///
/// What stops an adoption.
pub fn adopt(context: &Context, grounds: &Grounds<'_>, path: &Path) -> Result<Vec<String>> {
    context.host.interrupt.check()?;
    let is_its = |repository: &Repository| repository.require_own(path).is_ok();
    let ground = grounds.contexts().find(|ground| ground.repository.as_ref().is_some_and(is_its));
    let Some(ground) = ground else {
        let message = format!("{} is not a worktree of the repositories that were looked at", path.display());
        return Err(Failure::new(Code::NotFound, message).hint(format!("`wt adopt` in {}", path.display())));
    };
    let request = adoption::Request {
        paths: vec![path.to_path_buf()],
        purpose: None,
        ports: WantedPorts::None,
        gives_way: false,
    };
    let report = adoption::adopt(ground, &request)?;
    let name = report.worktree.map(|worktree| worktree.name).unwrap_or_default();
    let mut said = report.warnings;
    said.push(format!("`{name}` was recorded"));
    Ok(said)
}
