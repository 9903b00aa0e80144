//! Contents that change on their way to disk: each file ends byte for byte as the real git writes it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Sandbox, git};

/// Contents in which line endings and `$Id$` are easy to get wrong.
fn contents() -> Vec<(&'static str, Vec<u8>)> {
    let utf16: Vec<u8> = "one\ntwo\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("lf", b"one\ntwo\n".to_vec()),
        ("crlf", b"one\r\ntwo\r\n".to_vec()),
        ("mixed", b"one\r\ntwo\n\nthree\r\n".to_vec()),
        ("lone_cr", b"one\rtwo\nthree".to_vec()),
        ("cr_crlf", b"one\r\r\ntwo\n\r\n\r".to_vec()),
        ("nul", b"one\0two\nthree\n".to_vec()),
        ("empty", Vec::new()),
        ("newline", b"\n".to_vec()),
        ("unended", b"one\ntwo".to_vec()),
        ("controls", b"\x01\x02 one\ntwo\n".to_vec()),
        ("few_controls", [vec![b'x'; 200], b"\x01\n".to_vec()].concat()),
        ("dos_end", b"one\n\x1a".to_vec()),
        ("delete", b"one\x7f\n".to_vec()),
        ("high", "p\u{e4}th\nüñï\n".as_bytes().to_vec()),
        ("utf16", utf16),
        ("id", b"/* $Id$ */\n".to_vec()),
        ("id_old", b"$Id: old$\n$Id: 0123 $\n$Id:$\n$Id: $\n".to_vec()),
        ("id_many", b"$Id$ $Id$\n$$Id$ $I$Id$ $Idx$Id: a$ $Idx$Id$\n".to_vec()),
        ("id_foreign", b"$Id: a,v 1.2 me Exp $\n$Id: a b $Id$\n".to_vec()),
        ("id_open", b"$Id: open\n$Id$\n$Id".to_vec()),
        ("id_nul", b"$Id\0$Id$ $Id: a\0b c$ $Id:\ta b$\n".to_vec()),
        ("id_crlf", b"$Id$\r\n$Id: x\r\n$\n".to_vec()),
        ("id_end", b"one\n$Id$".to_vec()),
        ("id_cut", b"one\n$Id:".to_vec()),
        ("long", b"0123456789 $Id$ abcdef\n".repeat(20_000)),
        ("long_crlf", [b"0123456789\n".repeat(9_000), b"\r\n".to_vec(), b"\n\r".repeat(9_000)].concat()),
    ]
}

const RULES: &[&str] = &[
    "none",
    "text",
    "-text",
    "!text",
    "text=auto",
    "text=input",
    "text=odd",
    "eol=crlf",
    "eol=lf",
    "eol",
    "-eol",
    "text eol=crlf",
    "text eol=lf",
    "text=auto eol=crlf",
    "text=auto eol=lf",
    "-text eol=crlf",
    "crlf",
    "-crlf",
    "crlf=input",
    "crlf=auto",
    "-text crlf",
    "binary",
    "-binary",
    "binary eol=crlf",
    "ident",
    "-ident",
    "ident=x",
    "ident eol=crlf",
    "ident text",
    "ident text=auto",
    "ident text=auto eol=crlf",
    "ident -text",
    "ident binary",
];

/// Commits files just as they are, whatever rules there will be.
fn commit_raw(sandbox: &Sandbox, repo: &Path, files: &[(String, Vec<u8>)]) {
    for (name, content) in files {
        let path = repo.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    sandbox.git(repo, &["add", "-A"]);
    sandbox.git(repo, &["commit", "-q", "-m", "raw"]);
}

fn commit_rules(sandbox: &Sandbox, repo: &Path, files: &[(&str, &[u8])]) {
    for (name, text) in files {
        let path = repo.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        sandbox.git(repo, &["add", "-f", name]);
    }
    sandbox.git(repo, &["commit", "-q", "-m", "rules"]);
}

/// Makes the same worktree with `wt`, by itself, and with git; asserts that they are the same. Returns what wt told.
#[track_caller]
fn assert_same(sandbox: &Sandbox, repo: &Path, name: &str) -> serde_json::Value {
    let (ours, gits) = (sandbox.path(&format!("ours-{name}")), sandbox.path(&format!("gits-{name}")));
    let told = sandbox.json_in(repo, &["create", name, "--no-env", "--path", ours.to_str().unwrap()]);
    assert_eq!(told["way"]["by"], "engine", "{told}");
    sandbox.git(repo, &["worktree", "add", "-q", "--detach", gits.to_str().unwrap()]);
    let mut open = vec![PathBuf::new()];
    let mut differing = Vec::new();
    let mut count = 0;
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(gits.join(&inner)).unwrap() {
            let path = inner.join(entry.unwrap().file_name());
            let (our, git) = (ours.join(&path), gits.join(&path));
            if path == Path::new(".git") {
                continue;
            }
            count += 1;
            if git.is_symlink() {
                assert_eq!(fs::read_link(&our).unwrap(), fs::read_link(&git).unwrap());
            } else if git.is_dir() {
                open.push(path);
            } else if fs::read(&our).unwrap() != fs::read(&git).unwrap() {
                differing.push(path);
            }
        }
    }
    assert!(count > 1);
    assert!(differing.is_empty(), "{name}: {differing:?}");
    if sandbox.status(&gits).is_empty() {
        assert_eq!(sandbox.status(&ours), "");
        sandbox.git(&ours, &["diff-index", "--quiet", "HEAD"]);
    }
    told
}

#[test]
fn every_rule_and_setting_gives_gits_bytes() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let (mut files, mut rules) = (Vec::new(), String::new());
    for (at, rule) in RULES.iter().enumerate() {
        files.extend(contents().into_iter().map(|(name, content)| (format!("r{at}/{name}"), content)));
        if *rule != "none" {
            writeln!(rules, "/r{at}/* {rule}").unwrap();
        }
    }
    commit_raw(&sandbox, &repo, &files);
    commit_rules(&sandbox, &repo, &[(".gitattributes", rules.as_bytes())]);
    let settings = [
        (None, None),
        (Some("true"), None),
        (Some("input"), None),
        (Some("false"), Some("crlf")),
        (None, Some("lf")),
        (None, Some("native")),
        (Some("yes"), Some("lf")),
        (Some("INPUT"), Some("crlf")),
        (Some("1"), None),
        (Some("off"), Some("CRLF")),
        (None, Some("odd")),
    ];
    for (at, (autocrlf, eol)) in settings.into_iter().enumerate() {
        for (key, value) in [("core.autocrlf", autocrlf), ("core.eol", eol)] {
            match value {
                Some(value) => sandbox.git(&repo, &["config", key, value]),
                None => sandbox
                    .git(&repo, &["config", key, if key.ends_with("eol") { "native" } else { "false" }]),
            };
        }
        let told = assert_same(&sandbox, &repo, &format!("s{at}"));
        assert!(told["checkout"]["converted"].as_u64().unwrap() > 0, "{told}");
    }
}

#[test]
fn rules_are_found_where_git_finds_them() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let names = [
        "a.txt",
        "A.TXT",
        "b.md",
        "with space.txt",
        "tab\there",
        "quo\"te",
        "[br]acket",
        "ünï.txt",
        "!bang",
        "back\\slash",
        "deep/a.txt",
        "deep/er/a.txt",
        "deep/er/b.md",
        "other/er/a.txt",
        "x/y/z/a.txt",
        "x/a.txt",
        "foo1/bar",
        "foo/x/bar",
        "foo/bar",
        "m/one",
        "m/two",
        "nul/after",
        "nul/before",
        "bom/first",
        "bom/second",
        "linked/a",
        "long/a",
        "long/b",
        "user/a.txt",
        "info/a.txt",
        "sub/macro",
        "class/a1",
        "class/ab",
        "class/a-",
        "class/a]",
        "star/a",
        "star/.a",
        "case/Abc",
        "trail/a",
        "hash/#a",
    ];
    let files: Vec<_> = names.iter().map(|name| ((*name).to_owned(), b"$Id$\none\n".to_vec())).collect();
    commit_raw(&sandbox, &repo, &files);
    std::os::unix::fs::symlink("a ident\n* eol=crlf", repo.join("linked/.gitattributes")).unwrap();
    sandbox.git(&repo, &["add", "linked"]);
    let long = |length: usize| format!("b eol=crlf {}\n", "x".repeat(length));
    let (fits, too_long) = (long(2047 - 11), long(2048 - 11));
    let top = "*.txt eol=crlf\n\"with space.txt\" eol=lf\n\"tab\\there\" eol=crlf\n\"quo\\\"te\" ident\n\
               \\[br\\]acket eol=crlf\nb.md ident\n!bang eol=crlf\n\\!bang ident\nback\\\\\\\\slash eol=crlf\n\
               \"\\303\\274n\\303\\257.txt\" eol=lf\n/x/**/a.txt ident\nx/**/z/* eol=lf\n**/er/b.md eol=crlf\n\
               foo/**/bar eol=crlf\nfoo?/* ident\n[attr]dos eol=crlf\n[attr]all dos ident\nm/one all\nm/two all -dos eol=lf\n\
               deep/ eol=lf\nclass/a[[:digit:]] eol=crlf\nclass/a[!a-z0-9] ident\nclass/a[]-] eol=crlf\n\
               star/* eol=crlf\ncase/abc eol=crlf\nuser/*.txt !eol\nsub/* all\n\"unclosed eol=crlf\n\
               trail/a eol=crlf bad,name\ntrail/* ident\t \r\n\"hash/#a\" eol=crlf\n";
    commit_rules(
        &sandbox,
        &repo,
        &[
            (".gitattributes", top.as_bytes()),
            ("deep/.gitattributes", b"er/a.txt ident -eol\n/a.txt text=auto\n"),
            ("deep/er/.gitattributes", b"# nothing\n*.md !eol\n"),
            ("sub/.gitattributes", b"[attr]all -ident\nmacro ident=x\n"),
            ("nul/.gitattributes", b"before eol=crlf\n\0\nafter eol=crlf\n"),
            ("bom/.gitattributes", b"\xef\xbb\xbffirst eol=crlf\nsecond eol=crlf\n"),
            ("long/.gitattributes", format!("{fits}{}", too_long.replace("b eol", "a eol")).as_bytes()),
        ],
    );
    assert_same(&sandbox, &repo, "tree");
    let info = repo.join(".git/info");
    fs::create_dir_all(&info).unwrap();
    fs::write(info.join("attributes"), "\u{feff}info/* eol=lf ident\nm/* dos\n[attr]dos ident\n").unwrap();
    let user = sandbox.path("user-attributes");
    fs::write(&user, "user/* eol=crlf\n*.md eol=crlf\nstar/* ident\n[attr]mine eol=crlf\nfoo1/* mine\n")
        .unwrap();
    sandbox.git(&repo, &["config", "core.attributesFile", user.to_str().unwrap()]);
    assert_same(&sandbox, &repo, "outside");
    sandbox.git(&repo, &["config", "core.autocrlf", "true"]);
    assert_same(&sandbox, &repo, "crlf");
}

#[test]
fn case_is_folded_where_the_repository_says_so() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let files = ["Abc.XYZ", "Dir/File", "dir2/X"].map(|name| (name.to_owned(), b"one\n".to_vec()));
    commit_raw(&sandbox, &repo, &files);
    commit_rules(
        &sandbox,
        &repo,
        &[(".gitattributes", b"*.xyz eol=crlf\ndir/f* eol=crlf\nDIR2/x eol=crlf\n")],
    );
    assert_eq!(assert_same(&sandbox, &repo, "sensitive")["checkout"]["converted"], 0);
    sandbox.git(&repo, &["config", "core.ignorecase", "true"]);
    assert_eq!(assert_same(&sandbox, &repo, "folded")["checkout"]["converted"], 3);
}

#[test]
fn links_are_never_converted_and_a_siblings_old_endings_never_copied() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    std::os::unix::fs::symlink("$Id$\nx", repo.join("odd-link")).unwrap();
    commit_raw(
        &sandbox,
        &repo,
        &[("a.c".into(), b"$Id$\none\n".to_vec()), ("b.c".into(), b"two\n".to_vec())],
    );
    sandbox.git(&repo, &["config", "core.autocrlf", "true"]);
    let told = assert_same(&sandbox, &repo, "on");
    assert!(told["checkout"]["converted"].as_u64().unwrap() >= 2);
    // The worktrees that stand now hold CRLF, and git calls them clean.
    sandbox.git(&repo, &["config", "core.autocrlf", "false"]);
    assert_eq!(assert_same(&sandbox, &repo, "off")["checkout"]["converted"], 0);
    commit_rules(&sandbox, &repo, &[(".gitattributes", b"* ident\n")]);
    assert_same(&sandbox, &repo, "ident");
    let run = sandbox.wt_in(&repo, &["-v", "create", "told", "--no-env"]).ok();
    assert!(run.stderr.contains("1 of these converted"), "{}", run.shown());
}

#[test]
fn what_only_git_reads_right_is_given_to_git() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    git::write(&repo, "foo1/bar", "one\n");
    git::write(&repo, ".gitattributes", "foo**/bar eol=crlf\n");
    sandbox.commit(&repo, "odd");
    let told = sandbox.json_in(&repo, &["create", "odd", "--no-env"]);
    assert_eq!(told["way"]["by"], "git", "{told}");
    git::write(&repo, ".gitattributes", "* eol=crlf\n");
    sandbox.commit(&repo, "plain");
    sandbox.git(&repo, &["config", "core.attributesFile", "relative"]);
    let told = sandbox.json_in(&repo, &["create", "relative", "--no-env"]);
    assert_eq!(told["way"]["by"], "git", "{told}");
}
