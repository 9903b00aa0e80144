//! A worktree's own `.wt.toml` that its branch changed: only the main worktree's counts, and whoever relies on the change is
//! told so, once for each text of it.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::host::config_files::{REPOSITORY_FILE, read_layer, repository_file};
use crate::host::git::Repository;
use crate::model::config::edited::is_edited;
use crate::model::config::layers::Source;
use crate::model::foreign::WrittenMark;

/// A file without effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditedConfig {
    pub file: PathBuf,
    /// The one that counts, which need not be there.
    pub counts: PathBuf,
    /// Whether the worktree has, or had, a stranger's code: nobody is advised to read its file.
    pub is_foreign: bool,
    text: String,
}

/// Looks at the worktree in `folder`; `None` where its file is the one that counts, or says what its branch began with.
#[must_use]
pub fn find_edited(context: &Context, repository: &Repository, folder: &Path) -> Option<EditedConfig> {
    // A bare repository has no main worktree: there each worktree's own file counts.
    if repository.is_bare() || context.config_file.is_some() || folder == repository.root() {
        return None;
    }
    let (file, counts) = (repository_file(folder), repository_file(repository.root()));
    // What cannot be read has no effect either, and nothing can be said of it.
    let read = |path: &Path| read_layer(path, Source::others()).ok().flatten().map(|layer| layer.text);
    let (own, counted) = (read(&file)?, read(&counts));
    // History is asked only where the two differ, which is rare.
    if !is_edited(&own, counted.as_deref(), None) {
        return None;
    }
    let base = repository.text_where_parted(folder, REPOSITORY_FILE);
    is_edited(&own, counted.as_deref(), base.as_deref()).then_some(EditedConfig {
        file,
        counts,
        is_foreign: repository
            .find_admin_named_by(folder)
            .is_some_and(|admin| repository.foreign_mark(&admin) != WrittenMark::Nothing),
        text: own,
    })
}

/// As [`find_edited`], the first time only: what it returned once for a text it does not return again.
#[must_use]
pub fn find_untold(context: &Context, folder: &Path) -> Option<EditedConfig> {
    let repository = context.repository.as_ref()?;
    let edited = find_edited(context, repository, folder)?;
    let admin = repository.find_admin_named_by(folder)?;
    repository.note_told(&admin, &edited.text).then_some(edited)
}
