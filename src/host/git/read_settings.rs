//! What of the configuration was read already: a command asks for it many times.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use git2::Config;

/// What was read already: a command asks for it many times.
#[derive(Default)]
pub(super) struct ReadSettings {
    /// As far as all worktrees share it, conditions left out.
    pub(super) shared: OnceCell<Rc<Config>>,
    pub(super) only_git_knows: OnceCell<bool>,
    /// git's own answers, by the git folder of the worktree.
    pub(super) by_git: RefCell<HashMap<PathBuf, Rc<Config>>>,
}
