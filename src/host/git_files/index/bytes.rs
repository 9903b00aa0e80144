//! The bytes of an index, taken one field after the other; nothing is read beyond their end.

use super::unread::UnreadIndex;

pub(super) struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

const CUT: UnreadIndex = UnreadIndex("the index is cut off");

impl<'a> Bytes<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], UnreadIndex> {
        let end = self.at.checked_add(count).ok_or(CUT)?;
        let taken = self.bytes.get(self.at..end).ok_or(CUT)?;
        self.at = end;
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> Result<u32, UnreadIndex> {
        self.take(4)?.try_into().map(u32::from_be_bytes).map_err(|_| CUT)
    }

    pub(super) fn short(&mut self) -> Result<u16, UnreadIndex> {
        self.take(2)?.try_into().map(u16::from_be_bytes).map_err(|_| CUT)
    }

    /// Takes what comes before the byte `end`, and that too.
    pub(super) fn until(&mut self, end: u8) -> Result<&'a [u8], UnreadIndex> {
        let rest = self.bytes.get(self.at..).ok_or(CUT)?;
        let length = memchr::memchr(end, rest).ok_or(CUT)?;
        self.at += length + 1;
        Ok(&rest[..length])
    }

    /// Takes a number written in digits, and the byte `end` after it.
    pub(super) fn decimal(&mut self, end: u8) -> Result<i64, UnreadIndex> {
        let text = str::from_utf8(self.until(end)?).ok();
        text.and_then(|text| text.parse().ok()).ok_or(UnreadIndex("the tree cache is damaged"))
    }

    /// Takes a number of variable length, as pack files have them for offsets (gitformat-pack(5)).
    pub(super) fn offset(&mut self) -> Result<usize, UnreadIndex> {
        let damaged = UnreadIndex("the index is damaged");
        let mut value = 0_usize;
        loop {
            let byte = *self.take(1)?.first().ok_or(CUT)?;
            value = value.checked_mul(128).ok_or(damaged)? | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            value = value.checked_add(1).ok_or(damaged)?;
        }
    }
}
