//! The folder in which a service's commands run: below the worktree, links followed.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::host::inside::{self, Leads};
use crate::model::config::problem::ValueFault;
use crate::model::config::settings::Config;
use crate::model::service::ServiceName;

/// Returns the folder of `service` in `worktree`, absolute; to be asked again right before something runs there.
///
/// # Errors
///
/// `config_invalid`, naming file and line, for one that is not there, is no folder, or lies outside of the worktree.
pub fn require(config: &Config, worktree: &Path, service: &ServiceName) -> Result<PathBuf> {
    let Some(folder) = config.services.get(service).and_then(|settings| settings.folder.as_deref()) else {
        return Ok(worktree.to_path_buf());
    };
    let shown = folder.escape_debug();
    let fault = match inside::follow(worktree, folder) {
        Ok(Leads::Inside) => return Ok(worktree.join(folder)),
        Ok(Leads::Outside(real)) => {
            ValueFault::new(format!("`{shown}` leads out of the worktree, to {}", real.display()))
                .hint("name a folder of the worktree itself")
        }
        Ok(Leads::NoFolder) => ValueFault::new(format!("`{shown}` is not a folder")),
        Err(error) => {
            let problem = format!("`{shown}` cannot be used in {}: {error}", worktree.display());
            ValueFault::new(problem).hint("name a folder that is part of the branch")
        }
    };
    Err(config.failure(&format!("service.{service}.folder"), fault))
}
