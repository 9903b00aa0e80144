//! Objects out of git's pack files (gitformat-pack(5)), read faster than libgit2 does: bases of deltas are kept, and
//! neighbours in a pack are read at once. Whatever is not known here, or not right, is a [`PackFault`] that libgit2 may
//! look into; no byte is handed out that no checksum has confirmed.

mod all;
mod bases;
mod delta;
mod entry;
mod fault;
mod index;
mod inflate;
mod pack;
mod reader;
mod sound;
mod stores;
#[cfg(test)]
mod tests;
mod windows;

pub use all::{Packs, Position};
pub use entry::ObjectKind;
pub use fault::PackFault;
pub use reader::Reader;
pub use sound::find_unsound;
pub use stores::folders as object_folders;
