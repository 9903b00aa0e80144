//! Why a look of our own is not enough, so that git must tell.

/// Why git must tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host::git) struct Doubt(pub(in crate::host::git) &'static str);
