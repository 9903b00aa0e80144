//! Has a reader look at each file of its corpus in `tests/foreign_bytes`, and for `WT_FOREIGN_SECONDS` at whatever becomes of
//! them. No look panics or lasts longer than [`LONGEST`], and what is made of them has the process not grow beyond [`MOST_MEMORY`].

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bolero::TypeGenerator;

/// How long one look may last, on a machine that has other things to do.
const LONGEST: Duration = Duration::from_secs(10);

/// How large the process may become, in KiB.
const MOST_MEMORY: u64 = 256 * 1024;

/// The longest that is made, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// What readers take to mean something.
const WORDS: [&[u8]; 40] = [
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\"",
    b"'",
    b"\\",
    b"/",
    b"../",
    b"**",
    b"*",
    b"[",
    b"]",
    b"{",
    b"}",
    b"(",
    b")",
    b"{{",
    b"}}",
    b"{%",
    b"%}",
    b"${",
    b"$(",
    b"#",
    b":",
    b": ",
    b"- ",
    b"&a ",
    b"*a",
    b"0",
    b"-1",
    b"65536",
    b"1e999",
    b"18446744073709551616",
    b"null",
    b"true",
    b"\xed\xa0\x80",
];

/// One thing that becomes of bytes; a place is a part of 65,536 of their length.
#[derive(Clone, Debug, TypeGenerator)]
enum Change {
    Flip { at: u16, bit: u8 },
    Put { at: u16, byte: u8 },
    Word { at: u16, which: u8 },
    Number { at: u16, number: u32 },
    CutOff { at: u16 },
    TakeOut { at: u16, count: u8 },
    Double { at: u16, count: u8 },
    Repeat { at: u16, count: u8, times: u16 },
    Nest { at: u16, which: u8, times: u16 },
    Splice { other: u8, from: u16, count: u16, at: u16 },
}

/// How often something is repeated: rarely thousands of times, for what is large tells least.
fn many(times: u16) -> usize {
    usize::from(times >> 4) >> (times & 15)
}

/// Which file it begins with, and what becomes of it.
#[derive(Clone, Debug, TypeGenerator)]
struct Draw {
    seed: u8,
    changes: Vec<Change>,
}

impl Draw {
    fn made(&self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[usize::from(self.seed) % seeds.len()].clone();
        // Few changes leave a reader more to understand.
        for change in self.changes.iter().take(6) {
            change.apply(&mut bytes, seeds);
            bytes.truncate(MOST_BYTES);
        }
        bytes
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let length = bytes.len();
        let place = |at: u16| length * usize::from(at) / 65_536;
        let part = |at: u16, count: usize| place(at)..(place(at) + count).min(length);
        match *self {
            Self::Flip { at, bit } if length > 0 => bytes[place(at)] ^= 1 << (bit % 8),
            Self::Put { at, byte } if length > 0 => bytes[place(at)] = byte,
            Self::Flip { .. } | Self::Put { .. } => {}
            Self::Word { at, which } => {
                bytes.splice(part(at, 0), WORDS[usize::from(which) % WORDS.len()].iter().copied());
            }
            Self::Number { at, number } => drop(bytes.splice(part(at, 4), number.to_be_bytes())),
            Self::CutOff { at } => bytes.truncate(place(at)),
            Self::TakeOut { at, count } => drop(bytes.drain(part(at, usize::from(count)))),
            Self::Double { at, count } => {
                let piece = bytes[part(at, usize::from(count))].to_vec();
                bytes.splice(part(at, 0), piece);
            }
            Self::Repeat { at, count, times } => {
                let piece = bytes[part(at, usize::from(count % 32))].to_vec();
                bytes.splice(part(at, 0), piece.repeat(many(times)));
            }
            Self::Nest { at, which, times } => {
                let piece = WORDS[usize::from(which) % WORDS.len()].repeat(many(times));
                bytes.splice(part(at, 0), piece);
            }
            Self::Splice { other, from, count, at } => {
                let other = &seeds[usize::from(other) % seeds.len()];
                let from = other.len() * usize::from(from) / 65_536;
                let piece = other[from..(from + usize::from(count)).min(other.len())].to_vec();
                bytes.splice(part(at, 0), piece);
            }
        }
    }
}

/// Has `look` look at the corpus of `name`, and at what becomes of it for as long as is asked for.
pub fn press(name: &str, look: impl Fn(&[u8])) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(corpus(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    let look = AssertUnwindSafe(look);
    for seed in &seeds {
        let begin = Instant::now();
        looked(name, seed, &look);
        assert!(begin.elapsed() < LONGEST, "{name}: {:?} for {} bytes", begin.elapsed(), seed.len());
    }
    let Some(seconds) = seconds() else { return };
    forget_peak();
    let seeds = AssertUnwindSafe(seeds);
    bolero::check!(name = name)
        .with_generator(bolero::produce::<Draw>())
        .with_iterations(usize::MAX)
        .with_test_time(Duration::from_secs(seconds))
        .for_each(|draw| once(name, draw, &seeds, &look));
}

/// How long each reader is to look; `None` in a usual run.
#[expect(clippy::disallowed_methods, reason = "a test's own variable")]
fn seconds() -> Option<u64> {
    std::env::var("WT_FOREIGN_SECONDS").ok()?.parse().ok()
}

fn once(
    name: &str,
    draw: &Draw,
    seeds: &AssertUnwindSafe<Vec<Vec<u8>>>,
    look: &AssertUnwindSafe<impl Fn(&[u8])>,
) {
    let bytes = draw.made(seeds);
    // Read where this one never ends, or takes the process with it.
    keep(name, "last", &bytes);
    let begin = Instant::now();
    looked(name, &bytes, look);
    let (took, memory) = (begin.elapsed(), peak());
    if took > LONGEST || memory > MOST_MEMORY {
        let path = keep(name, "found", &bytes);
        panic!("{name}: {took:?}, {memory} KiB: {}", path.display());
    }
}

fn looked(name: &str, bytes: &[u8], look: &AssertUnwindSafe<impl Fn(&[u8])>) {
    if catch_unwind(AssertUnwindSafe(|| look(bytes))).is_err() {
        let path = keep(name, "found", bytes);
        let shown = bytes[..bytes.len().min(400)].escape_ascii();
        panic!("{name}: {} bytes in {}: {shown}", bytes.len(), path.display());
    }
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign_bytes").join(name)
}

/// Keeps the bytes where they can be read afterwards.
#[expect(clippy::disallowed_methods, reason = "a file of the tests' own")]
fn keep(name: &str, what: &str, bytes: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tmp/foreign_bytes");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.{what}"));
    fs::write(&path, bytes).unwrap();
    path
}

/// Has the kernel begin anew with [`peak`] (proc(5), `clear_refs`).
#[expect(clippy::disallowed_methods, reason = "a file of the kernel's")]
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// How large the process was at most, in KiB (proc(5), `VmHWM`).
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
