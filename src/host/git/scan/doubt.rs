//! Why a look of our own is not enough, so that git must tell.

use crate::host::git_files::index::Unread;

/// Why git must tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host::git) struct Doubt(pub(in crate::host::git) &'static str);

impl From<Unread> for Doubt {
    fn from(Unread(why): Unread) -> Self {
        Self(why)
    }
}
