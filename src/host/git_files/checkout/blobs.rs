//! The content of files, out of packs where that is quick, else out of libgit2's object database. Both hold what they
//! read against a checksum, so a damaged object is a failure and never a wrong byte.

use std::cell::RefCell;
use std::io::Read;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use git2::{ObjectType, Odb, OdbObject, Oid};
use sha1::{Digest, Sha1};

use super::plan::{shown, unreadable};
use crate::error::{Code, Failure, Result};
use crate::host::git_files::objects::{Library, Unread};
use crate::host::git_files::packs::{ObjectKind, PackFault, Packs, Position, Reader};

/// A loose object of more bytes than this on disk may be a large one.
const PERHAPS_LARGE: u64 = 64 * 1024;
/// From so many bytes on it is read in pieces.
const LARGE: usize = 4 * 1024 * 1024;
/// Bytes that are read from it at once.
const PIECE: usize = 128 * 1024;

/// Where one thread reads blobs from.
pub(super) struct Blobs<'r> {
    library: &'r Library,
    odb: Odb<'r>,
    objects: PathBuf,
    packs: Option<(&'r Packs, RefCell<Reader<'r>>)>,
}

/// A blob, read whole.
pub(super) enum Blob<'b> {
    Packed(Arc<Vec<u8>>),
    Other(OdbObject<'b>),
}

impl Deref for Blob<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Packed(bytes) => bytes,
            Self::Other(object) => object.data(),
        }
    }
}

impl Blob<'_> {
    /// Returns its bytes.
    pub(super) fn data(&self) -> &[u8] {
        self
    }
}

/// Why pouring ended early.
enum Stopped {
    Fault(PackFault),
    Sink(Failure),
}

impl From<PackFault> for Stopped {
    fn from(fault: PackFault) -> Self {
        Self::Fault(fault)
    }
}

impl<'r> Blobs<'r> {
    /// Opens the object database of a repository, its alternates too.
    pub(super) fn open(library: &'r Library) -> Result<Self> {
        let objects = library.commondir().join("objects");
        let odb = library.odb().map_err(|error| unreadable(error, "the object database cannot be opened"))?;
        Ok(Self { library, odb, objects, packs: None })
    }

    /// Opens it with packs that all threads share.
    pub(super) fn with_packs(library: &'r Library, packs: &'r Packs) -> Result<Self> {
        let reader = RefCell::new(Reader::new(packs));
        Ok(Self { packs: Some((packs, reader)), ..Self::open(library)? })
    }

    /// Reads a blob whole; `path` is what a failure says it is for.
    pub(super) fn read(&self, id: Oid, path: &[u8]) -> Result<Blob<'_>> {
        match self.find_packed(id) {
            Some((reader, position)) => self.read_packed(id, path, &mut reader.borrow_mut(), position),
            None => self.read_other(id, path, None),
        }
    }

    fn read_packed(&self, id: Oid, path: &[u8], reader: &mut Reader, position: Position) -> Result<Blob<'_>> {
        match reader.read(id, position) {
            Ok(object) if object.kind == ObjectKind::Blob => Ok(Blob::Packed(object.bytes)),
            Ok(object) => Err(no_file(id, path, object.kind.into())),
            // libgit2 would go round and round.
            Err(fault @ PackFault::Endless) => Err(broken(id, path, &fault)),
            Err(fault) => match self.packs.as_ref().and_then(|(packs, _)| packs.position_after(id, position))
            {
                // libgit2 asks only one of several packs.
                Some(position) => self.read_packed(id, path, reader, position),
                None => self.read_other(id, path, Some(&fault)),
            },
        }
    }

    /// Reads what is not in a pack, or what a pack did not let us read.
    fn read_other(&self, id: Oid, path: &[u8], fault: Option<&PackFault>) -> Result<Blob<'_>> {
        match self.library.require_whole(id).and_then(|()| self.odb.read(id).map_err(Unread::from)) {
            Ok(object) if object.kind() == ObjectType::Blob => Ok(Blob::Other(object)),
            Ok(object) => Err(no_file(id, path, object.kind())),
            Err(error) => Err(match fault {
                Some(fault @ PackFault::Damaged(_)) => broken(id, path, fault),
                _ => unreadable(error, &format!("object {id} of `{}` cannot be read", shown(path))),
            }),
        }
    }

    /// Hands a blob to `sink`: at once, or in pieces when it is large, so that it takes little memory. Nothing is
    /// handed over of one that cannot be read; of a large one, that may turn out at the end.
    pub(super) fn pour(&self, id: Oid, path: &[u8], sink: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Some((reader, position)) = self.find_packed(id) else {
            if self.is_large_and_loose(id) {
                return self.pour_loose(id, path, sink);
            }
            return sink(&self.read_other(id, path, None)?);
        };
        let mut reader = reader.borrow_mut();
        if !reader.is_large(position, ObjectKind::Blob) {
            return sink(&self.read_packed(id, path, &mut reader, position)?);
        }
        let mut sink = |piece: &[u8]| sink(piece).map_err(Stopped::Sink);
        reader.pour(position, &mut sink).map_err(|stopped| match stopped {
            Stopped::Fault(fault) => broken(id, path, &fault),
            Stopped::Sink(failure) => failure,
        })
    }

    fn find_packed(&self, id: Oid) -> Option<(&RefCell<Reader<'r>>, Position)> {
        let (packs, reader) = self.packs.as_ref()?;
        Some((reader, packs.position(id)?))
    }

    fn is_large_and_loose(&self, id: Oid) -> bool {
        let name = id.to_string();
        let path = self.objects.join(&name[..2]).join(&name[2..]);
        path.metadata().is_ok_and(|stat| stat.len() > PERHAPS_LARGE)
            && self.odb.read_header(id).is_ok_and(|(size, kind)| size >= LARGE && kind == ObjectType::Blob)
    }

    fn pour_loose(&self, id: Oid, path: &[u8], sink: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let failed = |error| unreadable(error, &format!("object {id} of `{}` cannot be read", shown(path)));
        self.library.require_whole(id).map_err(failed)?;
        let (mut stream, size, _) = self.odb.reader(id).map_err(|error| failed(error.into()))?;
        let mut piece = vec![0; PIECE];
        let mut poured = 0;
        // libgit2 holds what it reads whole against its name, and not what it reads in pieces.
        let mut name = Sha1::new();
        name.update(format!("blob {size}\0"));
        while poured < size {
            let filled = stream.read(&mut piece).map_err(|error| {
                let message = format!("object {id} of `{}` cannot be read", shown(path));
                Failure::from_io(error, Code::GitFailed, message).hint("`git fsck` says what is damaged")
            })?;
            if filled == 0 {
                return Err(broken(id, path, &PackFault::Damaged("it is cut off")));
            }
            name.update(&piece[..filled]);
            sink(&piece[..filled])?;
            poured += filled;
        }
        if name.finalize().as_slice() != id.as_bytes() {
            return Err(broken(id, path, &PackFault::Damaged("its content does not fit its name")));
        }
        Ok(())
    }
}

fn no_file(id: Oid, path: &[u8], kind: ObjectType) -> Failure {
    let message = format!("object {id} of `{}` is a {kind}, not a file", shown(path));
    Failure::new(Code::GitFailed, message).hint("`git fsck` says what is damaged")
}

fn broken(id: Oid, path: &[u8], fault: &PackFault) -> Failure {
    let message = format!("object {id} of `{}` cannot be read: {fault}", shown(path));
    Failure::new(Code::GitFailed, message).hint("`git fsck` says what is damaged")
}
