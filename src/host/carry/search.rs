//! Looks for what is to be carried: ignored paths of the source that the lists name, held against the worktree that gets
//! them. It only looks, and goes into no other worktree and no repository.

use std::collections::{BTreeSet, HashMap};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, Stat, openat, readlinkat, statat};
use rustix::io::Errno;

use super::spot::{FOLDER, FolderGround, FolderSpot, is_tracked, name_of, parent_of};
use crate::error::{Code, Failure, Result};
use crate::host::git::Ignores;
use crate::model::carry::left_out::{LeftOutMatches, LeftOutReason};
use crate::model::carry::record::FileTime;
use crate::model::carry::wish::{CarryLists, TooSlow};

/// What is looked for, and where.
pub struct CarrySearch<'a> {
    pub source: &'a Path,
    pub target: &'a Path,
    /// The ignored paths of the source, folders ending in `/`.
    pub ignored: &'a [String],
    pub wish: &'a CarryLists,
    pub ignores: &'a Ignores,
    /// What the target tracks, in order.
    pub tracked: &'a [Vec<u8>],
    /// The folders of all worktrees but the source.
    pub others: &'a [PathBuf],
    /// Answers whether a path may hold an env block.
    pub is_env: &'a dyn Fn(&str) -> bool,
    pub interrupted: &'a dyn Fn() -> bool,
}

/// A path that is to be carried.
#[derive(Clone, Debug)]
pub struct Item {
    /// Relative to either worktree.
    pub path: String,
    /// The match that it belongs to; `None` for a folder above one.
    pub topmost: Option<usize>,
    /// Whether something stands there already.
    pub exists: bool,
    pub kind: PathKind,
}

/// What a path is.
#[derive(Clone, Debug)]
pub enum PathKind {
    Folder { mode: u32, time: FileTime },
    Link { target: PathBuf },
    File { size: u64, device: u64, env: bool },
}

/// What was found.
#[derive(Debug, Default)]
pub struct CarryMatches {
    /// The topmost paths that a list names.
    pub matches: Vec<String>,
    /// Folders before what lies in them.
    pub items: Vec<Item>,
    pub leaving: LeftOutMatches,
    /// Whether the patterns took too long: nothing is known then.
    pub is_given_up: bool,
}

impl CarryMatches {
    /// Leaves out all of a match.
    pub fn leave_match(&mut self, topmost: usize, bytes: u64, reason: LeftOutReason) {
        let path = self.matches[topmost].clone();
        self.leaving.note(&path.clone(), path, bytes, reason);
        self.items.retain(|item| item.topmost != Some(topmost));
    }

    /// Leaves out one item.
    pub fn leave(&mut self, item: &Item, reason: LeftOutReason) {
        let bytes = if let PathKind::File { size, .. } = item.kind { size } else { 0 };
        let topmost = item.topmost.and_then(|at| self.matches.get(at)).unwrap_or(&item.path).clone();
        self.leaving.note(&topmost, item.path.clone(), bytes, reason);
    }
}

/// Looks for all of it.
///
/// # Errors
///
/// `interrupted`, `permission` where the worktrees themselves cannot be read. Patterns that take forever are given up.
pub fn search(question: &CarrySearch<'_>) -> Result<CarryMatches> {
    let opened = |folder: &Path| {
        openat(CWD, folder, FOLDER, Mode::empty()).map_err(|error| {
            let message = format!("{} cannot be looked through", folder.display());
            Failure::from_io(error.into(), Code::Permission, message)
        })
    };
    let others = question.others.iter().filter_map(|other| other.strip_prefix(question.source).ok());
    let root = FolderSpot::root(question.ignores, opened(question.target)?);
    let mut search = Search {
        question,
        source: opened(question.source)?,
        others: others.map(|other| other.as_os_str().as_bytes().to_vec()).collect(),
        spent: 0,
        known: HashMap::new(),
        last: (Vec::new(), root.clone()),
        root,
        above: BTreeSet::new(),
        found: CarryMatches::default(),
    };
    for path in question.ignored {
        search.look_at(path.as_bytes())?;
        if search.found.is_given_up {
            return Ok(CarryMatches { is_given_up: true, ..CarryMatches::default() });
        }
    }
    search.found.items.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(search.found)
}

struct Search<'a> {
    question: &'a CarrySearch<'a>,
    source: OwnedFd,
    /// Other worktrees inside of the source.
    others: BTreeSet<Vec<u8>>,
    spent: u64,
    /// The matches by their paths.
    known: HashMap<Vec<u8>, usize>,
    root: FolderSpot,
    /// The folder that was asked for last: neighbours follow each other.
    last: (Vec<u8>, FolderSpot),
    /// Folders above matches that were noted.
    above: BTreeSet<Vec<u8>>,
    found: CarryMatches,
}

/// A folder that is still to be looked into.
struct Task {
    above: FolderSpot,
    path: Vec<u8>,
    topmost: Option<usize>,
}

impl Search<'_> {
    fn look_at(&mut self, path: &[u8]) -> Result<()> {
        let (path, is_folder) = path.strip_suffix(b"/").map_or((path, false), |path| (path, true));
        let wish = self.question.wish;
        let topmost = wish.topmost(path, is_folder, &mut self.spent);
        let topmost = topmost.unwrap_or_else(|TooSlow| self.give_up()).map(<[u8]>::to_vec);
        if topmost.is_none() && !(is_folder && wish.may_name_below(path)) {
            return self.check();
        }
        let topmost = topmost.map(|topmost| self.match_of(&topmost));
        let above = self.spot_of(parent_of(path));
        if is_folder {
            return self.walk(Task { above, path: path.to_vec(), topmost });
        }
        if let Some(topmost) = topmost {
            let stat = statat(&self.source, path, AtFlags::SYMLINK_NOFOLLOW);
            self.leaf(&above, path, topmost, stat);
        }
        self.check()
    }

    fn check(&self) -> Result<()> {
        if (self.question.interrupted)() {
            return Err(Failure::new(Code::Interrupted, "interrupted"));
        }
        Ok(())
    }

    /// Nothing is named any more.
    fn give_up<T: Default>(&mut self) -> T {
        self.found.is_given_up = true;
        T::default()
    }

    fn match_of(&mut self, topmost: &[u8]) -> usize {
        if let Some(at) = self.known.get(topmost) {
            return *at;
        }
        let at = self.found.matches.len();
        self.found.matches.push(String::from_utf8_lossy(topmost).into_owned());
        self.known.insert(topmost.to_vec(), at);
        at
    }

    /// The target's folder at `path`, found from the top.
    fn spot_of(&mut self, path: &[u8]) -> FolderSpot {
        if path.is_empty() {
            return self.root.clone();
        }
        if self.last.0 != path {
            let above = self.spot_of(parent_of(path));
            let spot = above.enter(self.question.ignores, self.question.tracked, path, None);
            self.last = (path.to_vec(), spot);
        }
        self.last.1.clone()
    }

    /// Looks into a folder and all that lie in it.
    fn walk(&mut self, task: Task) -> Result<()> {
        let mut tasks = vec![task];
        while let Some(Task { above, path, topmost }) = tasks.pop() {
            self.check()?;
            if self.found.is_given_up {
                break;
            }
            if self.others.contains(&path) {
                self.note(topmost, &path, LeftOutReason::Worktree);
                continue;
            }
            let listed = openat(&self.source, &*path, FOLDER, Mode::empty())
                .and_then(|folder| Ok((list(&folder)?, folder)));
            let (names, folder) = match listed {
                Ok(listed) => listed,
                Err(error) => {
                    self.note(topmost, &path, reason_of(error));
                    continue;
                }
            };
            if names.iter().any(|(name, _)| name == b".git") {
                self.note(topmost, &path, LeftOutReason::Worktree);
                continue;
            }
            let (ignores, tracked) = (self.question.ignores, self.question.tracked);
            let spot = above.enter(ignores, tracked, &path, topmost.and(Some(&folder)));
            if let Some(topmost) = topmost
                && !self.folder(&spot, &path, topmost, &folder)
            {
                continue;
            }
            for (name, kind) in names {
                let child = [&*path, b"/", &*name].concat();
                let is_folder = kind == FileType::Directory;
                let mut topmost = topmost;
                let ask = |spent: &mut u64| self.question.wish.names(&child, is_folder, spent);
                if topmost.is_none() && ask(&mut self.spent).unwrap_or_else(|TooSlow| self.give_up()) {
                    topmost = Some(self.match_of(&child));
                }
                match topmost {
                    _ if is_folder && topmost.is_none() && !self.question.wish.may_name_below(&child) => {}
                    _ if is_folder => tasks.push(Task { above: spot.clone(), path: child, topmost }),
                    Some(topmost) => {
                        let stat = statat(&folder, &*name, AtFlags::SYMLINK_NOFOLLOW);
                        self.leaf(&spot, &child, topmost, stat);
                    }
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// Notes a folder; answers whether anything in it can be carried.
    fn folder(&mut self, spot: &FolderSpot, path: &[u8], topmost: usize, folder: &OwnedFd) -> bool {
        if let FolderGround::Blocked(reason) = spot.ground {
            self.note(Some(topmost), path, reason);
            return false;
        }
        let (Ok(text), Ok(stat)) = (std::str::from_utf8(path), rustix::fs::fstat(folder)) else {
            self.note(Some(topmost), path, LeftOutReason::Unreadable);
            return false;
        };
        let exists = matches!(spot.ground, FolderGround::Folder(_));
        self.note_above(path);
        self.above.insert(path.to_vec());
        let kind = PathKind::Folder { mode: mode_of(&stat), time: time_of(&stat) };
        self.found.items.push(Item { path: text.to_owned(), topmost: Some(topmost), exists, kind });
        true
    }

    /// Notes what is no folder.
    fn leaf(&mut self, spot: &FolderSpot, path: &[u8], topmost: usize, stat: Result<Stat, Errno>) {
        let stat = match stat {
            Ok(stat) => stat,
            Err(error) => return self.note(Some(topmost), path, reason_of(error)),
        };
        let size = u64::try_from(stat.st_size).unwrap_or_default();
        let kind = FileType::from_raw_mode(stat.st_mode);
        let text = std::str::from_utf8(path);
        let reason = match (&spot.ground, text) {
            (FolderGround::Blocked(reason), _) => Some(*reason),
            _ if is_tracked(self.question.tracked, path) => Some(LeftOutReason::Tracked),
            (_, Err(_)) => Some(LeftOutReason::Unreadable),
            _ if !matches!(kind, FileType::RegularFile | FileType::Symlink) => Some(LeftOutReason::Special),
            _ if !self.question.ignores.is_ignored(&spot.depth, path, false) => {
                Some(LeftOutReason::NotIgnored)
            }
            _ => None,
        };
        let (None, Ok(text)) = (reason, text) else {
            let size = if kind == FileType::RegularFile { size } else { 0 };
            let topmost = self.found.matches[topmost].clone();
            let path = String::from_utf8_lossy(path).into_owned();
            return self.found.leaving.note(
                &topmost,
                path,
                size,
                reason.unwrap_or(LeftOutReason::Unreadable),
            );
        };
        let kind = if kind == FileType::Symlink {
            match readlinkat(&self.source, path, Vec::new()) {
                // The record holds text, as with paths.
                Ok(target) => match target.to_str() {
                    Ok(target) => PathKind::Link { target: target.into() },
                    Err(_) => return self.note(Some(topmost), path, LeftOutReason::Unreadable),
                },
                Err(error) => return self.note(Some(topmost), path, reason_of(error)),
            }
        } else {
            PathKind::File { size, device: stat.st_dev, env: (self.question.is_env)(text) }
        };
        self.note_above(path);
        let exists = spot.find(path).is_some();
        self.found.items.push(Item { path: text.to_owned(), topmost: Some(topmost), exists, kind });
    }

    /// Notes the folders above a path, which must be made where the target has them not.
    fn note_above(&mut self, path: &[u8]) {
        let mut at = parent_of(path);
        while !at.is_empty() && !self.above.contains(at) {
            self.above.insert(at.to_vec());
            let stat = statat(&self.source, at, AtFlags::SYMLINK_NOFOLLOW);
            if let (Ok(text), Ok(stat)) = (std::str::from_utf8(at), stat) {
                let exists = self.question.target.join(text).is_dir();
                let kind = PathKind::Folder { mode: mode_of(&stat), time: time_of(&stat) };
                self.found.items.push(Item { path: text.to_owned(), topmost: None, exists, kind });
            }
            at = parent_of(at);
        }
    }

    /// Notes what is left out; of what no list names nothing is said.
    fn note(&mut self, topmost: Option<usize>, path: &[u8], reason: LeftOutReason) {
        if let Some(topmost) = topmost {
            let topmost = self.found.matches[topmost].clone();
            self.found.leaving.note(&topmost, String::from_utf8_lossy(path).into_owned(), 0, reason);
        }
    }
}

/// The names in a folder with their kinds.
fn list(folder: &OwnedFd) -> Result<Vec<(Vec<u8>, FileType)>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder.as_fd())? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        let mut kind = entry.file_type();
        if kind == FileType::Unknown {
            kind = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode));
        }
        names.push((name.to_vec(), kind));
    }
    names.sort_unstable_by(|(one, _), (other, _)| name_of(one).cmp(name_of(other)));
    Ok(names)
}

/// Why something could not be looked at.
pub(super) fn reason_of(error: Errno) -> LeftOutReason {
    match error {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP => LeftOutReason::Vanished,
        _ => LeftOutReason::Unreadable,
    }
}

pub(super) fn mode_of(stat: &Stat) -> u32 {
    stat.st_mode & 0o777
}

pub(super) fn time_of(stat: &Stat) -> FileTime {
    (stat.st_mtime, i64::try_from(stat.st_mtime_nsec).unwrap_or_default())
}
