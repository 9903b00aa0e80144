//! The configuration, gathered from its layers.

use std::path::Path;

use crate::error::{Code, Failure, Result};
use crate::model::config::layers::FlagValue;
use crate::model::config::settings::Config;

/// Where the layers come from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The user's `config.toml`; `None` when no folder for it can be named.
    pub user_file: Option<&'a Path>,
    /// The main worktree, or in a bare repository the folder one stands in.
    pub repository_root: Option<&'a Path>,
    /// `--config FILE`, absolute: read instead of the two files.
    pub config_flag: Option<&'a Path>,
    /// The environment; only `WT_` variables that name a key are read.
    pub variables: &'a [(String, String)],
    /// Flags that override a key.
    pub flags: &'a [FlagValue],
}

/// Loads the effective configuration.
pub fn load(_sources: &Sources) -> Result<Config> {
    Err(Failure::new(Code::Internal, "the configuration is not there yet"))
}
