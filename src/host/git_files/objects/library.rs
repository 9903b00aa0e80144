//! libgit2's handle on a repository that reads no loose object which is not whole.

use std::cell::OnceCell;
use std::fmt;
use std::ops::Deref;

use git2::{Blob, Commit, ObjectType, Oid, Repository, Tree};

use super::loose::Loose;

/// A repository opened by libgit2. What it finds itself is safe to find; what libgit2 reads on its own (a walk through
/// history, a revision's spelling) is so only while [`is_history_whole`](Self::is_history_whole) or
/// [`has_loose`](Self::has_loose) say so.
pub struct Library {
    repository: Repository,
    loose: OnceCell<Loose>,
}

impl From<Repository> for Library {
    fn from(repository: Repository) -> Self {
        Self { repository, loose: OnceCell::new() }
    }
}

impl Deref for Library {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        &self.repository
    }
}

/// Why an object was not read.
#[derive(Debug)]
pub enum Unread {
    /// Its loose file is not whole; why.
    Damaged(&'static str),
    /// libgit2 could not.
    Library(git2::Error),
}

impl fmt::Display for Unread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(why) => formatter.write_str(why),
            Self::Library(error) => formatter.write_str(error.message()),
        }
    }
}

impl std::error::Error for Unread {}

impl From<git2::Error> for Unread {
    fn from(error: git2::Error) -> Self {
        Self::Library(error)
    }
}

impl Library {
    /// Answers with success unless libgit2 would read the object out of a loose file that is not whole.
    ///
    /// # Errors
    ///
    /// [`Unread::Damaged`].
    pub fn require_whole(&self, id: Oid) -> Result<(), Unread> {
        self.loose().require_whole(id).map_err(Unread::Damaged)
    }

    /// Reads a commit.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be read.
    pub fn find_commit(&self, id: Oid) -> Result<Commit<'_>, Unread> {
        self.require_whole(id)?;
        Ok(self.repository.find_commit(id)?)
    }

    /// Reads a tree.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be read.
    pub fn find_tree(&self, id: Oid) -> Result<Tree<'_>, Unread> {
        self.require_whole(id)?;
        Ok(self.repository.find_tree(id)?)
    }

    /// Reads a blob.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be read.
    pub fn find_blob(&self, id: Oid) -> Result<Blob<'_>, Unread> {
        self.require_whole(id)?;
        Ok(self.repository.find_blob(id)?)
    }

    /// Follows annotated tags to a commit; none where they lead to something else.
    ///
    /// # Errors
    ///
    /// The object that cannot be read, and why not; an absent one too.
    pub fn peel(&self, id: Oid) -> Result<Option<Oid>, (Oid, Unread)> {
        let mut at = id;
        loop {
            self.require_whole(at).map_err(|unread| (at, unread))?;
            let object = self.repository.find_object(at, None).map_err(|error| (at, error.into()))?;
            match (object.kind(), object.as_tag()) {
                (Some(ObjectType::Commit), _) => return Ok(Some(at)),
                (_, Some(tag)) => at = tag.target_id(),
                _ => return Ok(None),
            }
        }
    }

    /// Answers whether there may be any loose object.
    #[must_use]
    pub fn has_loose(&self) -> bool {
        self.loose().is_any()
    }

    /// Answers whether every loose commit and tag is whole, so that libgit2 may walk through history. All loose objects'
    /// headers are read for that, once.
    #[must_use]
    pub fn is_history_whole(&self) -> bool {
        self.loose().is_history_whole()
    }

    fn loose(&self) -> &Loose {
        self.loose.get_or_init(|| Loose::of(&self.repository.commondir().join("objects")))
    }
}
