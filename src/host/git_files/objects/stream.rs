//! Whether a loose object's file is what it should be: one zlib stream, no more and no less, of a header and as many
//! bytes as that says (gitformat-loose(5)). The content itself is whoever reads it to check.

use std::fs::File;
use std::io::Read;

use zlib_rs::{Inflate, InflateFlush, Status};

/// Bytes that are read, and made, at once.
const PIECE: usize = 32 * 1024;
/// Bytes of the file that are read first: most objects have no more.
const AT_FIRST: usize = 1024;
/// The longest header: a word, a number of 64 bits, a blank and a zero.
const HEADER: usize = 32;
/// The largest window of deflate, as a power of two.
const WINDOW: u8 = 15;

const CUT_OFF: &str = "it is cut off";
const DAMAGED: &str = "it is damaged";

/// Which kinds of objects are looked at to their ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kinds {
    All,
    /// Commits and tags, and what does not say what it is.
    History,
}

/// Checks one file after another.
pub(super) struct Checker {
    inflate: Inflate,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Checker {
    pub(super) fn new() -> Self {
        Self { inflate: Inflate::new(true, WINDOW), input: vec![0; PIECE], output: vec![0; PIECE] }
    }

    /// Fails with what is wrong with a file.
    pub(super) fn check(&mut self, file: &File, kinds: Kinds) -> Result<(), &'static str> {
        if file.metadata().is_ok_and(|stat| !stat.is_file()) {
            return Err("it is no plain file");
        }
        self.check_stream(file, kinds)
    }

    fn check_stream(&mut self, mut file: impl Read, kinds: Kinds) -> Result<(), &'static str> {
        let Self { inflate, input, output } = self;
        inflate.reset(true);
        let mut header = Vec::with_capacity(HEADER);
        // The header's length and that of what follows, once they are known.
        let mut whole = None;
        let (mut at, mut end, mut room) = (0, 0, AT_FIRST);
        loop {
            if at == end {
                (at, end) = (0, read(&mut file, &mut input[..room])?);
                room = PIECE;
            }
            let (taken, made) = (inflate.total_in(), inflate.total_out());
            // For the header alone there is no need to make more.
            let space = if whole.is_none() { HEADER } else { PIECE };
            let status = inflate
                .decompress(&input[at..end], &mut output[..space], InflateFlush::NoFlush)
                .map_err(|_| DAMAGED)?;
            let taken = usize::try_from(inflate.total_in() - taken).map_err(|_| DAMAGED)?;
            let made = usize::try_from(inflate.total_out() - made).map_err(|_| DAMAGED)?;
            let is_over = end == 0;
            at += taken;
            if whole.is_none() {
                header.extend_from_slice(&output[..made]);
                match parsed(&header) {
                    Some((kind, _)) if kinds == Kinds::History && !matches!(kind, b"commit" | b"tag") => {
                        return Ok(());
                    }
                    Some((_, length)) => whole = Some(length),
                    None if header.len() >= HEADER || status == Status::StreamEnd => return Err(DAMAGED),
                    None => {}
                }
            }
            if whole.is_some_and(|whole| inflate.total_out() > whole) {
                return Err("it is longer than it says");
            }
            if status == Status::StreamEnd {
                break;
            }
            if taken == 0 && made == 0 {
                if is_over {
                    return Err(CUT_OFF);
                }
                if at < end {
                    return Err(DAMAGED);
                }
            }
        }
        if whole != Some(inflate.total_out()) {
            return Err("it is shorter than it says");
        }
        if at < end || read(&mut file, &mut input[..1])? > 0 {
            return Err("something follows its end");
        }
        Ok(())
    }
}

/// Returns the kind of an object and how long header and content are, once the header is there.
fn parsed(header: &[u8]) -> Option<(&[u8], u64)> {
    let end = memchr::memchr(0, header)?;
    let blank = memchr::memchr(b' ', &header[..end])?;
    let (kind, size) = (&header[..blank], &header[blank + 1..end]);
    if !matches!(kind, b"commit" | b"tree" | b"blob" | b"tag") || !size.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size: u64 = str::from_utf8(size).ok()?.parse().ok()?;
    Some((kind, size.checked_add(end as u64 + 1)?))
}

fn read(file: &mut impl Read, room: &mut [u8]) -> Result<usize, &'static str> {
    loop {
        match file.read(room) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            read => return read.map_err(|_| "the disk does not give it"),
        }
    }
}
