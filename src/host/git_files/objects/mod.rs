//! Objects read through libgit2, each only after its loose file was seen to be whole: libgit2 1.9 goes round and round
//! for ever on one that is cut off (its `git_zstream_get_output` does not stop where zlib gets no further).

mod library;
mod loose;
mod stream;
#[cfg(test)]
mod tests;

pub use library::{Library, Unread};
