//! What goes wrong while ignored files are carried: signals, a full disk, sources that change, strange lists, many at once.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::state::Mount;
use crate::support::git::write;
use crate::support::{Run, Sandbox, skip, strace, wait};

/// A repository that carries `data/` and `.secret`.
fn carrying() -> Sandbox {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    write(&repo, ".gitignore", "/data/\n/.secret\n");
    write(&repo, ".worktreeinclude", "/data/\n/.secret\n");
    sandbox.commit(&repo, "lists");
    write(&repo, ".secret", "s");
    sandbox
}

/// Runs `wt` under strace, which does `what` to the `number`-th call.
fn traced(sandbox: &Sandbox, arguments: &[&str], call: &str, what: &str, number: &str) -> Command {
    let mut command = sandbox.program("strace", &sandbox.repo());
    command
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:{what}:when={number}")])
        .arg(env!("CARGO_BIN_EXE_wt"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The folder of copies that a carrying has made aside, if any.
fn aside(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.path());
    names.into_iter().find(|path| path.file_name().unwrap().to_string_lossy().starts_with(".carry.wt-"))
}

#[test]
fn an_interrupted_carry_is_undone_and_a_killed_one_is_cleared_by_the_next() {
    let sandbox = carrying();
    let repo = sandbox.repo();
    if !strace::has_strace(&repo) {
        return skip("strace is not installed or may not trace here");
    }
    for number in 0..6 {
        write(&repo, &format!("data/{number}"), "x");
    }
    // A create.
    let before = sandbox.snapshot();
    let output = traced(&sandbox, &["create", "login"], "utimensat", "signal=INT", "2").output().unwrap();
    let run = Run::new(&["create"], &output).exits(130);
    sandbox.assert_unchanged(&before, &run);
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    let read = |path: &str| fs::read_to_string(folder.join(path)).unwrap();
    // A later carry: nothing is half, and the edit stays at whatever moment it ends.
    let mut deaths = 0;
    let mut round = 0;
    for (call, what) in
        [("utimensat", "INT"), ("renameat2", "KILL"), ("unlinkat", "KILL"), ("rename", "KILL")]
    {
        for number in 1..8 {
            round += 1;
            let news = format!("news {round}");
            for file in ["data/1", "data/2", "data/3"] {
                write(&repo, file, &news);
            }
            write(&folder, "data/4", "mine");
            write(&repo, "data/4", &news);
            let signal = format!("signal={what}");
            let output =
                traced(&sandbox, &["carry", "login"], call, &signal, &number.to_string()).output().unwrap();
            let is_over = output.status.success();
            deaths += usize::from(!is_over);
            if what == "INT" && !is_over {
                assert_eq!((output.status.code(), aside(&folder)), (Some(130), None), "{number}");
            }
            assert_eq!(read("data/4"), "mine", "{call} {number}");
            let whole = ["data/1", "data/2", "data/3"].map(read);
            assert!(
                whole.iter().all(|text| text == "x" || text.starts_with("news ")),
                "{call} {number}: {whole:?}"
            );
            let next = sandbox.json(&["carry", "login"]);
            assert_eq!(
                ["data/1", "data/2", "data/3"].map(read),
                [news.as_str(); 3],
                "{call} {number}: {next}"
            );
            assert_eq!(
                next["carried"][0]["kept"],
                json!([{"path": "data/4", "reason": "edited"}]),
                "{call} {number}"
            );
            assert_eq!((aside(&folder), sandbox.status(&folder)), (None, String::new()), "{call} {number}");
            if is_over {
                break;
            }
        }
    }
    assert!(deaths > 4, "only {deaths} were ended");
}

#[test]
fn a_full_disk_takes_nothing_that_was_there() {
    let sandbox = carrying();
    let repo = sandbox.repo();
    fs::create_dir_all(repo.join("data")).unwrap();
    fs::write(repo.join("data/big"), vec![1; 3 << 20]).unwrap();
    fs::create_dir(sandbox.path("proj.worktrees")).unwrap();
    let Some(mount) = Mount::tmpfs(sandbox.path("proj.worktrees"), "size=2m") else {
        return skip("no mounts here");
    };
    let before = sandbox.snapshot();
    sandbox.refused(&["create", "login"], "disk_full");
    fs::write(repo.join("data/big"), "small").unwrap();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::write(repo.join("data/big"), vec![2; 3 << 20]).unwrap();
    write(&repo, "data/a", "new");
    sandbox.wt(&["--json", "carry", "login"]).exits(1).error("disk_full");
    assert_eq!(fs::read_to_string(folder.join("data/big")).unwrap(), "small");
    assert!(!folder.join("data/a").exists() && aside(&folder).is_none(), "nothing comes half");
    assert_eq!(fs::read_to_string(folder.join(".secret")).unwrap(), "s");
    sandbox.wt(&["remove", "login", "--force"]).ok();
    drop((mount, before));
}

#[test]
fn a_source_that_changes_or_goes_while_it_is_copied_is_copied_whole_or_left_out() {
    let sandbox = carrying();
    let repo = sandbox.repo();
    if !strace::has_strace(&repo) {
        return skip("strace is not installed or may not trace here");
    }
    fs::create_dir_all(repo.join("data")).unwrap();
    fs::write(repo.join("data/big"), vec![b'1'; 100_000]).unwrap();
    write(&repo, "data/goes", "g");
    // The copy of `big` takes so long that it changes meanwhile.
    let delay = "delay_enter=700000";
    let child =
        traced(&sandbox, &["--json", "create", "login"], "copy_file_range", delay, "1").spawn().unwrap();
    let folder = sandbox.worktree("feature-login");
    wait::until("the copy to begin", || {
        aside(&folder).is_some_and(|aside| aside.join("tree/data/big").exists())
    });
    fs::remove_file(repo.join("data/goes")).unwrap();
    fs::write(repo.join("data/big"), vec![b'2'; 150_000]).unwrap();
    let run = Run::new(&["--json", "create", "login"], &child.wait_with_output().unwrap()).ok();
    let carried = run.json()["carried"].clone();
    assert_eq!(
        carried["left_out"],
        json!([{"path": "data/goes", "bytes": 1, "reason": "vanished"}]),
        "{carried}"
    );
    assert_eq!(fs::read(folder.join("data/big")).unwrap(), vec![b'2'; 150_000]);
}

#[test]
fn a_strange_list_makes_a_warning_and_never_a_failure() {
    let sandbox = carrying();
    let repo = sandbox.repo();
    write(&repo, "data/file", "x");
    let list = repo.join(".worktreeinclude");
    let fifo = || {
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600));
        rustix::fs::mknodat(rustix::fs::CWD, &list, kind, mode, 0).unwrap();
    };
    let cases: [(&str, &dyn Fn(), &str); 4] = [
        ("pipe", &fifo, "not a plain file"),
        ("link", &|| symlink(sandbox.path("home"), &list).unwrap(), "not a plain file"),
        ("large", &|| fs::write(&list, "x\n".repeat(600_000)).unwrap(), "larger than 1 MiB"),
        (
            "up",
            &|| fs::write(&list, "/\n..\n../../home\n[z-\n[\n/etc/\n**/..\r\n").unwrap(),
            ".worktreeinclude:",
        ),
    ];
    for (name, make, said) in cases {
        let _ = fs::remove_file(&list);
        make();
        let created = sandbox.json(&["create", name]);
        let warnings = created["warnings"].to_string();
        assert!(warnings.contains(said), "{name}: {warnings}");
        let folder = sandbox.worktree(&format!("feature-{name}"));
        assert!(!folder.join("data").exists() && !folder.join(".secret").exists(), "{name}");
        assert_eq!(created["carried"]["files"].as_u64().unwrap_or(0), 0, "{name}");
        let again = sandbox.json(&["carry", name]);
        assert!(again["warnings"].to_string().contains(said) && again["carried"][0]["files"] == 0, "{again}");
    }
}

#[test]
fn worktrees_in_the_main_one_are_not_carried_into_each_other_nor_two_creates_into_one() {
    let sandbox = carrying();
    let repo = sandbox.repo();
    write(&repo, ".gitignore", ".claude/\n/data/\n/.secret\n");
    write(&repo, ".worktreeinclude", "*\n.claude/\n");
    sandbox.commit(&repo, "all");
    for number in 0..50 {
        write(&repo, &format!("data/{number}"), "x");
    }
    write(&repo, ".claude/settings.local.json", "{}");
    let inner = |name: &str| repo.join(".claude/worktrees").join(name);
    sandbox.wt(&["create", "x", "--path", inner("x").to_str().unwrap()]).ok();
    write(&inner("x"), ".secret", "of x");
    let start = |name: &str| {
        let path = inner(name);
        let mut command =
            sandbox.command(&repo, &["--json", "create", name, "--path", path.to_str().unwrap()]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children = ["y", "z"].map(|name| (name, start(name)));
    for (name, child) in children {
        let run = Run::new(&["--json", "create", name], &child.wait_with_output().unwrap()).ok();
        let carried = run.json()["carried"].clone();
        assert_eq!(carried["files"], 52, "{carried}");
        let folder = inner(name);
        // Of one that is being made just then an empty folder may be seen, and nothing in it.
        for found in fs::read_dir(folder.join(".claude/worktrees")).into_iter().flatten().flatten() {
            assert_eq!(fs::read_dir(found.path()).unwrap().count(), 0, "{found:?} {carried}");
        }
        assert!(folder.join("data/49").exists() && folder.join(".claude/settings.local.json").exists());
        assert_eq!(fs::read_to_string(folder.join(".secret")).unwrap(), "s");
        let found: Vec<&Value> = carried["left_out"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["reason"] != "worktree")
            .collect();
        assert!(found.is_empty(), "{carried}");
    }
    let all = sandbox.json(&["carry", "--all"]);
    assert!(all["carried"].as_array().unwrap().iter().all(|row| row["files"] == 0), "{all}");
}

#[test]
#[ignore = "heavy: half a billion steps of matching"]
fn a_list_that_takes_forever_to_match_carries_nothing_with_a_warning() {
    let sandbox = carrying();
    let repo = sandbox.repo();
    for number in 0..40 {
        write(&repo, &format!("data/{}{number}", "a".repeat(60)), "x");
    }
    write(&repo, ".worktreeinclude", &format!("{}b\n", "a*".repeat(40)).repeat(12_000));
    let created = sandbox.json(&["create", "login"]);
    assert!(created["warnings"].to_string().contains("take too long"), "{created}");
    assert_eq!(created["carried"]["files"], 0);
    assert!(!sandbox.worktree("feature-login").join("data").exists());
    assert!(sandbox.json(&["carry", "login"])["warnings"].to_string().contains("take too long"));
}

#[test]
#[ignore = "heavy: 100,000 files"]
fn a_hundred_thousand_matches_are_carried() {
    let sandbox = carrying();
    let repo = sandbox.repo();
    for folder in 0..100 {
        let folder = repo.join(format!("data/{folder}"));
        fs::create_dir_all(&folder).unwrap();
        for number in 0..1000 {
            fs::write(folder.join(format!("{number}.m")), "").unwrap();
        }
    }
    write(&repo, ".worktreeinclude", "*.m\n");
    let created = sandbox.json(&["create", "login"]);
    assert_eq!(created["carried"]["files"], 100_000);
    let again = sandbox.json(&["carry", "login"]);
    assert_eq!((&again["carried"][0]["files"], &again["carried"][0]["kept"]), (&json!(0), &json!([])));
    // Of what is left out people are told some, and how many more there are; programs are told all.
    sandbox.git(&repo, &["switch", "-q", "-c", "open"]);
    write(&repo, ".gitignore", "/.secret\n");
    sandbox.git(&repo, &["commit", "-qm", "nothing ignored", ".gitignore"]);
    sandbox.git(&repo, &["switch", "-q", "main"]);
    let run = sandbox.wt(&["create", "--branch", "open"]).ok();
    assert!(run.stderr.lines().count() < 20 && run.stderr.len() < 4000, "{}", run.shown());
    run.says(&["99990 more paths were not carried"]);
    let left = sandbox.json(&["carry", "feature-open", "--dry-run"])["plan"].clone();
    assert_eq!(left["carried"][0]["left_out"].as_array().unwrap().len(), 100_000);
}
