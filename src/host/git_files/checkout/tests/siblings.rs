//! What is copied from a sibling is right to the byte, whatever the sibling's index says and whoever writes there.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use git2::Oid;

use super::sandbox::{Sandbox, contents};
use crate::host::git_files::checkout::{Report, SiblingCandidate};
use crate::host::git_files::index::{NewEntry, StatData, encode};

/// Checks out `commit` beside the main worktree and requires the bytes that git has for it.
fn beside_main(sandbox: &Sandbox, commit: &str) -> Report {
    let (ours, theirs) = (sandbox.path("ours"), sandbox.path("theirs"));
    let report = sandbox.checkout_beside_main("ours", commit, 2).unwrap();
    sandbox.git(&["worktree", "add", "-q", "--detach", theirs.to_str().unwrap(), commit]);
    assert_eq!(contents(&ours), contents(&theirs));
    assert_eq!(sandbox.git_in(&ours, &["status", "--porcelain=v2"]), "");
    report
}

fn with_files(count: usize) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    for number in 0..count {
        sandbox.write(format!("part-{}/file-{number}", number / 10), format!("content {number}\n"));
    }
    let commit = sandbox.commit();
    (sandbox, commit)
}

#[test]
fn a_clean_sibling_is_copied_whole() {
    let (sandbox, commit) = with_files(40);
    sandbox.write("long", vec![b'x'; 3 * 1024 * 1024 + 7]);
    sandbox.write("as-long-as-a-piece", vec![b'y'; 1024 * 1024]);
    sandbox.write("empty", "");
    let commit = {
        drop(commit);
        sandbox.commit()
    };
    let report = beside_main(&sandbox, &commit);
    assert_eq!((report.files, report.copied), (43, 43));
    assert_eq!(report.sibling.as_deref(), sandbox.main().to_str());
}

#[test]
fn an_index_of_each_version_is_read_and_a_split_one_is_not() {
    for (arguments, copied) in [
        (["update-index", "--index-version", "2"], 12),
        (["update-index", "--index-version", "3"], 12),
        (["update-index", "--index-version", "4"], 12),
        (["update-index", "--force-write-index", "--split-index"], 0),
    ] {
        let (sandbox, commit) = with_files(12);
        sandbox.git(&arguments);
        assert_eq!(beside_main(&sandbox, &commit).copied, copied, "{arguments:?}");
    }
}

#[test]
fn an_index_without_its_checksum_is_read_and_a_damaged_one_is_not() {
    let (sandbox, commit) = with_files(12);
    sandbox.git(&["-c", "index.skipHash=true", "update-index", "--force-write-index"]);
    assert_eq!(beside_main(&sandbox, &commit).copied, 12);
    let (sandbox, commit) = with_files(12);
    let path = sandbox.common_dir().join("index");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    replace(&path, &bytes);
    let (folder, admin) = (sandbox.path("ours"), sandbox.common_dir().join("worktrees/ours"));
    let sibling = SiblingCandidate {
        folder: sandbox.main(),
        admin: sandbox.common_dir(),
        commit: Some(commit.clone()),
    };
    fs::create_dir_all(&admin).unwrap();
    fs::create_dir(&folder).unwrap();
    let report = sandbox.checkout_beside(&[sibling], &folder, &admin, &commit, 1).unwrap();
    assert_eq!((report.files, report.copied, report.sibling), (12, 0, None));
}

#[test]
fn what_git_would_not_call_clean_comes_from_the_object_database() {
    let (sandbox, commit) = with_files(12);
    sandbox.write("part-0/file-1", "changed 1\n");
    fs::remove_file(sandbox.main().join("part-0/file-2")).unwrap();
    fs::remove_file(sandbox.main().join("part-0/file-3")).unwrap();
    symlink("file-4", sandbox.main().join("part-0/file-3")).unwrap();
    sandbox.git(&["update-index", "--assume-unchanged", "part-0/file-5"]);
    sandbox.git(&["update-index", "--skip-worktree", "part-0/file-6"]);
    fs::rename(sandbox.main().join("part-1"), sandbox.main().join("elsewhere")).unwrap();
    symlink("elsewhere", sandbox.main().join("part-1")).unwrap();
    // Left: files 0, 4, 7, 8 and 9 of the first folder; the second is reached through a link.
    assert_eq!(beside_main(&sandbox, &commit).copied, 5);
}

#[test]
fn files_written_under_another_rule_are_not_taken_for_the_objects() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.autocrlf", "true"]);
    sandbox.write("windows", "one\r\ntwo\r\n");
    sandbox.write("mac", "no line at all");
    age(&sandbox.main().join("windows"));
    let commit = sandbox.commit();
    sandbox.git(&["config", "core.autocrlf", "false"]);
    assert_eq!(sandbox.git(&["diff-files"]), "", "git takes it for clean");
    assert_eq!(beside_main(&sandbox, &commit).copied, 1);
    assert_eq!(fs::read(sandbox.path("ours").join("windows")).unwrap(), b"one\ntwo\n");
}

/// An index that says of each file what is true of its stat data, and a lie about its content.
#[test]
fn a_lying_index_brings_no_wrong_byte() {
    let sandbox = Sandbox::new();
    let long = 2 * 1024 * 1024 + 5;
    sandbox.write("long", vec![b'a'; long]);
    sandbox.write("short", "right\n");
    let commit = sandbox.commit();
    let objects = ["long", "short"].map(|name| sandbox.git(&["rev-parse", &format!("HEAD:{name}")]));
    sandbox.write("long", vec![b'b'; long]);
    sandbox.write("short", "wrong\n");
    for name in ["long", "short"] {
        age(&sandbox.main().join(name));
    }
    let entries: Vec<_> = ["long", "short"]
        .into_iter()
        .zip(&objects)
        .map(|(name, id)| {
            let stat = rustix::fs::stat(sandbox.main().join(name)).unwrap();
            (name, StatData::from(stat), Oid::from_str(id).unwrap())
        })
        .collect();
    let listed = entries.iter().map(|(name, stat, id)| NewEntry {
        path: name.as_bytes(),
        stat: *stat,
        mode: 0o100_644,
        id: *id,
    });
    replace(&sandbox.common_dir().join("index"), &encode(listed, std::iter::empty()));
    assert_eq!(sandbox.git(&["diff-files"]), "", "git believes it");
    let report = beside_main(&sandbox, &commit);
    assert_eq!((report.files, report.copied), (2, 0));
}

#[test]
fn files_that_change_during_the_copy_bring_no_wrong_byte() {
    let (sandbox, _) = with_files(1200);
    sandbox.write("long", vec![b'z'; 6 * 1024 * 1024]);
    let commit = sandbox.commit();
    let is_over = AtomicBool::new(false);
    let main = sandbox.main();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|half| {
                let (main, is_over) = (&main, &is_over);
                scope.spawn(move || {
                    let mut round = 0_usize;
                    while !is_over.load(Ordering::Relaxed) {
                        let number = (round * 2 + half) % 1200;
                        overwrite(&main.join(format!("part-{}/file-{number}", number / 10)), b"CONTENT");
                        overwrite(&main.join("long"), &[b'0' + u8::try_from(round % 10).unwrap(); 4096]);
                        round += 7;
                    }
                })
            })
            .collect();
        let report = sandbox.checkout_beside_main("ours", &commit, 2);
        is_over.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
        report.unwrap();
    });
    let (ours, theirs) = (sandbox.path("ours"), sandbox.path("theirs"));
    sandbox.git(&["worktree", "add", "-q", "--detach", theirs.to_str().unwrap(), &commit]);
    assert!(contents(&ours) == contents(&theirs), "a wrong byte arrived");
    assert_eq!(sandbox.git_in(&ours, &["status", "--porcelain=v2"]), "");
}

#[test]
fn ten_thousand_files_in_one_folder() {
    let sandbox = Sandbox::new();
    let mut stream = String::from("commit refs/heads/main\ncommitter T <t@e> 1700000000 +0000\ndata 1\nx\n");
    for number in 0..10_000 {
        let text = format!("{number}\n");
        writeln!(stream, "M 644 inline many/{number}\ndata {}\n{number}", text.len()).unwrap();
    }
    sandbox.git_fed(&sandbox.main(), &["fast-import", "--quiet"], stream.as_bytes());
    sandbox.git(&["reset", "-q", "--hard", "main"]);
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let report = beside_main(&sandbox, &commit);
    assert_eq!((report.files, report.copied), (10_000, 10_000));
}

#[test]
fn of_several_siblings_the_one_with_most_files_is_taken() {
    let (sandbox, first) = with_files(30);
    let early = sandbox.path("early");
    sandbox.git(&["worktree", "add", "-q", "--detach", early.to_str().unwrap(), &first]);
    for number in 0..20 {
        sandbox.write(format!("part-{}/file-{number}", number / 10), format!("second {number}\n"));
    }
    let second = sandbox.commit();
    sandbox.write("part-2/file-25", "third\n");
    let third = sandbox.commit();
    let early = SiblingCandidate {
        admin: sandbox.common_dir().join("worktrees/early"),
        folder: early,
        commit: Some(first),
    };
    let candidates = [early, sandbox.main_as_sibling()];
    let (folder, admin) = sandbox.register("ours", &second);
    let report = sandbox.checkout_beside(&candidates, &folder, &admin, &second, 2).unwrap();
    assert_eq!((report.copied, report.sibling.as_deref()), (29, sandbox.main().to_str()));
    assert_eq!(sandbox.git_in(&folder, &["status", "--porcelain=v2"]), "");
    drop(third);
}

/// Makes a file older than the index will be, so that git believes what stat data say.
fn age(path: &Path) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    file.set_modified(modified - std::time::Duration::from_secs(10)).unwrap();
}

/// Writes into a file that is there, keeping its length.
fn overwrite(path: &Path, bytes: &[u8]) {
    use std::os::unix::fs::FileExt;
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, 0).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a file of a temporary folder")]
fn replace(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}
