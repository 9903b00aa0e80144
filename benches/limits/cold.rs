//! A repository that nobody has read since its disk was mounted.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::ground::Ground;
use super::sides::{Side, in_turns};

/// Creates of 25,000 files right after ext4 was mounted from a file, beside `git worktree add` of the same. Needs root.
pub fn create(sides: &[Side]) -> Vec<f64> {
    let Some(disk) = Disk::new() else { return Vec::new() };
    let ground = Ground::in_folder(&disk.mounted(), 1);
    ground.fill_with_sources(25_000, true);
    let by_git = |round: usize| {
        disk.mount_again();
        let folder = ground.beside(&format!("git-{round}"));
        ground.time_git(&["worktree", "add", "-q", "-b", &format!("git/{round}"), &folder, "main"])
    };
    let mut ways: Vec<Box<dyn FnMut(usize) -> Duration + '_>> = vec![Box::new(by_git)];
    for (number, side) in sides.iter().enumerate() {
        let (disk, ground) = (&disk, &ground);
        ways.push(Box::new(move |round| {
            disk.mount_again();
            let name = format!("r{round}-{number}");
            side.time(ground, &["create", &name, "-q", "--path", &ground.beside(&name)])
        }));
    }
    let medians = in_turns(5, &mut ways);
    medians[1..].iter().map(|seconds| seconds / medians[0]).collect()
}

/// A file system in a file, mounted as long as this lives.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// None where nobody may mount.
    fn new() -> Option<Self> {
        let disk = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(disk.mounted()).unwrap();
        let image = std::fs::File::create(disk.image()).unwrap();
        image.set_len(6 << 30).unwrap();
        // Each round's 25,000 files stay: what ext4 has for files by itself would not do for all of them.
        let made = is_done(Command::new("mkfs.ext4").args(["-q", "-N", "1000000"]).arg(disk.image()));
        (made && disk.mount()).then_some(disk)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn mounted(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    fn mount(&self) -> bool {
        is_done(Command::new("mount").args(["-o", "loop"]).arg(self.image()).arg(self.mounted()))
    }

    /// What the kernel knew of its files is forgotten then.
    fn mount_again(&self) {
        assert!(unmount(&self.mounted()) && self.mount());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.mounted());
    }
}

fn unmount(folder: &Path) -> bool {
    is_done(Command::new("umount").arg(folder))
}

fn is_done(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
