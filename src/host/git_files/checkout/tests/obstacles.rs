//! What stops a checkout, and how it is told: evil trees, taken paths, damaged objects, a full disk, Ctrl-C.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::sandbox::{Sandbox, contents};
use crate::error::{Code, Failure};
use crate::host::git_files::checkout::folders::{FolderMaking, Folders};
use crate::host::git_files::checkout::plan::{CheckoutFolder, Plan};
use crate::host::git_files::checkout::{Request, checkout};

fn require_refused(sandbox: &Sandbox, name: &str, commit: &str, code: Code, part: &str) -> Failure {
    let failure = sandbox.checkout(name, commit, 2).unwrap_err();
    assert_eq!(failure.code(), code, "{failure}");
    assert!(failure.message().contains(part), "{failure}");
    assert!(!sandbox.common_dir().join("worktrees").join(name).join("index").exists());
    failure
}

#[test]
fn evil_names_are_refused_before_anything_is_written() {
    let sandbox = Sandbox::new();
    let blob = sandbox.blob(b"evil");
    let evil: [&[u8]; 9] = [b".git", b".GIT", b"git~1", b".git ", b".", b"..", b"a/b", b"../out", b"x\\.git"];
    for (number, name) in evil.iter().enumerate() {
        let inner = sandbox.tree(&[("100644", name, &blob)]);
        for (way, commit) in [
            sandbox.commit_of_tree(&[("100644", b"a", &blob), ("100644", name, &blob)]),
            sandbox.commit_of_tree(&[("100644", b"a", &blob), ("40000", b"inner", &inner)]),
            sandbox.commit_of_tree(&[("100644", b"a", &blob), ("40000", name, &inner)]),
        ]
        .iter()
        .enumerate()
        {
            let worktree = format!("w{number}-{way}");
            let shown = String::from_utf8_lossy(name).into_owned();
            require_refused(&sandbox, &worktree, commit, Code::GitFailed, &shown);
            assert!(contents(&sandbox.path(&worktree)).is_empty());
        }
    }
    assert!(!sandbox.path("out").exists());
}

#[test]
fn a_link_and_a_folder_of_one_name_do_not_lead_out() {
    let sandbox = Sandbox::new();
    let target = sandbox.blob(sandbox.path("outside").to_str().unwrap().as_bytes());
    std::fs::create_dir(sandbox.path("outside")).unwrap();
    let inner = sandbox.tree(&[("100644", b"planted", &sandbox.blob(b"evil"))]);
    let commit = sandbox.commit_of_tree(&[("120000", b"door", &target), ("40000", b"door", &inner)]);
    require_refused(&sandbox, "ours", &commit, Code::GitFailed, "door");
    assert!(contents(&sandbox.path("outside")).is_empty());
}

#[test]
fn a_link_put_in_the_way_of_a_folder_is_not_followed() {
    let sandbox = Sandbox::new();
    sandbox.write("door/planted", "1");
    let commit = sandbox.commit();
    std::fs::create_dir(sandbox.path("outside")).unwrap();
    let (folder, admin) = sandbox.register("ours", &commit);
    symlink(sandbox.path("outside"), folder.join("door")).unwrap();
    let failure = sandbox.checkout_into(&folder, &admin, &commit, 2).unwrap_err();
    assert_eq!(failure.code(), Code::PathNotEmpty);
    assert!(contents(&sandbox.path("outside")).is_empty());
}

#[test]
fn what_stands_in_the_folder_is_never_written_over() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "new");
    sandbox.write("inner/b", "new");
    let commit = sandbox.commit();
    for (number, taken) in ["a", "inner", "inner/b"].iter().enumerate() {
        let (folder, admin) = sandbox.register(&format!("w{number}"), &commit);
        let path = folder.join(taken);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink("mine", &path).unwrap();
        let failure = sandbox.checkout_into(&folder, &admin, &commit, 2).unwrap_err();
        assert_eq!(failure.code(), Code::PathNotEmpty, "{failure}");
        assert_eq!(path.read_link().unwrap(), Path::new("mine"));
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a file of a temporary folder")]
fn a_file_that_stands_there_keeps_its_content() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "new");
    let commit = sandbox.commit();
    let (folder, admin) = sandbox.register("ours", &commit);
    std::fs::write(folder.join("file"), "mine").unwrap();
    let failure = sandbox.checkout_into(&folder, &admin, &commit, 1).unwrap_err();
    assert_eq!(failure.code(), Code::PathNotEmpty, "{failure}");
    assert_eq!(std::fs::read(folder.join("file")).unwrap(), b"mine");
}

#[test]
fn a_folder_that_became_a_link_after_it_was_made_is_not_entered() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("outside")).unwrap();
    symlink("outside", folder.path().join("door")).unwrap();
    let part = |path: &[u8]| CheckoutFolder { parent: 0, path: path.to_vec(), id: git2::Oid::ZERO_SHA1 };
    let plan = Plan { folders: vec![part(b""), part(b"door")], entries: Vec::new() };
    let root = std::fs::File::open(folder.path()).unwrap().into();
    let made = [FolderMaking::new(Some(Ok(()))), FolderMaking::new(Some(Ok(())))];
    let mut folders = Folders::new(&plan, &root, &made);
    assert!(folders.open(0).is_ok());
    assert!(folders.open(1).is_err());
}

#[test]
fn a_missing_object_is_named() {
    let sandbox = Sandbox::new();
    let commit = sandbox.commit_of_tree(&[("100644", b"a", &"12".repeat(20))]);
    require_refused(&sandbox, "blob", &commit, Code::GitFailed, &"12".repeat(20));
    let commit = sandbox.commit_of_tree(&[("40000", b"a", &"34".repeat(20))]);
    require_refused(&sandbox, "tree", &commit, Code::GitFailed, &"34".repeat(20));
    let tree = sandbox.tree(&[]);
    let commit = sandbox.commit_of_tree(&[("100644", b"a", &tree)]);
    require_refused(&sandbox, "kind", &commit, Code::GitFailed, &tree);
}

#[test]
fn a_damaged_object_is_named_and_not_written() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "one");
    let commit = sandbox.commit();
    let object = |id: &str| sandbox.common_dir().join("objects").join(&id[..2]).join(&id[2..]);
    let (wanted, other) = (sandbox.git(&["rev-parse", "HEAD:file"]), sandbox.blob(b"two"));
    std::fs::remove_file(object(&wanted)).unwrap();
    // Whole in itself, but another content than its name says.
    std::fs::copy(object(&other), object(&wanted)).unwrap();
    require_refused(&sandbox, "ours", &commit, Code::GitFailed, &wanted);
    assert!(contents(&sandbox.path("ours")).is_empty());
}

#[test]
fn an_interrupt_stops_between_two_files() {
    let sandbox = Sandbox::new();
    for number in 0..300 {
        sandbox.write(format!("folder-{}/file-{number}", number % 7), format!("content of {number}\n"));
    }
    let commit = sandbox.commit();
    for workers in [1, 2] {
        let (folder, admin) = sandbox.register(&format!("w{workers}"), &commit);
        let looks = AtomicUsize::new(0);
        let failure = checkout(&Request {
            common_dir: &sandbox.common_dir(),
            commit: &commit,
            folder: &folder,
            admin: &admin,
            siblings: &|| Box::new(std::iter::empty()),
            outside: &crate::host::git_files::conversion::Outside::default(),
            workers,
            interrupted: &|| looks.fetch_add(1, Ordering::Relaxed) >= 100,
            progress: &|_, _| {},
        })
        .unwrap_err();
        assert_eq!(failure.code(), Code::Interrupted);
        let files = contents(&folder).values().filter(|(mode, _)| mode & 0o170_000 == 0o100_000).count();
        assert!((1..=110).contains(&files), "{files} files were written");
        assert!(!admin.join("index").exists());
        // All that is there is known to be ours, so that an undo may take it away.
        let foreign = sandbox.foreign_paths(&commit, &folder, &[".git"]);
        assert!(foreign.is_empty(), "{foreign:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_as_one() {
    let sandbox = Sandbox::new();
    sandbox.write("big", vec![b'x'; 300_000]);
    sandbox.write("small", "1");
    let commit = sandbox.commit();
    let mount = sandbox.path("mount");
    std::fs::create_dir(&mount).unwrap();
    let Some(mounted) = Mounted::small(&mount) else {
        eprintln!("skipped: a small file system can only be mounted by root");
        return;
    };
    let admin = sandbox.common_dir().join("worktrees/none");
    std::fs::create_dir_all(&admin).unwrap();
    let failure = sandbox.checkout_into(&mount, &admin, &commit, 1).unwrap_err();
    assert_eq!(failure.code(), Code::DiskFull, "{failure}");
    assert!(failure.message().contains("big"), "{failure}");
    let foreign = sandbox.foreign_paths(&commit, &mount, &[]);
    assert!(foreign.is_empty(), "{foreign:?}");
    let files = sandbox.path("files");
    std::fs::create_dir(&files).unwrap();
    // The index fails for the same reason, and is told the same way.
    let failure = sandbox.checkout_into(&files, &mount, &commit, 1);
    assert_eq!(failure.err().map(|failure| failure.code()), Some(Code::DiskFull));
    assert!(!mount.join("index").exists());
    drop(mounted);
}

/// A file system of 64 KiB, unmounted at the end.
#[cfg(target_os = "linux")]
struct Mounted<'a>(&'a Path);

#[cfg(target_os = "linux")]
impl<'a> Mounted<'a> {
    #[expect(clippy::disallowed_methods, reason = "mount(8) makes a disk that is soon full")]
    fn small(folder: &'a Path) -> Option<Self> {
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(folder).stderr(std::process::Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

#[cfg(target_os = "linux")]
impl Drop for Mounted<'_> {
    #[expect(clippy::disallowed_methods, reason = "umount(8)")]
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0).status();
    }
}
