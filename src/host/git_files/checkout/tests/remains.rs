//! What is left of a checkout: ours to take away only as long as nobody put anything of his own there.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::sandbox::Sandbox;

/// A worktree of a small commit with everything in it.
fn worktree() -> (Sandbox, String, PathBuf) {
    let sandbox = Sandbox::new();
    sandbox.write("file", "some content\n");
    sandbox.write("inner/deep/file", "other content\n");
    symlink("file", sandbox.main().join("link")).unwrap();
    let commit = sandbox.commit();
    sandbox.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},sub")]);
    sandbox.git(&["commit", "-q", "-m", "submodule"]);
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.checkout("ours", &commit, 2).unwrap();
    let folder = sandbox.path("ours");
    (sandbox, commit, folder)
}

#[expect(clippy::disallowed_methods, reason = "files of a temporary folder")]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_whole_checkout_is_ours_and_so_is_half_of_one() {
    let (sandbox, commit, folder) = worktree();
    let foreign = || sandbox.foreign_paths(&commit, &folder, &[".git"]);
    assert_eq!(foreign(), Vec::<PathBuf>::new());
    write(&folder.join("file"), "some con");
    write(&folder.join("inner/deep/file"), "");
    std::fs::remove_file(folder.join("link")).unwrap();
    assert_eq!(foreign(), Vec::<PathBuf>::new());
    std::fs::remove_dir_all(folder.join("inner/deep")).unwrap();
    std::fs::remove_dir(folder.join("sub")).unwrap();
    assert_eq!(foreign(), Vec::<PathBuf>::new());
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(foreign(), Vec::<PathBuf>::new());
}

#[test]
fn whatever_else_is_there_is_named() {
    type Change = fn(&Path);
    let cases: [(&str, Change); 11] = [
        ("file", |folder| write(&folder.join("file"), "some content\nand more\n")),
        ("file", |folder| write(&folder.join("file"), "some CON")),
        ("new", |folder| write(&folder.join("new"), "")),
        ("inner/new", |folder| std::fs::create_dir(folder.join("inner/new")).unwrap()),
        ("inner/deep/.git", |folder| write(&folder.join("inner/deep/.git"), "allowed at the top only")),
        ("sub", |folder| write(&folder.join("sub/mine"), "mine")),
        ("link", |folder| {
            std::fs::remove_file(folder.join("link")).unwrap();
            symlink("elsewhere", folder.join("link")).unwrap();
        }),
        ("link", |folder| {
            std::fs::remove_file(folder.join("link")).unwrap();
            write(&folder.join("link"), "file");
        }),
        ("inner", |folder| {
            std::fs::rename(folder.join("inner"), folder.with_extension("moved")).unwrap();
            symlink(folder.with_extension("moved"), folder.join("inner")).unwrap();
        }),
        ("file", |folder| {
            std::fs::remove_file(folder.join("file")).unwrap();
            std::fs::create_dir(folder.join("file")).unwrap();
        }),
        ("file", |folder| {
            std::fs::remove_file(folder.join("file")).unwrap();
            drop(std::os::unix::net::UnixListener::bind(folder.join("file")).unwrap());
        }),
    ];
    for (number, (named, change)) in cases.into_iter().enumerate() {
        let (sandbox, commit, folder) = worktree();
        change(&folder);
        let foreign = sandbox.foreign_paths(&commit, &folder, &[".git"]);
        assert_eq!(foreign, [PathBuf::from(named)], "case {number}");
    }
}

#[test]
fn a_file_in_place_of_the_folder_is_foreign() {
    let (sandbox, commit, folder) = worktree();
    std::fs::remove_dir_all(&folder).unwrap();
    write(&folder, "mine");
    let foreign = sandbox.foreign_paths(&commit, &folder, &[]);
    assert_eq!(foreign.len(), 1);
}
