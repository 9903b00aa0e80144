//! Whether our own checkout gives what git would give, or git must do it; every reason is one of libgit2's gaps.

use schemars::JsonSchema;
use std::path::Path;

use git2::Config;

use super::attributes::Wanted;
use super::conversions::reasons_outside;
use super::library_error::from_library;
use super::remotes::oid;
use super::repository::{Repository, unread};
use crate::error::Result;

/// Who does the work.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, serde::Serialize)]
#[serde(tag = "by", content = "because", rename_all = "snake_case")]
pub enum GitSupport {
    /// libgit2 and our own checkout.
    Engine,
    /// The git child, for these reasons, each a phrase: "the filter `lfs` is in use".
    Git(Vec<String>),
}

impl std::fmt::Display for GitSupport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Engine => formatter.write_str("wt's own checkout"),
            Self::Git(reasons) => write!(formatter, "git: {}", reasons.join(", ")),
        }
    }
}

impl GitSupport {
    fn from_reasons(mut reasons: Vec<String>) -> Self {
        reasons.sort();
        reasons.dedup();
        if reasons.is_empty() { Self::Engine } else { Self::Git(reasons) }
    }
}

impl Repository {
    /// Decides who checks out `commit` (in hexadecimal), as far as that can be told where we stand: one walk over its
    /// trees, reading only `.gitattributes`.
    pub fn way(&self, commit: &str) -> Result<GitSupport> {
        let git_dir = self.current_admin().map(|admin| self.admin_dir(admin));
        self.way_from(commit, git_dir.as_deref().unwrap_or(&self.common_dir))
    }

    /// Decides the same for a worktree that git knows already as `admin`: with its git folder, on its branch.
    pub fn way_in(&self, commit: &str, admin: &str) -> Result<GitSupport> {
        self.way_from(commit, &self.admin_dir(admin))
    }

    fn way_from(&self, commit: &str, git_dir: &Path) -> Result<GitSupport> {
        let Some(library) = self.library() else {
            return Ok(GitSupport::Git(vec![self.refusal_phrase()]));
        };
        let settings = self.settings(Some(git_dir))?;
        let mut reasons = settings_reasons(&settings)?;
        let own = git_dir.join("config.worktree");
        if settings.get_bool("extensions.worktreeconfig").unwrap_or(false) && own.exists() {
            reasons.push(
                "worktrees have their own configuration (config.worktree), which git copies".to_owned(),
            );
        }
        // Trees of a partial clone may be missing, and what is found there could not change the answer.
        if reasons.is_empty() {
            let wanted = Wanted::new(&settings)?;
            let outside = self.outside_rules_of(&settings);
            reasons.extend(reasons_outside(&settings, &outside));
            let texts = [&outside.info, &outside.user, &outside.system];
            reasons.extend(texts.iter().flat_map(|text| wanted.reasons(text)));
            let folds_case = settings.get_bool("core.ignorecase").unwrap_or(false);
            let found = library.find_commit(oid(commit)?);
            let tree = found.map_err(|error| unread(error, &format!("commit {commit}")))?.tree_id();
            reasons.extend(super::attributes::tree_reasons(library, tree, &wanted, folds_case)?);
        }
        Ok(GitSupport::from_reasons(reasons))
    }

    fn refusal_phrase(&self) -> String {
        format!("libgit2 cannot open the repository: {}", self.library_refusal().unwrap_or("unknown format"))
    }
}

/// Returns what the configuration alone says against libgit2.
fn settings_reasons(settings: &Config) -> Result<Vec<String>> {
    let is_on = |key: &str| settings.get_bool(key).unwrap_or(false);
    let mut reasons = Vec::new();
    let mut add = |phrase: &str| reasons.push(phrase.to_owned());
    if is_on("core.sparseCheckout") {
        add("the checkout is sparse");
    }
    if settings.get_bool("core.symlinks").is_ok_and(|symlinks| !symlinks) {
        add("core.symlinks is off");
    }
    if settings.get_string("extensions.partialclone").is_ok() {
        add("the clone is partial");
    } else {
        let failed = |error| from_library(error, "read the remotes");
        let mut is_promised = false;
        let entries = settings.entries(Some(r"^remote\..*\.promisor$")).map_err(failed)?;
        entries
            .for_each(|entry| {
                is_promised |= !entry.has_value() || entry.value().is_ok_and(|value| value != "false");
            })
            .map_err(failed)?;
        if is_promised {
            add("the clone is partial");
        }
    }
    Ok(reasons)
}
