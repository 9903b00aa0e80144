//! What becomes of a setup, for those who asked for it and those who make a worktree.

use super::background;
use super::work::view;
use crate::context::Context;
use crate::error::Failure;
use crate::host::git::Repository;
use crate::model::registry::entry::Entry;
use crate::model::setup::SetupView;

/// Whether somebody asked for the setup, or it is a part of something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupWish {
    /// A part of a create: what is not trusted is no failure.
    Along,
    /// Asked for by itself.
    Asked,
}

/// What became of a setup.
#[derive(Debug)]
pub struct SetupOutcome {
    pub setup: SetupView,
    /// Why it is not done.
    pub failure: Option<Failure>,
    pub warnings: Vec<String>,
    pub hint: Option<String>,
}

impl SetupOutcome {
    pub(super) fn of(context: &Context, entry: &Entry) -> Self {
        Self { setup: view(context, entry), failure: None, warnings: Vec::new(), hint: None }
    }

    pub(super) fn warned(mut self, warning: Option<String>) -> Self {
        self.warnings.extend(warning);
        self
    }

    /// Starts what nobody waits for: what was set up is set up, whatever becomes of that.
    pub(super) fn go_on(mut self, context: &Context, repository: &Repository, entry: &Entry) -> Self {
        match background::start(context, repository, entry) {
            Ok(hint) => self.hint = hint,
            Err(failure) => self.warnings.push(failure.message().to_owned()),
        }
        self
    }
}
