//! All packs of a repository, shared by the threads that read from them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use git2::Oid;

use super::bases::Bases;
use super::fault::PackFault;
use super::index::{Index, Name, PackPlace};
use super::pack::Pack;
use super::stores;

/// Bytes of bases that are kept.
const MOST_OF_BASES: usize = 64 * 1024 * 1024;
/// Bytes of indexes that are kept in memory.
const MOST_OF_INDEXES: u64 = 24 * 1024 * 1024;

/// The packs of one repository and of those that it borrows from.
pub struct Packs {
    packs: Vec<Source>,
    pub(super) bases: Bases,
}

struct Source {
    path: PathBuf,
    index: Index,
    opened: Mutex<Option<Arc<Opened>>>,
}

/// A pack that is read from.
pub(super) struct Opened {
    pub(super) pack: Pack,
    /// Where each object begins; none for a pack with too many.
    order: Option<Vec<PackPlace>>,
}

impl Opened {
    /// Answers whether it is known where each object begins.
    pub(super) fn has_order(&self) -> bool {
        self.order.is_some()
    }

    /// Finds the object that begins at an offset: the number that the index has for it, and where the next one begins.
    pub(super) fn find(&self, offset: u64) -> Option<(u32, u64)> {
        let order = self.order.as_ref()?;
        let at = order.binary_search_by_key(&offset, |found| found.offset).ok()?;
        let end = order.get(at + 1).map_or(self.pack.end(), |next| next.offset);
        Some((order[at].number, end))
    }
}

/// Where an object is. In the order of positions, packs are read from front to back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The pack's number.
    pub(super) pack: usize,
    /// Bytes from the pack's start.
    pub(super) offset: u64,
    /// The object's number in the index.
    pub(super) number: u32,
}

impl Packs {
    /// Opens the indexes of all packs below `objects`, git's folder of objects, and below its alternates. What cannot
    /// be read is left out: its objects have no position.
    #[must_use]
    pub fn open(objects: &Path) -> Self {
        Self::open_within(objects, MOST_OF_INDEXES)
    }

    /// The same without the alternates' packs.
    #[must_use]
    pub fn open_alone(objects: &Path) -> Self {
        Self::open_indexes(stores::indexes(&[objects.to_owned()]), MOST_OF_INDEXES)
    }

    /// The same, with at most so many bytes of indexes in memory.
    pub(super) fn open_within(objects: &Path, memory: u64) -> Self {
        Self::open_indexes(stores::indexes(&stores::folders(objects)), memory)
    }

    fn open_indexes(indexes: Vec<PathBuf>, mut memory: u64) -> Self {
        let open = |path: PathBuf| {
            let index = Index::open(&path, &mut memory).ok()?;
            Some(Source { path: path.with_extension("pack"), index, opened: Mutex::default() })
        };
        let mut packs: Vec<Source> = indexes.into_iter().filter_map(open).collect();
        // Most objects are found in the first one asked.
        packs.sort_by_key(|source| std::cmp::Reverse(source.index.count()));
        Self { packs, bases: Bases::new(MOST_OF_BASES) }
    }

    /// Returns where an object is; none for one that is in no pack, or in one that cannot be read here.
    #[must_use]
    pub fn position(&self, id: Oid) -> Option<Position> {
        self.position_from(id, 0)
    }

    /// Returns where an object is a second time, in another pack than those asked up to `position`.
    #[must_use]
    pub fn position_after(&self, id: Oid, position: Position) -> Option<Position> {
        self.position_from(id, position.pack + 1)
    }

    fn position_from(&self, id: Oid, first: usize) -> Option<Position> {
        let name: &Name = id.as_bytes().try_into().ok()?;
        self.packs.iter().enumerate().skip(first).find_map(|(pack, source)| {
            let PackPlace { offset, number } = source.index.find(name).ok()??;
            Some(Position { pack, offset, number })
        })
    }

    pub(super) fn index(&self, pack: usize) -> &Index {
        &self.packs[pack].index
    }

    pub(super) fn count(&self) -> usize {
        self.packs.len()
    }

    /// Opens a pack, or hands out the one that is open.
    pub(super) fn pack(&self, pack: usize) -> Result<Arc<Opened>, PackFault> {
        let source = &self.packs[pack];
        let mut opened = source.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pack) = &*opened {
            return Ok(Arc::clone(pack));
        }
        let pack = Pack::open(&source.path, source.index.count(), source.index.pack_checksum)?;
        let order = source.index.in_pack_order();
        Ok(Arc::clone(opened.insert(Arc::new(Opened { pack, order }))))
    }
}
