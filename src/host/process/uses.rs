//! Which files and folders below a place processes work with, from `/proc`: where they stand, which program they run, what
//! they have open or mapped, and what their command line names. Processes that we may not look into are not seen.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{descriptors, table};
use crate::model::plain_path::without_dots;

/// A process, and what it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub pid: u32,
    /// Absolute, below the place that was asked about.
    pub paths: Vec<PathBuf>,
}

/// What is used below a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses(Vec<User>);

impl Uses {
    /// Looks at every process but ourselves.
    #[must_use]
    pub fn below(place: &Path) -> Self {
        let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        let ourselves = std::process::id();
        let others = table::pids().filter(|pid| *pid != ourselves);
        let users = others.map(|pid| User { pid, paths: used(pid, &place) });
        Self(users.filter(|user| !user.paths.is_empty()).collect())
    }

    /// Returns a process that uses `path`, an absolute path without links, or something below it.
    #[must_use]
    pub fn find(&self, path: &Path) -> Option<u32> {
        let uses = |user: &&User| user.paths.iter().any(|used| used.starts_with(path));
        self.0.iter().find(uses).map(|user| user.pid)
    }
}

fn used(pid: u32, place: &Path) -> Vec<PathBuf> {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let link = |name: &str| fs::read_link(process.join(name)).ok();
    let folder = link("cwd");
    let opened = descriptors::targets(pid).into_iter().flatten();
    let mut paths: Vec<PathBuf> = folder
        .clone()
        .into_iter()
        .chain(link("exe"))
        .chain(opened)
        .filter(|path| path.starts_with(place))
        .collect();
    let mapped = fs::read(process.join("maps")).unwrap_or_default();
    paths.extend(mapped_files(&mapped).filter(|path| path.starts_with(place)).map(Path::to_path_buf));
    let words = fs::read(process.join("cmdline")).unwrap_or_default();
    paths.extend(named(&words, folder.as_deref()).filter(|path| path.starts_with(place)));
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// The files of `proc_pid_maps(5)`: what follows the fifth field.
fn mapped_files(maps: &[u8]) -> impl Iterator<Item = &Path> {
    let lines = maps.split(|byte| *byte == b'\n');
    lines.filter_map(|line| {
        let slash = line.iter().position(|byte| *byte == b'/')?;
        Some(Path::new(std::ffi::OsStr::from_bytes(&line[slash..])))
    })
}

/// The paths among the words of a command, which stands in `folder`: also behind the `=` of a flag.
fn named<'a>(words: &'a [u8], folder: Option<&'a Path>) -> impl Iterator<Item = PathBuf> + 'a {
    let words = words.split(|byte| *byte == 0).filter(|word| word.contains(&b'/'));
    words.filter_map(move |word| {
        let value = word.iter().position(|byte| *byte == b'=').map_or(word, |at| &word[at + 1..]);
        let path = Path::new(std::ffi::OsStr::from_bytes(value));
        let path = if path.is_absolute() { path.to_path_buf() } else { folder?.join(path) };
        Some(without_dots(&path))
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "a real child is what is looked for")]
mod tests {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn words_and_maps_name_files_whatever_else_stands_there() {
        let found: Vec<PathBuf> =
            named(b"node\0./node_modules/.bin/vite\0--root=../x\0/a/b\0plain\0", Some(Path::new("/w/s")))
                .collect();
        assert_eq!(found, [Path::new("/w/s/node_modules/.bin/vite"), Path::new("/w/x"), Path::new("/a/b")]);
        let maps =
            b"55-56 r--p 0 08:01 7   /w/a b/lib.so\n7f-80 rw-p 0 00:00 0  [heap]\n7f-80 rw-p 0 00:00 0\n";
        assert_eq!(mapped_files(maps).collect::<Vec<_>>(), [Path::new("/w/a b/lib.so")]);
    }

    #[test]
    fn whoever_has_a_file_open_or_stands_in_a_folder_is_found() {
        let place = tempfile::tempdir().unwrap();
        let real = place.path().canonicalize().unwrap();
        for folder in ["stands", "opens", "quiet"] {
            fs::create_dir(real.join(folder)).unwrap();
        }
        let file = fs::File::create(real.join("opens/file")).unwrap();
        let mut child = Command::new("cat")
            .current_dir(real.join("stands"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .unwrap();
        child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let uses = Uses::below(place.path());
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(uses.find(&real.join("stands")), Some(child.id()));
        assert_eq!(uses.find(&real.join("opens")), Some(child.id()));
        assert_eq!(uses.find(&real.join("quiet")), None);
    }
}
