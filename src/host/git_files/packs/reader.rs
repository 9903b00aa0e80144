//! One thread's way to read objects: down a chain of deltas to what is whole or kept, and up again.

use std::sync::Arc;

use git2::Oid;

use super::all::{Opened, Packs, Position};
use super::bases::PackBase;
use super::delta;
use super::entry::{self, Form, ObjectKind, PackHeader};
use super::fault::PackFault;
use super::inflate::{Inflater, PackStream};
use super::windows::Windows;

/// git makes no longer chains (`pack.depth` of git-config(1) is cut to it).
const LONGEST_CHAIN: usize = 4095;
/// Bytes from which on an object is handed over in pieces.
const LARGE: u64 = 4 * 1024 * 1024;

/// An object, read.
pub struct Object {
    pub kind: ObjectKind,
    pub bytes: Arc<Vec<u8>>,
}

/// Reads objects for one thread.
pub struct Reader<'p> {
    packs: &'p Packs,
    opened: Vec<Option<Arc<Opened>>>,
    windows: Windows,
    inflater: Inflater,
}

/// An entry of a pack, its header read.
struct Found {
    offset: u64,
    entry: PackHeader,
    /// The CRC-32 of the header.
    crc: u32,
}

impl<'p> Reader<'p> {
    /// Starts reading from packs that other threads read too.
    #[must_use]
    pub fn new(packs: &'p Packs) -> Self {
        let opened = (0..packs.count()).map(|_| None).collect();
        Self { packs, opened, windows: Windows::default(), inflater: Inflater::new() }
    }

    /// Reads an object whole. All that is read for it, headers too, is held against the index's CRC-32; where the
    /// index is too large to say which one that is, the object against its name.
    ///
    /// # Errors
    ///
    /// A [`PackFault`]: libgit2 may know better, unless it is endless.
    pub fn read(&mut self, id: Oid, position: Position) -> Result<Object, PackFault> {
        let number = position.pack;
        let opened = self.pack(number)?;
        let mut waiting: Vec<Found> = Vec::new();
        let mut offset = position.offset;
        let mut base = loop {
            if let Some(base) = self.packs.bases.find((number, offset)) {
                break base;
            }
            let found = self.entry(number, &opened, offset)?;
            offset = match found.entry.form {
                Form::Whole(kind) => {
                    let bytes = Arc::new(self.inflate(number, &opened, &found)?);
                    let base = PackBase { kind, bytes };
                    self.packs.bases.keep((number, offset), base.clone());
                    break base;
                }
                Form::Behind(distance) => offset
                    .checked_sub(distance)
                    .filter(|_| distance > 0)
                    .ok_or(PackFault::Damaged("the base of a delta is nowhere"))?,
                Form::Named(name) => {
                    let base = self.packs.index(number).find(&name)?;
                    base.ok_or(PackFault::Elsewhere("the base of a delta is in another pack"))?.offset
                }
            };
            if waiting.len() == LONGEST_CHAIN {
                return Err(PackFault::Endless);
            }
            waiting.push(found);
        };
        while let Some(found) = waiting.pop() {
            let delta = self.inflate(number, &opened, &found)?;
            base.bytes = Arc::new(delta::apply(&base.bytes, &delta)?);
            self.packs.bases.keep((number, found.offset), base.clone());
        }
        let object = Object { kind: base.kind, bytes: base.bytes };
        if !opened.has_order() {
            let named = Oid::hash_object(object.kind.into(), &object.bytes);
            named
                .ok()
                .filter(|named| *named == id)
                .ok_or(PackFault::Damaged("an object has another's name"))?;
        }
        Ok(object)
    }

    /// Answers whether an object is of that kind, stored whole, and large.
    pub fn is_large(&mut self, position: Position, kind: ObjectKind) -> bool {
        let opened = self.pack(position.pack);
        let found = opened.and_then(|opened| self.entry(position.pack, &opened, position.offset));
        found.is_ok_and(|found| found.entry.size >= LARGE && found.entry.form == Form::Whole(kind))
    }

    /// Reads an object that is stored whole in pieces, in little memory. Whether they were right is known at the end.
    ///
    /// # Errors
    ///
    /// A [`PackFault`], or what `sink` returned.
    pub fn pour<E: From<PackFault>>(
        &mut self,
        position: Position,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let opened = self.pack(position.pack)?;
        let found = self.entry(position.pack, &opened, position.offset)?;
        if !matches!(found.entry.form, Form::Whole(_)) {
            return Err(PackFault::Elsewhere("the object is a delta").into());
        }
        let stream = stream(position.pack, &opened, &found);
        let crc = self.inflater.pour(&mut self.windows, stream, sink)?;
        Ok(self.check(position.pack, crc, position.number)?)
    }

    fn pack(&mut self, number: usize) -> Result<Arc<Opened>, PackFault> {
        let opened = &mut self.opened[number];
        if let Some(pack) = opened {
            return Ok(Arc::clone(pack));
        }
        Ok(Arc::clone(opened.insert(self.packs.pack(number)?)))
    }

    fn entry(&mut self, number: usize, opened: &Opened, offset: u64) -> Result<Found, PackFault> {
        let bytes = self.windows.bytes(number, &opened.pack, offset, entry::LONGEST)?;
        let entry = entry::read(bytes)?;
        let crc = zlib_rs::crc32::crc32(0, &bytes[..entry.length]);
        Ok(Found { offset, entry, crc })
    }

    fn inflate(&mut self, number: usize, opened: &Opened, found: &Found) -> Result<Vec<u8>, PackFault> {
        let stream = stream(number, opened, found);
        if !opened.has_order() {
            return Ok(self.inflater.read(&mut self.windows, stream)?.0);
        }
        let (entry, end) =
            opened.find(found.offset).ok_or(PackFault::Damaged("the base of a delta is nowhere"))?;
        let (bytes, crc) = self.inflater.read_until(&mut self.windows, stream, end)?;
        self.check(number, crc, entry).map(|()| bytes)
    }

    /// Holds a checksum against the one that the index has for an entry.
    fn check(&self, number: usize, crc: u32, entry: u32) -> Result<(), PackFault> {
        if self.packs.index(number).crc(entry)? == crc {
            return Ok(());
        }
        Err(PackFault::Damaged("an object's checksum is wrong"))
    }
}

fn stream<'p>(number: usize, opened: &'p Opened, found: &Found) -> PackStream<'p> {
    let at = found.offset + found.entry.length as u64;
    PackStream { pack: &opened.pack, number, at, size: found.entry.size, crc: found.crc }
}
