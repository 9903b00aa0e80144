//! Whatever a commit holds, our worktree of it is git's own: every path, mode, byte, link, and the index.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::sandbox::{Sandbox, contents};

/// Checks out `commit` by git and by us, and holds the two against each other.
fn require_equal(sandbox: &Sandbox, commit: &str) {
    let theirs = sandbox.path("theirs");
    sandbox.git(&["worktree", "add", "-q", "--detach", theirs.to_str().unwrap(), commit]);
    for (workers, is_beside_main) in [(1, false), (3, false), (1, true), (3, true)] {
        let name = format!("ours-{workers}-{is_beside_main}");
        let report = if is_beside_main {
            sandbox.checkout_beside_main(&name, commit, workers).unwrap()
        } else {
            sandbox.checkout(&name, commit, workers).unwrap()
        };
        let ours = sandbox.path(&name);
        let found = contents(&ours);
        assert_eq!(found.len(), report.files + report.folders, "{report:?}");
        for (path, wanted) in contents(&theirs) {
            assert_eq!(found.get(&path), Some(&wanted), "{}", path.display());
        }
        assert_eq!(found.len(), contents(&theirs).len());
        require_clean(sandbox, &ours);
    }
    sandbox.git(&["fsck", "--strict"]);
}

/// Holds the index against what git itself would write of the same files.
fn require_clean(sandbox: &Sandbox, folder: &Path) {
    assert_eq!(sandbox.git_in(folder, &["status", "--porcelain=v2"]), "");
    // Looks at stat data alone: a wrong one shows here even where the content is right.
    assert_eq!(sandbox.git_in(folder, &["diff-files"]), "");
    assert_eq!(sandbox.git_in(folder, &["diff-index", "--cached", "HEAD"]), "");
    let index = sandbox.git_in(folder, &["rev-parse", "--git-path", "index"]);
    let (ours, our_trees) = (stats(sandbox, folder), trees_of_index(Path::new(&index)));
    std::fs::remove_file(&index).unwrap();
    sandbox.git_in(folder, &["read-tree", "HEAD"]);
    sandbox.git_in(folder, &["update-index", "--refresh"]);
    let (theirs, their_trees) = (stats(sandbox, folder), trees_of_index(Path::new(&index)));
    assert!(ours == theirs, "ours\n{ours}\ngit's\n{theirs}");
    assert_eq!(our_trees, their_trees, "the cache of trees");
}

/// Returns the index as git shows it, without submodules, whose stat data a refresh leaves out.
fn stats(sandbox: &Sandbox, folder: &Path) -> String {
    let shown = sandbox.git_in(folder, &["ls-files", "-s", "--debug"]);
    let mut is_file = true;
    let mut kept = String::new();
    for line in shown.lines() {
        is_file = if line.starts_with(' ') { is_file } else { !line.starts_with("160000 ") };
        if is_file {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Returns the `TREE` extension of an index (gitformat-index(5)) as sorted paths, counts and object names: libgit2
/// and git order the folders differently, and both read either.
fn trees_of_index(path: &Path) -> Vec<(Vec<u8>, String, Vec<u8>)> {
    let bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(4).rposition(|four| four == b"TREE").unwrap() + 4;
    let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut rest = &bytes[at + 4..at + 4 + length];
    let mut trees = Vec::new();
    read_tree_cache(&mut rest, b"", &mut trees);
    assert!(rest.is_empty());
    trees.sort();
    trees
}

fn read_tree_cache(rest: &mut &[u8], parent: &[u8], trees: &mut Vec<(Vec<u8>, String, Vec<u8>)>) {
    let mut until = |end: u8| {
        let at = rest.iter().position(|byte| *byte == end).unwrap();
        let part = rest[..at].to_vec();
        *rest = &rest[at + 1..];
        part
    };
    let path = [parent, b"/", &until(0)].concat();
    let counts =
        format!("{} {}", String::from_utf8(until(b' ')).unwrap(), String::from_utf8(until(b'\n')).unwrap());
    let (id, after) = rest.split_at(20);
    *rest = after;
    let folders: usize = counts.split_once(' ').unwrap().1.parse().unwrap();
    trees.push((path.clone(), counts, id.to_vec()));
    for _ in 0..folders {
        read_tree_cache(rest, &path, trees);
    }
}

#[test]
fn an_empty_commit() {
    let sandbox = Sandbox::new();
    let commit = sandbox.commit();
    let report = sandbox.checkout("ours", &commit, 4).unwrap();
    assert_eq!((report.files, report.folders, report.bytes), (0, 0, 0));
    assert_eq!(sandbox.git_in(&sandbox.path("ours"), &["status", "--porcelain=v2"]), "");
}

#[test]
fn modes_links_and_empty_files() {
    let sandbox = Sandbox::new();
    sandbox.write("plain", "text\n");
    sandbox.write("empty", "");
    sandbox.write("bin/run", "#!/bin/sh\n");
    let run = sandbox.main().join("bin/run");
    std::fs::set_permissions(&run, std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("plain", sandbox.main().join("link")).unwrap();
    symlink("../../outside/nowhere", sandbox.main().join("bin/dangling")).unwrap();
    symlink("bin", sandbox.main().join("folder-link")).unwrap();
    symlink(std::ffi::OsStr::new(&"x".repeat(3000)), sandbox.main().join("long-link")).unwrap();
    let commit = sandbox.commit();
    require_equal(&sandbox, &commit);
}

#[test]
fn names_of_every_kind() {
    let sandbox = Sandbox::new();
    let names: [&[u8]; 16] = [
        b"with space",
        b"with\nnewline",
        b"with\ttab",
        b"\"quoted\" 'twice'",
        b"latin-\xe9",
        b"\xff\xfe\xfd",
        b"-dash",
        b"back\\slash",
        b"colon:name",
        b"CON",
        b"con.txt",
        b"trailing.",
        b"$(x) `y`",
        b"gr\xc3\xb6\xc3\x9fe",
        b".gitignore-not",
        b"git~2",
    ];
    for name in names {
        sandbox.write(name, name);
        sandbox.write([b"folder-".as_slice(), name, b"/".as_slice(), name].concat(), b"inner");
    }
    for name in ["a", "a-", "a.b", "a/b", "a0", "A", "ab/c", "ab.c", "ab-c"] {
        sandbox.write(format!("order/{name}{}", if name == "a" { "x" } else { "" }), name);
    }
    let commit = sandbox.commit();
    require_equal(&sandbox, &commit);
}

#[test]
fn long_names_and_deep_paths() {
    let sandbox = Sandbox::new();
    sandbox.write("n".repeat(200), "long");
    sandbox.write("m".repeat(255), "longest");
    // Deeper than what stays open at once, with a way back to what was closed.
    let deep = |depth: usize| (0..depth).fold(String::new(), |path, level| path + &format!("d{level}/"));
    for depth in [1, 20, 31, 32, 33, 60, 90] {
        sandbox.write(format!("{}a", deep(depth)), "deep");
        sandbox.write(format!("{}z", deep(depth)), "deep, later");
    }
    let commit = sandbox.commit();
    require_equal(&sandbox, &commit);
}

#[test]
fn submodules_are_empty_folders() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "1");
    let commit = sandbox.commit();
    for path in ["sub", "deep/er/sub"] {
        sandbox.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{path}")]);
    }
    sandbox.git(&["commit", "-q", "-m", "submodules"]);
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    require_equal(&sandbox, &commit);
}

/// A thousand files of a fixed seed in folders of very different sizes.
fn write_thousand(sandbox: &Sandbox, seed: u64) {
    let mut state = seed;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for number in 0..1000 {
        let folder = ["", "src/", "src/deep/er/", "docs/", "many/"][usize::try_from(next(5)).unwrap()];
        let lines = next(80);
        let text = (0..lines)
            .fold(String::new(), |text, line| text + &format!("line {line} of {number}: {}\n", next(1000)));
        sandbox.write(format!("{folder}file-{number}"), text);
    }
}

#[test]
fn a_thousand_files_loose_and_packed_with_deltas() {
    let sandbox = Sandbox::new();
    write_thousand(&sandbox, 1);
    sandbox.commit();
    sandbox.git(&["repack", "-adq"]);
    write_thousand(&sandbox, 2);
    let mixed = sandbox.commit();
    require_equal(&sandbox, &mixed);
    sandbox.git(&["gc", "-q", "--prune=now"]);
    sandbox.checkout("packed", &mixed, 2).unwrap();
    assert_eq!(contents(&sandbox.path("packed")), contents(&sandbox.path("theirs")));
}

#[test]
fn a_big_file_arrives_whole() {
    let sandbox = Sandbox::new();
    let big: Vec<u8> = (0..20_000_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    sandbox.write("big", &big);
    sandbox.write("small", "small");
    let commit = sandbox.commit();
    require_equal(&sandbox, &commit);
}

#[test]
fn objects_of_an_alternate() {
    let source = Sandbox::new();
    write_thousand(&source, 3);
    let commit = source.commit();
    let sandbox = Sandbox::new();
    std::fs::remove_dir_all(sandbox.main()).unwrap();
    let parent = sandbox.path("");
    sandbox.git_in(&parent, &["clone", "-q", "--shared", source.main().to_str().unwrap(), "main"]);
    require_equal(&sandbox, &commit);
}

#[test]
fn times_are_older_than_the_index_but_not_by_much() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "1");
    symlink("file", sandbox.main().join("link")).unwrap();
    let commit = sandbox.commit();
    sandbox.checkout("ours", &commit, 1).unwrap();
    let index = sandbox.common_dir().join("worktrees/ours/index").metadata().unwrap().mtime();
    for name in ["file", "link"] {
        let age = index - sandbox.path("ours").join(name).symlink_metadata().unwrap().mtime();
        assert!((2..10).contains(&age), "{name} is {age} s older than the index");
    }
}

#[test]
fn progress_ends_with_all_files() {
    let sandbox = Sandbox::new();
    write_thousand(&sandbox, 4);
    let commit = sandbox.commit();
    let (folder, admin) = sandbox.register("ours", &commit);
    let seen = std::sync::Mutex::new(Vec::new());
    let progress = |done, total| seen.lock().unwrap().push((done, total));
    let common_dir = sandbox.common_dir();
    let request = crate::host::git_files::checkout::Request {
        common_dir: &common_dir,
        commit: &commit,
        folder: &folder,
        admin: &admin,
        siblings: &|| Box::new(std::iter::empty()),
        outside: &crate::host::git_files::conversion::Outside::default(),
        workers: 2,
        interrupted: &|| false,
        progress: &progress,
    };
    crate::host::git_files::checkout::checkout(&request).unwrap();
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(seen.last(), Some(&(1000, 1000)));
    assert!(seen.len() > 5, "{seen:?}");
}
