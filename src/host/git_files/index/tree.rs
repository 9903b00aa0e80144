//! The cache of trees in an index: it tells that nothing is staged without a look at any tree.

use super::bytes::Bytes;
use super::unread::{NAME, UnreadIndex};

/// How deep folders may lie in each other.
const DEEPEST: usize = 2048;

/// A folder in the cache.
#[derive(Debug, Default)]
pub struct TreeCache {
    name: Vec<u8>,
    /// The tree of exactly these entries; `None` where something was staged since.
    pub tree: Option<[u8; NAME]>,
    folders: Vec<TreeCache>,
}

impl TreeCache {
    pub(super) fn parse(extension: &[u8]) -> Result<Self, UnreadIndex> {
        Self::take(&mut Bytes::of(extension), 0)
    }

    /// Returns the folder of that name in it.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&Self> {
        let at = self.folders.binary_search_by(|folder| folder.name.as_slice().cmp(name)).ok()?;
        self.folders.get(at)
    }

    fn take(rest: &mut Bytes<'_>, depth: usize) -> Result<Self, UnreadIndex> {
        if depth > DEEPEST {
            return Err(UnreadIndex("the tree cache is too deep"));
        }
        let name = rest.until(0)?.to_vec();
        let entries = rest.decimal(b' ')?;
        let folders = rest.decimal(b'\n')?;
        let tree = if entries < 0 { None } else { rest.take(NAME)?.try_into().ok() };
        let folders = (0..folders).map(|_| Self::take(rest, depth + 1)).collect::<Result<Vec<_>, _>>();
        let mut folders = folders?;
        // git has the short names first.
        folders.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { name, tree, folders })
    }
}
