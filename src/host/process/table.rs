//! The processes of this machine as far as we can see them, from `/proc`. Elsewhere nothing is seen yet.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::open_files;
use crate::model::process::attribution::WT_MARKER;

pub use crate::model::process::facts::ProcessFacts;

/// Returns the processes whose working folder is `folder` or lies in it, links in `folder` resolved.
#[must_use]
pub fn inside(folder: &Path) -> Vec<ProcessFacts> {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    pids()
        .filter(|pid| working_folder(*pid).is_some_and(|cwd| cwd.starts_with(&folder)))
        .filter_map(facts)
        .collect()
}

/// Returns the parents of `pid`, nearest first, up to the first process of its pid namespace.
#[must_use]
pub fn ancestors(pid: u32) -> Vec<u32> {
    let mut chain = Vec::new();
    let mut last = pid;
    while let Some(stat) = Stat::read(last) {
        // 0: the parent lies outside the namespace. A pid met twice: it was reused while we read.
        if stat.parent == 0 || stat.parent == pid || chain.contains(&stat.parent) {
            break;
        }
        chain.push(stat.parent);
        last = stat.parent;
    }
    chain
}

/// Returns the same with their names, which are cut at 15 letters.
#[must_use]
pub fn named_ancestors(pid: u32) -> Vec<(u32, String)> {
    let named = |pid| Some((pid, Stat::read(pid)?.command));
    ancestors(pid).into_iter().filter_map(named).collect()
}

/// A process that descends from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descendant {
    pub pid: u32,
    /// Its process group.
    pub group: u32,
    /// What tells it from whoever has its pid later.
    pub started: u64,
}

/// Returns the pids of the children of `pid`, their children, and so on.
#[must_use]
pub fn descendants(pid: u32) -> Vec<u32> {
    family(pid).into_iter().map(|known| known.pid).collect()
}

/// Returns the same; those that only wait for their parents to notice are left out.
#[must_use]
pub fn family(pid: u32) -> Vec<Descendant> {
    let all: Vec<(u32, Stat)> = pids().filter_map(|pid| Some((pid, Stat::read(pid)?))).collect();
    let mut found: Vec<(u32, Option<&Stat>)> = vec![(pid, None)];
    let mut next = 0;
    while let Some((parent, _)) = found.get(next).copied() {
        let children = all.iter().filter(|(child, stat)| stat.parent == parent && *child != pid);
        found.extend(children.map(|(child, stat)| (*child, Some(stat))));
        next += 1;
    }
    let living =
        found.into_iter().filter_map(|(pid, stat)| Some((pid, stat.filter(|stat| !stat.is_dead())?)));
    living.map(|(pid, stat)| Descendant { pid, group: stat.group, started: stat.started }).collect()
}

/// Returns the process group of `pid`.
#[must_use]
pub fn group(pid: u32) -> Option<u32> {
    Stat::read(pid).map(|stat| stat.group)
}

/// Returns what can be seen of `pid`; `None` when nobody has it, or a zombie.
#[must_use]
pub fn facts(pid: u32) -> Option<ProcessFacts> {
    find_facts(pid).ok().flatten()
}

/// The same, and tells nobody there from no room to look.
///
/// # Errors
///
/// Only where we have [no room for another open file](open_files::is_lack).
pub(crate) fn find_facts(pid: u32) -> io::Result<Option<ProcessFacts>> {
    let Ok(folder) = fs::metadata(format!("/proc/{pid}")) else { return Ok(None) };
    let Some(stat) = Stat::find(pid)?.filter(|stat| !stat.is_dead()) else { return Ok(None) };
    let [marker] = variables(pid, [WT_MARKER])?;
    Ok(Some(ProcessFacts {
        pid,
        parent: stat.parent,
        session: stat.session,
        command: stat.command,
        folder: working_folder(pid),
        user: folder.uid(),
        started: stat.started,
        marker,
    }))
}

/// Answers whether `pid` was stopped by a signal, or by a debugger, and does nothing until it is let go on.
#[must_use]
pub fn is_stopped(pid: u32) -> bool {
    Stat::read(pid).is_some_and(|stat| matches!(stat.state, 'T' | 't'))
}

/// Returns the pids of all processes that `/proc` shows.
pub(crate) fn pids() -> impl Iterator<Item = u32> {
    list().unwrap_or_default().into_iter()
}

/// The same; none where there is no `/proc`.
///
/// # Errors
///
/// As [`find_facts`].
pub(crate) fn list() -> io::Result<Vec<u32>> {
    let names = match fs::read_dir("/proc") {
        Ok(names) => names,
        Err(error) if open_files::is_lack(&error) => return Err(error),
        Err(_) => return Ok(Vec::new()),
    };
    Ok(names.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

fn working_folder(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// Returns the values of the variables `names` as `pid` was started with them (`proc_pid_environ(5)`); what cannot be
/// seen, is not text or was overwritten by the process is missing.
///
/// # Errors
///
/// As [`find_facts`].
pub(crate) fn variables<const COUNT: usize>(
    pid: u32,
    names: [&str; COUNT],
) -> io::Result<[Option<String>; COUNT]> {
    let environment = read(pid, "environ")?.unwrap_or_default();
    Ok(names.map(|name| {
        environment.split(|byte| *byte == 0).find_map(|variable| {
            let value = variable.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            OsStr::from_bytes(value).to_str().map(str::to_owned)
        })
    }))
}

/// Returns what a file of the process says; `None` when the process has gone, or does not let us look.
fn read(pid: u32, file: &str) -> io::Result<Option<Vec<u8>>> {
    match read_unsized(&format!("/proc/{pid}/{file}")) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if open_files::is_lack(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Reads a file of `/proc`, whose length nobody tells, in as few calls of the system as can be: all processes are looked at.
///
/// # Errors
///
/// Those of the system.
pub(super) fn read_unsized(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL);
    fs::File::open(path)?.take(u64::MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How many bytes what a process tells of itself has at most, usually.
const USUAL: usize = 4096;

/// Returns the children of `parent` that have ended and wait for it to notice.
pub(crate) fn ended_children(parent: u32) -> Vec<(u32, Stat)> {
    let all = pids().filter_map(|pid| Some((pid, Stat::read(pid)?)));
    all.filter(|(_, stat)| stat.is_dead() && stat.parent == parent).collect()
}

/// The fields of `/proc/PID/stat` that we use (`proc_pid_stat(5)`).
pub(crate) struct Stat {
    command: String,
    state: char,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    pub(crate) session: u32,
    /// Time on a processor, in clock ticks.
    pub(crate) ticks: u64,
    /// The same of children that have ended and were waited for.
    pub(crate) ticks_of_ended: u64,
    pub(crate) started: u64,
    /// What of it is in memory, in pages.
    pub(crate) pages: u64,
}

impl Stat {
    pub(crate) fn read(pid: u32) -> Option<Self> {
        Self::find(pid).ok().flatten()
    }

    /// The same, and tells nobody there from no room to look.
    ///
    /// # Errors
    ///
    /// As [`find_facts`].
    pub(crate) fn find(pid: u32) -> io::Result<Option<Self>> {
        let bytes = read(pid, "stat")?;
        Ok(bytes.and_then(|bytes| Self::parse(&String::from_utf8_lossy(&bytes))))
    }

    /// Returns the fields; the command stands in parentheses and may itself hold spaces and parentheses.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (head, tail) = line.rsplit_once(')')?;
        let (_, command) = head.split_once('(')?;
        let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
        // Field 3, the state, is the first after the command.
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            command: command.to_owned(),
            state: fields.first()?.chars().next()?,
            parent: u32::try_from(number(4)?).ok()?,
            group: u32::try_from(number(5)?).ok()?,
            session: u32::try_from(number(6)?).ok()?,
            ticks: number(14)? + number(15)?,
            ticks_of_ended: number(16)? + number(17)?,
            started: number(22)?,
            pages: number(24)?,
        })
    }

    /// Answers whether it has ended and only waits for its parent to notice.
    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "a real child is what is looked for")]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_command_with_spaces_and_parentheses_shifts_no_field() {
        let line = "42 (a) b (c) S 7 42 9 0 -1 4194304 1 0 0 0 1 2 0 0 20 0 1 0 12345 1 2";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.command.as_str(), stat.state), ("a) b (c", 'S'));
        assert_eq!((stat.parent, stat.group, stat.session, stat.started), (7, 42, 9, 12345));
        assert_eq!((stat.ticks, stat.pages), (3, 2));
        assert!(Stat::parse("").is_none() && Stat::parse("42 (a) S").is_none());
    }

    #[test]
    fn a_process_is_found_in_its_folder_with_its_marker_and_its_parents() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("below");
        fs::create_dir(&below).unwrap();
        let mut child = Command::new("cat")
            .current_dir(&below)
            .env(WT_MARKER, "repository/feature-1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // What it is given back, it has said itself: it is `cat` by then, and no longer our copy.
        child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let found = inside(folder.path());
        let sibling = inside(&folder.path().join("bel"));
        let parents = ancestors(child.id());
        drop(child.stdin.take());
        child.wait().unwrap();
        let [process] = &found[..] else { panic!("{found:?}") };
        assert_eq!((process.pid, process.parent), (child.id(), std::process::id()));
        assert_eq!(process.marker.as_deref(), Some("repository/feature-1"));
        assert_eq!(process.command, "cat");
        assert_eq!(process.folder.as_deref(), Some(fs::canonicalize(&below).unwrap().as_path()));
        assert!(sibling.is_empty());
        assert_eq!(parents.first(), Some(&std::process::id()));
    }
}
