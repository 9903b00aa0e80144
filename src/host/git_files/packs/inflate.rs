//! zlib streams out of a pack: small ones at once, which libdeflate does in three quarters of zlib's time, large ones
//! piece by piece. No memory is taken for what a header only claims.

use libdeflater::Decompressor;
use zlib_rs::crc32::crc32;
use zlib_rs::{Inflate, InflateFlush, Status};

use super::fault::PackFault;
use super::pack::Pack;
use super::windows::Windows;

/// What is taken at first for an object that says it is larger; then twice as much as there is, again and again.
const AT_FIRST: usize = 1024 * 1024;
/// How much of a large object is handed on at once, in bytes.
const PIECE: usize = 128 * 1024;
/// The largest window of deflate, as a power of two.
const WINDOW: u8 = 15;

/// A stream's beginning in a pack.
#[derive(Clone, Copy)]
pub(super) struct PackStream<'p> {
    pub(super) pack: &'p Pack,
    pub(super) number: usize,
    pub(super) at: u64,
    /// What it says it holds, in bytes.
    pub(super) size: u64,
    /// The CRC-32 of the bytes before it which belong to it.
    pub(super) crc: u32,
}

/// Bytes up to which an object is inflated at once.
const SMALL: u64 = 1024 * 1024;
/// And its stream, with its header.
const SMALL_STREAM: u64 = 256 * 1024;

/// Decompressors, used for one stream after another.
pub(super) struct Inflater {
    whole: Decompressor,
    pieces: Inflate,
}

/// How far a stream has been read.
struct Progress {
    at: u64,
    crc: u32,
    is_over: bool,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self { whole: Decompressor::new(), pieces: Inflate::new(true, WINDOW) }
    }

    /// Inflates a stream, of which it is known that the next object begins at `end`; returns it with the CRC-32 of all
    /// up to there.
    pub(super) fn read_until(
        &mut self,
        windows: &mut Windows,
        stream: PackStream,
        end: u64,
    ) -> Result<(Vec<u8>, u32), PackFault> {
        let length = end.saturating_sub(stream.at);
        if stream.size > SMALL || length > SMALL_STREAM {
            return self.read(windows, stream);
        }
        let (size, length) = (usize::try_from(stream.size), usize::try_from(length));
        let (Ok(size), Ok(length)) = (size, length) else { return self.read(windows, stream) };
        let input = windows.bytes(stream.number, stream.pack, stream.at, length)?;
        let input = input.get(..length).ok_or(PackFault::Damaged("it ends too early"))?;
        let mut bytes = vec![0; size];
        match self.whole.zlib_decompress(input, &mut bytes) {
            Ok(filled) if filled == size => Ok((bytes, crc32(stream.crc, input))),
            _ => Err(PackFault::Damaged("an object cannot be inflated, or has another size than it says")),
        }
    }

    /// Inflates a stream whole; returns it with the CRC-32 of all that was read.
    pub(super) fn read(
        &mut self,
        windows: &mut Windows,
        stream: PackStream,
    ) -> Result<(Vec<u8>, u32), PackFault> {
        let size = usize::try_from(stream.size)
            .map_err(|_| PackFault::Elsewhere("the object is larger than memory"))?;
        self.pieces.reset(true);
        let mut progress = Progress { at: stream.at, crc: stream.crc, is_over: false };
        let mut bytes = vec![0; size.min(AT_FIRST)];
        let mut filled = 0;
        loop {
            filled += self.step(windows, stream, &mut progress, &mut bytes[filled..])?;
            if progress.is_over {
                break;
            }
            if filled == bytes.len() && filled < size {
                bytes.resize(size.min(filled * 2), 0);
            }
        }
        if filled != size {
            return Err(PackFault::Damaged("an object is smaller than it says"));
        }
        Ok((bytes, progress.crc))
    }

    /// Inflates a stream piece by piece into `sink`; returns the CRC-32 of all that was read.
    pub(super) fn pour<E: From<PackFault>>(
        &mut self,
        windows: &mut Windows,
        stream: PackStream,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<u32, E> {
        self.pieces.reset(true);
        let mut progress = Progress { at: stream.at, crc: stream.crc, is_over: false };
        let mut piece = vec![0; PIECE];
        let mut poured = 0;
        while !progress.is_over {
            let filled = self.step(windows, stream, &mut progress, &mut piece)?;
            poured += filled as u64;
            if poured > stream.size {
                return Err(PackFault::Damaged("an object is larger than it says").into());
            }
            sink(&piece[..filled])?;
        }
        if poured != stream.size {
            return Err(PackFault::Damaged("an object is smaller than it says").into());
        }
        Ok(progress.crc)
    }

    /// Inflates on into `output`; returns how much of it was filled.
    fn step(
        &mut self,
        windows: &mut Windows,
        stream: PackStream,
        progress: &mut Progress,
        output: &mut [u8],
    ) -> Result<usize, PackFault> {
        let input = windows.bytes(stream.number, stream.pack, progress.at, 1)?;
        let (read, made) = (self.pieces.total_in(), self.pieces.total_out());
        // "Finish" spares the copy that a stream in pieces needs, and does no harm where it comes in pieces.
        let status = self.pieces.decompress(input, output, InflateFlush::Finish);
        let status = status.map_err(|_| PackFault::Damaged("an object cannot be inflated"))?;
        let read = usize::try_from(self.pieces.total_in() - read).unwrap_or(usize::MAX);
        let made = usize::try_from(self.pieces.total_out() - made).unwrap_or(usize::MAX);
        progress.crc = crc32(progress.crc, &input[..read.min(input.len())]);
        progress.at += read as u64;
        progress.is_over = status == Status::StreamEnd;
        if read == 0 && made == 0 && !progress.is_over {
            return Err(PackFault::Damaged("an object is cut off, or larger than it says"));
        }
        Ok(made)
    }
}
