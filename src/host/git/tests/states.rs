//! The states that a worktree can be in, each with what makes it and who is to tell of it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::changes::By;
use super::sandbox::{Sandbox, write};

/// A change of state: a word for it, what makes it in the worktree, and who tells of it.
pub(super) type State = (&'static str, fn(&Sandbox, &Path), By);

/// States of one worktree.
pub(super) const STATES: &[State] = &[
    ("nothing", |_, _| (), By::Ourselves),
    ("modified, same size", |_, at| write(&at.join("a/one"), "ONE\n"), By::Ourselves),
    ("modified, other size", |_, at| write(&at.join("a/one"), "more than one\n"), By::Ourselves),
    ("written again", |_, at| write(&at.join("a/one"), "one\n"), By::Ourselves),
    ("deleted", |_, at| fs::remove_file(at.join("a/one")).unwrap(), By::Ourselves),
    ("a folder deleted", |_, at| fs::remove_dir_all(at.join("a")).unwrap(), By::Ourselves),
    ("made executable", |_, at| chmod(&at.join("a/one"), 0o755), By::Ourselves),
    ("no longer executable", |_, at| chmod(&at.join("run.sh"), 0o644), By::Ourselves),
    ("another group's right", |_, at| chmod(&at.join("a/one"), 0o664), By::Ourselves),
    ("touched", |_, at| touch(&at.join("a/one"), 1_600_000_000), By::Ourselves),
    (
        "staged",
        |s, at| {
            write(&at.join("a/one"), "1\n");
            add(s, at, "a/one");
        },
        By::Ourselves,
    ),
    (
        "staged and changed",
        |s, at| {
            write(&at.join("a/one"), "1\n");
            add(s, at, "a/one");
            write(&at.join("a/one"), "2\n");
        },
        By::Ourselves,
    ),
    (
        "staged new",
        |s, at| {
            write(&at.join("a/deep/er/new"), "1\n");
            add(s, at, ".");
        },
        By::Ourselves,
    ),
    (
        "staged back",
        |s, at| {
            write(&at.join("a/one"), "1\n");
            add(s, at, "a/one");
            write(&at.join("a/one"), "one\n");
            add(s, at, "a/one");
        },
        By::Ourselves,
    ),
    ("staged deletion", |s, at| drop(s.git_in(at, &["rm", "-q", "a/one"])), By::Ourselves),
    ("staged deletion of a folder", |s, at| drop(s.git_in(at, &["rm", "-qr", "a"])), By::Ourselves),
    ("no longer tracked", |s, at| drop(s.git_in(at, &["rm", "-q", "--cached", "a/one"])), By::Ourselves),
    ("renamed", |s, at| drop(s.git_in(at, &["mv", "a/one", "a/uno"])), By::Ourselves),
    ("a folder renamed", |s, at| drop(s.git_in(at, &["mv", "a", "z"])), By::Ourselves),
    ("renamed unstaged", |_, at| fs::rename(at.join("a/one"), at.join("a/uno")).unwrap(), By::Ourselves),
    ("staged mode", |s, at| drop(s.git_in(at, &["update-index", "--chmod=+x", "a/one"])), By::Ourselves),
    ("everything unstaged", |s, at| drop(s.git_in(at, &["read-tree", "--empty"])), By::Ourselves),
    ("reset softly", |s, at| drop(s.git_in(at, &["reset", "-q", "--soft", "HEAD~1"])), By::Ourselves),
    ("reset mixed", |s, at| drop(s.git_in(at, &["reset", "-q", "HEAD~1"])), By::Ourselves),
    ("link elsewhere", |_, at| relink(&at.join("link"), "a/two"), By::Ourselves),
    ("link as long", |_, at| relink(&at.join("link"), "a/0ne"), By::Ourselves),
    ("link again", |_, at| relink(&at.join("link"), "a/one"), By::Ourselves),
    (
        "link to file",
        |_, at| {
            fs::remove_file(at.join("link")).unwrap();
            write(&at.join("link"), "a/one");
        },
        By::Ourselves,
    ),
    ("file to link", |_, at| relink(&at.join("a/one"), "two"), By::Ourselves),
    (
        "file to folder",
        |_, at| {
            fs::remove_file(at.join("a/one")).unwrap();
            write(&at.join("a/one/x"), "");
        },
        By::Ourselves,
    ),
    (
        "folder to file",
        |_, at| {
            fs::remove_dir_all(at.join("a")).unwrap();
            write(&at.join("a"), "");
        },
        By::Ourselves,
    ),
    (
        "folder to link",
        |_, at| {
            fs::rename(at.join("a"), at.join("elsewhere")).unwrap();
            symlink("elsewhere", at.join("a")).unwrap();
        },
        By::Ourselves,
    ),
    (
        "folder to file, staged",
        |s, at| {
            fs::remove_dir_all(at.join("a")).unwrap();
            write(&at.join("a"), "");
            add(s, at, "-A");
        },
        By::Ourselves,
    ),
    (
        "file to folder, staged",
        |s, at| {
            fs::remove_file(at.join("a/one")).unwrap();
            write(&at.join("a/one/x"), "");
            add(s, at, "-A");
        },
        By::Ourselves,
    ),
    (
        "file to pipe",
        |_, at| {
            fs::remove_file(at.join("a/one")).unwrap();
            pipe(&at.join("a/one"));
            pipe(&at.join("another"));
        },
        By::Ourselves,
    ),
    ("untracked", |_, at| write(&at.join("new"), ""), By::Ourselves),
    (
        "untracked folders",
        |_, at| {
            write(&at.join("new/x/y"), "");
            write(&at.join("a/new/x"), "");
            fs::create_dir_all(at.join("empty/within")).unwrap();
            symlink("a", at.join("to-folder")).unwrap();
            symlink("nowhere", at.join("to-nothing")).unwrap();
        },
        By::Ourselves,
    ),
    (
        "ignored",
        |_, at| {
            for file in [
                "target/x",
                "a/target/x/y",
                "a/x.o",
                "b/only.o",
                "mixed/x.o",
                "mixed/y",
                "mixed/in/z.o",
                "deep/in/x.o",
                "deep/in/er/y.o",
                "private",
                "user.tmp",
            ] {
                write(&at.join(file), "");
            }
            fs::create_dir_all(at.join("b/target")).unwrap();
        },
        By::Ourselves,
    ),
    (
        "ignore files of its own",
        |_, at| {
            write(&at.join("new/.gitignore"), "*\n!.gitignore\n!keep\n");
            write(&at.join("new/keep"), "");
            write(&at.join("new/lost"), "");
            write(&at.join("a/.gitignore"), "*\n");
            write(&at.join("a/new"), "");
            write(&at.join("c/.gitignore"), "*\n");
            write(&at.join("c/d/new"), "");
        },
        By::Ourselves,
    ),
    (
        "a tracked folder that is ignored",
        |s, at| {
            write(&at.join("target/kept"), "");
            s.git_in(at, &["add", "-f", "target/kept"]);
            write(&at.join("target/new"), "");
            write(&at.join("target/in/new"), "");
        },
        By::Ourselves,
    ),
    (
        "an ignore file that is a link",
        |_, at| {
            write(&at.join("patterns"), "new\n");
            relink(&at.join("a/.gitignore"), "../patterns");
            write(&at.join("a/new"), "");
        },
        By::Ourselves,
    ),
    ("a nested repository", |s, at| drop(s.git_in(at, &["init", "-q", "nested"])), By::Git),
    (
        "a nested repository in an ignored folder",
        |s, at| {
            write(&at.join("target/x"), "");
            s.git_in(at, &["init", "-q", "target/nested"]);
        },
        By::Ourselves,
    ),
    (
        "a nested repository around tracked files",
        |s, at| drop(s.git_in(at, &["init", "-q", "a"])),
        By::Ourselves,
    ),
    (
        "assumed unchanged",
        |s, at| {
            s.git_in(at, &["update-index", "--assume-unchanged", "a/one", "a/two"]);
            write(&at.join("a/one"), "other\n");
            fs::remove_file(at.join("a/two")).unwrap();
        },
        By::Ourselves,
    ),
    (
        "skipped",
        |s, at| {
            s.git_in(at, &["update-index", "--skip-worktree", "a/one"]);
            fs::remove_file(at.join("a/one")).unwrap();
        },
        By::Git,
    ),
    (
        "merely intended",
        |s, at| {
            write(&at.join("new"), "1\n");
            s.git_in(at, &["add", "-N", "new"]);
        },
        By::Git,
    ),
    (
        "in conflict",
        |s, at| {
            s.git_in(at, &["checkout", "-qb", "side", "HEAD~1"]);
            write(&at.join("a/two"), "side\n");
            s.git_in(at, &["commit", "-qam", "side"]);
            assert!(!s.try_git(at, &["merge", "-q", "-"]).1);
        },
        By::Git,
    ),
    (
        "an index of version 4",
        |s, at| {
            s.git_in(at, &["update-index", "--index-version=4"]);
            write(&at.join("a/one"), "1\n");
        },
        By::Ourselves,
    ),
    ("a split index", |s, at| drop(s.git_in(at, &["update-index", "--split-index"])), By::Git),
    (
        "an untracked cache",
        |s, at| {
            s.git_in(at, &["update-index", "--force-untracked-cache"]);
            s.git_in(at, &["status"]);
            write(&at.join("new"), "");
        },
        By::Ourselves,
    ),
    ("no branch", |s, at| drop(s.git_in(at, &["checkout", "-q", "--detach"])), By::Ourselves),
    (
        "an unborn branch",
        |s, at| drop(s.git_in(at, &["symbolic-ref", "HEAD", "refs/heads/none"])),
        By::Ourselves,
    ),
    (
        "no index",
        |s, at| fs::remove_file(at.join(s.git_in(at, &["rev-parse", "--git-path", "index"]))).unwrap(),
        By::Ourselves,
    ),
    (
        "carriage returns",
        |s, at| {
            write(&at.join(".gitattributes"), "* text=auto\n");
            add(s, at, ".");
            s.git_in(at, &["commit", "-qm", "attributes"]);
            write(&at.join("a/one"), "1\r\n");
            write(&at.join("b/three"), "three\r\n");
        },
        By::Ourselves,
    ),
    (
        "a carriage return in as many bytes",
        |s, at| {
            write(&at.join(".gitattributes"), "* text=auto\n");
            add(s, at, ".");
            s.git_in(at, &["commit", "-qm", "attributes"]);
            write(&at.join("a/one"), "1 \r\n");
        },
        By::Git,
    ),
    (
        "an empty file that is not",
        |s, at| {
            write(&at.join("a/one"), "");
            add(s, at, "a/one");
            write(&at.join("a/one"), "x");
        },
        By::Ourselves,
    ),
    (
        "names of all kinds",
        |s, at| {
            for name in
                ["a b", "a-b", "a.b", "a/.b", "a0", "ü", "new\nline", "\"quoted\"", "-dash", "[x]", "a\\b"]
            {
                write(&at.join(name), "1\n");
            }
            add(s, at, "-A");
            s.git_in(at, &["commit", "-qm", "names"]);
            write(&at.join("ü"), "22\n");
            write(&at.join("new\nline"), "22\n");
            fs::remove_file(at.join("a.b")).unwrap();
            write(&at.join("other\tname"), "");
        },
        By::Ourselves,
    ),
];

/// States that are made by configuring the repository.
pub(super) const CONFIGURED: &[State] = &[
    (
        "a sparse checkout",
        |s, at| {
            s.git_in(at, &["sparse-checkout", "set", "--cone", "b"]);
        },
        By::Git,
    ),
    (
        "converted text",
        |s, at| {
            s.git_in(at, &["config", "core.autocrlf", "true"]);
            write(&at.join("a/one"), "one\r\n");
            write(&at.join("b/three"), "other\n");
        },
        By::Ourselves,
    ),
    (
        "a filter",
        |s, at| {
            s.git_in(at, &["config", "filter.up.clean", "tr A-Z a-z"]);
            write(&at.join(".gitattributes"), "one filter=up\n");
            write(&at.join("a/one"), "ONE\n");
        },
        By::Git,
    ),
    (
        "modes that do not count",
        |s, at| {
            s.git_in(at, &["config", "core.fileMode", "false"]);
            chmod(&at.join("a/one"), 0o755);
        },
        By::Ourselves,
    ),
    (
        "stat data that hardly counts",
        |s, at| {
            s.git_in(at, &["config", "core.checkStat", "minimal"]);
            s.git_in(at, &["config", "core.trustctime", "false"]);
            chmod(&at.join("run.sh"), 0o700);
            write(&at.join("a/one"), "1 1\n");
        },
        By::Ourselves,
    ),
];

fn add(sandbox: &Sandbox, at: &Path, path: &str) {
    sandbox.git_in(at, &["add", path]);
}

pub(super) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn touch(path: &Path, seconds: u64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn relink(path: &Path, target: &str) {
    let _ = fs::remove_file(path);
    symlink(target, path).unwrap();
}

fn pipe(path: &Path) {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR).unwrap();
}
