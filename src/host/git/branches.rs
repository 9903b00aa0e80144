//! Branches and commits, read: through libgit2, or through the git child where libgit2 cannot open the repository.

use git2::{ErrorCode, Oid};

use super::library_error::from_library;
use super::repository::{Repository, git_dir_word, unread};
use super::revision::{self, NamedRevision};
use super::tips::linked_reference;
use crate::error::{Code, Failure, Result};
use crate::host::git::library_error::is_absent;
use crate::host::git_files::objects::{Library, Unread};
use crate::model::branch::Head;

/// Answers whether git accepts `name` for a branch (git-check-ref-format(1)).
#[must_use]
pub fn is_valid_branch_name(name: &str) -> bool {
    git2::Branch::name_is_valid(name).unwrap_or(false)
}

/// Follows annotated tags to a commit, in hexadecimal.
fn peel(library: &Library, id: Oid) -> Result<Option<String>> {
    match library.peel(id) {
        Ok(commit) => Ok(commit.map(|commit| commit.to_string())),
        Err((_, Unread::Library(error))) if is_absent(&error) => Ok(None),
        Err((id, error)) => Err(unread(error, &format!("object {id}"))),
    }
}

impl Repository {
    /// Returns the commit that `spec` (a branch, tag, remote branch, hash, `HEAD~2`) names, in hexadecimal;
    /// `HEAD` is that of the worktree we stand in. Fails with `ambiguous` for a hash too short.
    pub fn find_commit(&self, spec: &str) -> Result<Option<String>> {
        if spec.is_empty() {
            return Ok(None);
        }
        let Some(library) = self.library() else {
            return self.ask_commit(spec);
        };
        let names_head = spec.contains("HEAD") || spec.contains('@');
        if names_head && self.is_head_linked() {
            return self.ask_commit(spec);
        }
        let own_head = if names_head { self.open_current()? } else { None };
        let library = own_head.as_ref().unwrap_or(library);
        let refused = |error: git2::Error| match error.code() {
            ErrorCode::Ambiguous => {
                Err(Failure::new(Code::Ambiguous, format!("`{spec}` names several commits"))
                    .hint("give more digits of the hash")
                    .caused_by(error))
            }
            _ => Err(from_library(error, &format!("read `{spec}`"))),
        };
        match revision::find(library, spec) {
            Ok(NamedRevision::Object(id)) => peel(library, id),
            Ok(NamedRevision::Absent) => Ok(None),
            Ok(NamedRevision::Expression) if library.has_loose() => self.ask_commit(spec),
            Ok(NamedRevision::Expression) => {
                match library.revparse_single(spec).and_then(|object| object.peel_to_commit()) {
                    Ok(commit) => Ok(Some(commit.id().to_string())),
                    Err(error) if is_absent(&error) => Ok(None),
                    Err(error) => refused(error),
                }
            }
            Err(error) => refused(error),
        }
    }

    /// Asks git for the commit that `spec` names.
    fn ask_commit(&self, spec: &str) -> Result<Option<String>> {
        let wanted = format!("{spec}^{{commit}}");
        let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted];
        let output = self.git_of(self.current_admin()).args(args).run()?;
        let text = output.text();
        let line = text.lines().last().unwrap_or_default();
        match output.status {
            0 => Ok(Some(line.to_owned())),
            1 => Ok(None),
            _ => Err(self.git_refused(&output.complaint())),
        }
    }

    /// Returns the commit of the local branch `name`, in hexadecimal.
    pub fn find_branch(&self, name: &str) -> Result<Option<String>> {
        self.find_reference(&format!("refs/heads/{name}"))
    }

    /// Returns the commit that the full ref name leads to, in hexadecimal.
    pub fn find_reference(&self, name: &str) -> Result<Option<String>> {
        let Some(library) = self.library() else {
            return self.ask_reference(name);
        };
        match library.find_reference(name).and_then(|reference| reference.resolve()) {
            Ok(reference) => reference.target().map_or(Ok(None), |id| peel(library, id)),
            // libgit2 takes a link for a path.
            Err(error) if is_absent(&error) => match linked_reference(&self.common_dir.join(name)) {
                Some(_) => self.ask_reference(name),
                None => Ok(None),
            },
            Err(error) => Err(from_library(error, &format!("read `{name}`"))),
        }
    }

    fn ask_reference(&self, name: &str) -> Result<Option<String>> {
        let output =
            self.git().args(["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")]).run()?;
        match output.status {
            0 => Ok(Some(output.text())),
            1 => Ok(None),
            _ => Err(self.git_refused(&output.complaint())),
        }
    }

    /// Returns every local branch with its commit in hexadecimal, in the order of their names.
    pub fn branches(&self) -> Result<Vec<(String, String)>> {
        let references = self.references("refs/heads/")?;
        Ok(references
            .into_iter()
            .filter_map(|(name, commit)| Some((name.strip_prefix("refs/heads/")?.to_owned(), commit)))
            .collect())
    }

    /// Returns the full name and the commit of every ref whose name begins with `prefix`, in the order of names.
    pub(super) fn references(&self, prefix: &str) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        if let Some(library) = self.library() {
            let failed = |error| from_library(error, "list the refs");
            for reference in library.references_glob(&format!("{prefix}*")).map_err(failed)? {
                let Ok(reference) = reference else { continue };
                let Ok(target) = reference.resolve() else { continue };
                if let (Ok(name), Some(id)) = (reference.name(), target.target())
                    && let Ok(Some(commit)) = peel(library, id)
                {
                    found.push((name.to_owned(), commit));
                }
            }
        } else {
            let pattern = prefix.trim_end_matches('/');
            let args = ["for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", pattern];
            for line in self.git().args(args).require()?.text().lines() {
                let mut words = line.splitn(3, ' ');
                if let (Some(direct), Some(peeled), Some(name)) = (words.next(), words.next(), words.next()) {
                    let commit = if peeled.is_empty() { direct } else { peeled };
                    found.push((name.to_owned(), commit.to_owned()));
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Returns the branch that stands in the way of a new branch `name`: `feat` of `feat/x`, and the reverse.
    pub fn branch_obstacle(&self, name: &str) -> Result<Option<String>> {
        for (at, _) in name.match_indices('/') {
            let above = &name[..at];
            if self.find_branch(above)?.is_some() {
                return Ok(Some(above.to_owned()));
            }
        }
        let below = self.references(&format!("refs/heads/{name}/"))?;
        Ok(below.into_iter().find_map(|(full, _)| Some(full.strip_prefix("refs/heads/")?.to_owned())))
    }

    /// Returns what HEAD of the worktree we stand in points at; the repository's own HEAD elsewhere.
    pub fn head(&self) -> Result<Head> {
        self.read_head(self.current_admin())
    }

    pub(super) fn current_admin(&self) -> Option<&str> {
        self.current.as_ref().and_then(|current| current.admin.as_deref())
    }

    /// Opens the linked worktree we stand in, whose `HEAD` differs from the repository's.
    fn open_current(&self) -> Result<Option<Library>> {
        let (Some(admin), Some(_)) = (self.current_admin(), self.library()) else {
            return Ok(None);
        };
        git2::Repository::open(self.admin_dir(admin))
            .map(|opened| Some(opened.into()))
            .map_err(|error| from_library(error, &format!("open the worktree `{admin}`")))
    }

    /// Answers whether the HEAD of where we stand is a link, which libgit2 takes for a path.
    fn is_head_linked(&self) -> bool {
        let folder =
            self.current_admin().map_or_else(|| self.common_dir.clone(), |admin| self.admin_dir(admin));
        linked_reference(&folder.join("HEAD")).is_some()
    }

    /// A git child for the refs and HEAD of one worktree.
    pub(super) fn git_of(&self, admin: Option<&str>) -> super::command::Git<'_> {
        let Some(admin) = admin else {
            return self.git();
        };
        let folder = self.admin_dir(admin);
        self.git_in(&folder).args([git_dir_word(&folder)])
    }

    /// The failure for a repository that neither libgit2 nor the installed git can read.
    pub(super) fn git_refused(&self, complaint: &str) -> Failure {
        let message = format!("git cannot read {}: {complaint}", self.common_dir.display());
        let failure = Failure::new(Code::GitFailed, message);
        if complaint.contains("repository version") || complaint.contains("extension") {
            return failure.hint("the repository's format needs a newer git: install one, then try again");
        }
        failure.hint(format!("see what git says: git --git-dir={} rev-parse HEAD", self.common_dir.display()))
    }
}
