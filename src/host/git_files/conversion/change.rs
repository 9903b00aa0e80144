//! What happens to one path's content: first `$Id$`, then line endings.

use std::borrow::Cow;

use git2::Oid;

use super::endings::Endings;
use super::ident::Ident;

/// What happens to one path's content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Conversion {
    /// Comes second.
    pub endings: Endings,
    /// Comes first.
    pub ident: Ident,
}

impl Conversion {
    /// Answers whether every content stays as it is.
    pub fn is_identity(self) -> bool {
        self == Self::default()
    }

    /// Returns what git would write for a blob with this content and name.
    pub fn apply(self, content: &[u8], id: Oid) -> Cow<'_, [u8]> {
        match self.ident.expand(content, id) {
            Cow::Borrowed(content) => self.endings.apply(content),
            Cow::Owned(expanded) => match self.endings.apply(&expanded) {
                Cow::Owned(converted) => Cow::Owned(converted),
                Cow::Borrowed(_) => Cow::Owned(expanded),
            },
        }
    }
}
