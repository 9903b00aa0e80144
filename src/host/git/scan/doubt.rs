//! Why a look of our own is not enough, so that git must tell.

use crate::host::git_files::index::UnreadIndex;

/// Why git must tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host::git) struct ScanDoubt(pub(in crate::host::git) &'static str);

impl From<UnreadIndex> for ScanDoubt {
    fn from(UnreadIndex(why): UnreadIndex) -> Self {
        Self(why)
    }
}
