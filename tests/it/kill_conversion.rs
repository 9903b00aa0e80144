//! `kill -9` in the middle of a create that converts files on their way to disk.

use std::fs;

use crate::kill::{DATING, assert_all_or_nothing, is_half_made, start_afresh, with_bystander};
use crate::support::strace::{has_strace, killed_at};
use crate::support::{Sandbox, git, skip};

/// System calls at which a create can be killed while it makes files.
const CALLS: [&str; 5] = ["openat", "write", "mkdirat", "fsync", "rename,renameat2"];

/// Has files that end otherwise on disk than they are stored.
fn with_conversions() -> Sandbox {
    let sandbox = with_bystander();
    let repo = sandbox.repo();
    git::write(&repo, ".gitattributes", "*.txt eol=crlf\n*.c ident\n*.both text eol=crlf ident\n");
    for folder in ["", "inner/", "inner/deep/"] {
        git::write(&repo, &format!("{folder}lines.txt"), "one\ntwo\n");
        git::write(&repo, &format!("{folder}id.c"), "/* $Id$ */\nint x;\n");
        git::write(&repo, &format!("{folder}x.both"), "/* $Id$ */\nint x;\n");
        git::write(&repo, &format!("{folder}large.txt"), &"0123456789\n".repeat(30_000));
    }
    sandbox.git(&repo, &["add", "-A"]);
    sandbox.git(&repo, &["commit", "-q", "-m", "converted"]);
    sandbox
}

/// Kills creates until one leaves `feature-login` half-made with `name` in it, whole.
#[track_caller]
fn leave_half_made(sandbox: &Sandbox, name: &str, content: &[u8]) {
    for number in 1..40 {
        assert!(killed_at(sandbox, &["create", "login"], DATING, number), "never half-made");
        let is_there =
            || fs::read(sandbox.worktree("feature-login").join(name)).is_ok_and(|found| found == content);
        if is_half_made(sandbox) && is_there() {
            return;
        }
        sandbox.wt(&["list"]).ok();
        start_afresh(sandbox);
    }
    panic!("never half-made");
}

#[test]
fn a_create_that_converts_files_heals_wherever_it_is_killed() {
    let sandbox = with_conversions();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let mut converted = 0;
    for call in CALLS {
        let mut number = 1;
        while killed_at(&sandbox, &["create", "login", "--ports"], call, number) {
            let lines = fs::read(sandbox.worktree("feature-login").join("lines.txt"));
            converted += usize::from(lines.is_ok_and(|lines| lines == b"one\r\ntwo\r\n"));
            assert_all_or_nothing(&sandbox, &format!("killed at {call} {number}"));
            start_afresh(&sandbox);
            number += 1 + number / 5;
        }
        assert_all_or_nothing(&sandbox, &format!("past the last {call}"));
        start_afresh(&sandbox);
    }
    assert!(converted > 0, "no kill left a converted file: the experiment says nothing");
}

#[test]
fn a_converted_file_that_was_cut_off_is_undone_and_one_that_was_changed_is_kept() {
    let sandbox = with_conversions();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let folder = sandbox.worktree("feature-login");
    let stored = sandbox.git(&sandbox.repo(), &["rev-parse", "HEAD:id.c"]);
    let whole = format!("/* $Id: {stored} $ */\r\nint x;\r\n");
    // Half a line's end, half an id, nothing; and as it is stored, which loses nothing either.
    for (name, left) in [
        ("lines.txt", &b"one\r"[..]),
        ("x.both", &whole.as_bytes()[..20]),
        ("id.c", b""),
        ("lines.txt", b"one\ntwo\n"),
        ("x.both", whole.as_bytes()),
    ] {
        leave_half_made(&sandbox, "lines.txt", b"one\r\ntwo\r\n");
        fs::write(folder.join(name), left).unwrap();
        sandbox.wt(&["list"]).ok();
        assert!(!folder.exists(), "{name}: {left:?}");
        start_afresh(&sandbox);
    }
    let id = whole.replace(&stored, &stored.replace(&stored[..1], "x"));
    for (name, mine) in [
        ("lines.txt", "one\r\ntwo\r\nthree\r\n"),
        ("inner/lines.txt", "one\r\nTWO\r\n"),
        ("x.both", id.as_str()),
        ("inner/deep/mine.txt", "mine\n"),
    ] {
        leave_half_made(&sandbox, "inner/deep/lines.txt", b"one\r\ntwo\r\n");
        let before = fs::read(folder.join(name)).ok();
        fs::write(folder.join(name), mine).unwrap();
        sandbox.wt(&["list"]).ok();
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), mine, "{name}");
        assert!(folder.join("id.c").is_file(), "{name}: beside what is kept nothing is taken");
        match before {
            Some(before) => fs::write(folder.join(name), before).unwrap(),
            None => fs::remove_file(folder.join(name)).unwrap(),
        }
        sandbox.wt(&["list"]).ok();
        assert!(!folder.exists(), "{name}: as it was made again");
        start_afresh(&sandbox);
    }
}
