//! Where loose objects lie: a repository's own and those of its alternates, in up to 256 folders each by the first byte
//! of their names (gitrepository-layout(5)). A folder that is not there costs nothing.

use std::cell::{OnceCell, RefCell};
use std::fs::File;
use std::path::{Path, PathBuf};

use git2::Oid;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use super::stream::{Checker, Kinds};
use crate::host::git_files::packs::{self, Packs, Reader};

/// Does not wait for a pipe to be written to.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// The loose objects of a repository and of those it borrows from.
pub(super) struct Loose {
    /// The repository's own first.
    stores: Vec<Store>,
    checker: RefCell<Checker>,
    is_history_whole: OnceCell<bool>,
}

/// One folder of objects.
struct Store {
    objects: PathBuf,
    /// Which folders there were when it was listed; all, where it could not be.
    folders: Box<[bool; 256]>,
    packs: OnceCell<Packs>,
}

impl Loose {
    /// Lists which folders there are. Objects in folders that are made later are not looked at.
    pub(super) fn of(objects: &Path) -> Self {
        let stores = packs::object_folders(objects).into_iter().map(Store::list).collect();
        Self { stores, checker: RefCell::new(Checker::new()), is_history_whole: OnceCell::new() }
    }

    pub(super) fn is_any(&self) -> bool {
        self.stores.iter().any(|store| store.folders.contains(&true))
    }

    /// Fails with what is wrong with the loose file that libgit2 would read the object from.
    pub(super) fn require_whole(&self, id: Oid) -> Result<(), &'static str> {
        for store in &self.stores {
            let Some(file) = store.open(id) else { continue };
            return match self.checker.borrow_mut().check(&file, Kinds::All) {
                // Whoever mends a repository by a pack from elsewhere leaves such files behind: packs come first.
                Err(_) if store.has_packed(id) => Ok(()),
                checked => checked,
            };
        }
        Ok(())
    }

    pub(super) fn is_history_whole(&self) -> bool {
        *self.is_history_whole.get_or_init(|| {
            let mut checker = self.checker.borrow_mut();
            self.stores.iter().all(|store| store.is_history_whole(&mut checker))
        })
    }
}

impl Store {
    fn list(objects: PathBuf) -> Self {
        let mut folders = Box::new([false; 256]);
        match std::fs::read_dir(&objects) {
            Ok(entries) => {
                for entry in entries.flatten() {
                    let name = entry.file_name();
                    let first = name.to_str().filter(|name| name.len() == 2);
                    if let Some(byte) = first.and_then(|first| u8::from_str_radix(first, 16).ok()) {
                        folders[usize::from(byte)] = true;
                    }
                }
            }
            Err(_) => folders.fill(true),
        }
        Self { objects, folders, packs: OnceCell::new() }
    }

    /// Opens an object's file; what is not to be opened is libgit2's to complain of.
    fn open(&self, id: Oid) -> Option<File> {
        if !self.folders[usize::from(*id.as_bytes().first()?)] {
            return None;
        }
        let name = id.to_string();
        let path = self.objects.join(&name[..2]).join(&name[2..]);
        openat(CWD, &path, FILE, Mode::empty()).ok().map(File::from)
    }

    /// Answers whether one of the store's own packs has the object, and readable.
    fn has_packed(&self, id: Oid) -> bool {
        let packs = self.packs.get_or_init(|| Packs::open_alone(&self.objects));
        packs.position(id).is_some_and(|position| Reader::new(packs).read(id, position).is_ok())
    }

    fn is_history_whole(&self, checker: &mut Checker) -> bool {
        let mut there = (0..=u8::MAX).filter(|byte| self.folders[usize::from(*byte)]);
        there.all(|byte| {
            let folder = self.objects.join(format!("{byte:02x}"));
            is_folder_whole(&folder, checker).unwrap_or(false)
        })
    }
}

fn is_folder_whole(folder: &Path, checker: &mut Checker) -> Result<bool, Errno> {
    let opened =
        match openat(CWD, folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(true),
            other => other?,
        };
    for entry in rustix::fs::Dir::read_from(&opened)? {
        let entry = entry?;
        let name = entry.file_name();
        // Not those that git is writing, `tmp_obj_*`.
        if name.to_bytes().len() != 38 {
            continue;
        }
        let file = match openat(&opened, name, FILE, Mode::empty()) {
            // Another process may be packing.
            Err(Errno::NOENT) => continue,
            other => File::from(other?),
        };
        if checker.check(&file, Kinds::History).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}
