//! `wt clean` and `wt list --size`: caches go, and nothing else does.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, symlink};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::setup::trusted;
use crate::support::git::write;
use crate::support::holder::Holder;
use crate::support::{Sandbox, skip, strace, wait};

/// A repository that ignores caches, with one worktree.
fn with_worktree() -> Sandbox {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let lines = "node_modules\ntarget\ndist\n/local/\n/src/gen/\n.venv\n";
    write(&repo, ".gitignore", lines);
    write(&repo, "package.json", "{}");
    write(&repo, "package-lock.json", "{}");
    write(&repo, "web/pnpm-lock.yaml", "");
    write(&repo, "build/tracked", "mine");
    write(&repo, "crate/Cargo.toml", "");
    sandbox.commit(&repo, "files");
    sandbox.wt(&["create", "login"]).ok();
    sandbox
}

fn rows<'a>(answer: &'a Value, list: &str, field: &str) -> Vec<(&'a str, &'a str)> {
    let rows = answer[list].as_array().unwrap_or_else(|| panic!("{answer}")).iter();
    rows.map(|row| (row["path"].as_str().unwrap(), row[field].as_str().unwrap_or("-"))).collect()
}

#[test]
fn what_is_a_cache_goes_and_what_only_looks_like_one_stays() {
    let sandbox = with_worktree();
    let folder = sandbox.worktree("feature-login");
    write(&folder, "node_modules/a/b/index.js", &"x".repeat(9000));
    write(&folder, "web/node_modules/c.js", "c");
    write(&folder, "crate/target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55");
    write(&folder, "crate/target/debug/x", "x");
    write(&folder, "target/notes", "mine");
    // A tag is known by its signature, and a worktree in a cache is no mount point.
    write(&folder, "made/target/CACHEDIR.TAG", "a note of mine");
    sandbox.git(&folder, &["worktree", "add", "-q", "--detach", "crate/node_modules/inner"]);
    write(&folder, "dist/forced", "tracked");
    sandbox.git(&folder, &["add", "-f", "dist/forced"]);
    write(&folder, "build/made", "beside what git tracks");
    write(&folder, "made/build/made", "not ignored");
    write(&folder, "local/key", "mine");
    write(&folder, "src/gen/code", "mine");
    write(&folder, "web/dist/vendored/.git/HEAD", "ref: refs/heads/main\n");
    write(&sandbox.path("elsewhere"), "file", "precious");
    symlink(sandbox.path("elsewhere"), folder.join(".venv")).unwrap();
    // A repository's file names nothing more until it is trusted, and nobody may name everything.
    write(
        &sandbox.repo(),
        ".wt.toml",
        "[remove]\ncaches = [\".\", \"*\", \"src\", \"local\", \"node_modules\", \"target\", \"dist\", \"build\", \".venv\"]\n",
    );
    let before = sandbox.snapshot();
    let plan = sandbox.json(&["clean", "login", "--dry-run"])["plan"].clone();
    sandbox.assert_unchanged(&before, &sandbox.wt(&["clean", "login", "-n"]).ok());
    let expected =
        [("crate/target", "cargo build"), ("node_modules", "npm ci"), ("web/node_modules", "pnpm install")];
    assert_eq!(rows(&plan, "cleaned", "back_with"), expected, "{plan}");
    let left = [
        (".venv", "link"),
        ("crate/node_modules", "repository"),
        ("dist", "tracked"),
        ("made/build", "not_ignored"),
        ("made/target", "no_tag"),
        ("target", "no_tag"),
        ("web/dist", "repository"),
    ];
    let mut found = rows(&plan, "left", "reason");
    found.sort_unstable();
    assert_eq!(found, left, "{plan}");
    // Without anybody to ask nothing goes.
    let refused = sandbox.wt(&["--json", "clean", "login"]).exits(1);
    assert_eq!(refused.error("usage")["details"]["needs"], "--yes");
    sandbox.wt(&["clean", "login"]).exits(1).says(&["`wt clean login --yes`"]).answers(&["npm ci"]);
    sandbox.assert_unchanged(&before, &refused);
    let size = sandbox.json(&["list", "--size"]);
    let of = |list: &Value, key: &str| {
        let row =
            list["worktrees"].as_array().unwrap().iter().find(|row| row["name"] == "feature-login").unwrap();
        row[key].as_u64().unwrap()
    };
    let cleaned = sandbox.json(&["--yes", "clean", "login"]);
    assert_eq!(rows(&cleaned, "cleaned", "back_with"), expected, "{cleaned}");
    let bytes: u64 =
        cleaned["cleaned"].as_array().unwrap().iter().map(|row| row["bytes"].as_u64().unwrap()).sum();
    let after = sandbox.json(&["list", "--size"]);
    assert!(bytes > 9000 && of(&size, "bytes") - of(&after, "bytes") >= bytes, "{size} {after}");
    assert!(of(&size, "cache_bytes") >= bytes && of(&after, "cache_bytes") < of(&size, "cache_bytes"));
    for gone in ["node_modules", "web/node_modules", "crate/target"] {
        assert!(!folder.join(gone).exists(), "{gone}");
    }
    for kept in [
        "target/notes",
        "dist/forced",
        "build/made",
        "local/key",
        "src/gen/code",
        "web/dist/vendored/.git/HEAD",
        ".venv/file",
    ] {
        assert!(folder.join(kept).exists(), "{kept}");
    }
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains(".wt-")), "{names:?}");
    // Trusted, `local` counts; the sources and everything at once never do.
    sandbox.wt(&["trust", "--yes"]).ok();
    let cleaned = sandbox.json(&["--yes", "clean", "login"]);
    assert_eq!(rows(&cleaned, "cleaned", "worktree"), [("local", "feature-login")], "{cleaned}");
    assert!(folder.join("src/gen/code").exists());
    sandbox.wt(&["--yes", "clean", "login"]).ok().says(&["nothing to clean"]);
}

#[test]
fn a_folder_that_git_does_not_ignore_is_told_once_for_all_the_caches_in_it() {
    let sandbox = Sandbox::new();
    write(&sandbox.repo(), "server/app.py", "");
    sandbox.commit(&sandbox.repo(), "files");
    for package in ["a", "b", "c"] {
        write(&sandbox.repo(), &format!("server/.venv/lib/{package}/__pycache__/x.pyc"), "x");
    }
    write(&sandbox.repo(), "web/node_modules/x.js", "x");
    let plan = sandbox.json(&["clean", "--dry-run"])["plan"].clone();
    let expected = [("server/.venv", "not_ignored"), ("web/node_modules", "not_ignored")];
    assert_eq!(rows(&plan, "left", "reason"), expected, "{plan}");
    assert_eq!(plan["left"][0]["caches"], 4, "{plan}");
    assert!(plan["left"][0]["bytes"].as_u64().unwrap() > 0 && plan["left"][1]["caches"].is_null(), "{plan}");
    let run = sandbox.wt(&["clean"]).ok();
    assert_eq!(run.stderr.matches(".venv").count(), 1, "{}", run.stderr);
    run.says(&["it is not ignored (4 caches, "]);
}

#[test]
fn nothing_goes_that_a_process_works_in_or_that_is_mounted() {
    let sandbox = with_worktree();
    let folder = sandbox.worktree("feature-login");
    for name in ["node_modules", "dist", "web/node_modules", "web/dist", "crate/dist"] {
        write(&folder, &format!("{name}/in/file"), "x");
    }
    let start = |command: &mut Command| Holder { child: command.stdin(Stdio::piped()).spawn().unwrap() };
    // Stands in it; has a file of it open; runs a program of it; is called with a file of it.
    let open = fs::File::open(folder.join("dist/in/file")).unwrap();
    let stands = start(&mut sandbox.program("cat", &folder.join("node_modules/in")));
    fs::copy("/bin/cat", folder.join("web/node_modules/in/program")).unwrap();
    let runs =
        start(&mut sandbox.program(folder.join("web/node_modules/in/program").to_str().unwrap(), &folder));
    let named = start(sandbox.program("tail", &folder).args(["-f", "./web/dist/in/file"]));
    let cleaned = sandbox.json(&["--yes", "clean", "login"]);
    let left: Vec<_> = cleaned["left"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["path"], &row["reason"], &row["pid"]))
        .collect();
    let in_use = json!("in_use");
    let (ourselves, stands_pid, runs_pid) =
        (json!(std::process::id()), json!(stands.pid()), json!(runs.pid()));
    let named_pid = json!(named.pid());
    assert_eq!(
        left,
        [
            (&json!("dist"), &in_use, &ourselves),
            (&json!("node_modules"), &in_use, &stands_pid),
            (&json!("web/dist"), &in_use, &named_pid),
            (&json!("web/node_modules"), &in_use, &runs_pid),
        ],
        "{cleaned}"
    );
    assert_eq!(rows(&cleaned, "cleaned", "worktree"), [("crate/dist", "feature-login")]);
    drop((open, stands, runs, named));
    // What is mounted there, or in it, stays.
    let mounted = folder.join("node_modules/in");
    fs::create_dir(sandbox.path("precious")).unwrap();
    write(&sandbox.path("precious"), "file", "p");
    if rustix::mount::mount_bind(sandbox.path("precious"), &mounted).is_err() {
        return skip("only root can mount");
    }
    let cleaned = sandbox.json(&["--yes", "clean", "login"]);
    rustix::mount::unmount(&mounted, rustix::mount::UnmountFlags::DETACH).unwrap();
    assert_eq!(rows(&cleaned, "left", "reason"), [("node_modules", "mounted")], "{cleaned}");
    assert_eq!(rows(&cleaned, "cleaned", "worktree").len(), 3, "{cleaned}");
    assert!(sandbox.path("precious/file").exists());
    // A container that has the worktree mounted works with it, whatever path that has there.
    let script = format!(
        "mount --bind '{}' '{}' && echo ready && exec cat",
        folder.display(),
        sandbox.path("precious").display()
    );
    let mut container = sandbox.program("unshare", &sandbox.path("home"));
    let child =
        container.args(["-m", "sh", "-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut container = Holder { child: child.unwrap() };
    let mut ready = [0; 6];
    if container.child.stdout.as_mut().unwrap().read_exact(&mut ready).is_err() {
        return skip("no mount namespaces here");
    }
    let left = sandbox.json(&["clean", "login", "-n"])["plan"].clone();
    assert_eq!(left["left"][0]["pid"], container.pid(), "{left}");
    drop(container);
    assert_eq!(rows(&sandbox.json(&["clean", "login", "-n"])["plan"], "left", "reason").len(), 0);
}

#[test]
fn nothing_goes_while_a_setup_or_a_service_runs() {
    let sandbox = trusted(
        "[worktree]\nsetup = [\"sh -c 'mkdir node_modules; touch node_modules/x ../begun; \
         while ! test -e ../go; do sleep 0.01; done'\"]\n[service.web]\nrun = \"sleep 1000\"\nlistens = false\n",
    );
    write(&sandbox.repo(), ".git/info/exclude", "node_modules\n");
    let mut create = sandbox.command(&sandbox.repo(), &["create", "login"]);
    let mut create = create.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let beside = |name: &str| sandbox.path("proj.worktrees").join(name);
    wait::until("the setup to begin", || beside("begun").exists());
    let folder = sandbox.worktree("feature-login");
    let reasons = || {
        let cleaned = sandbox.json(&["clean", "login", "--yes"]);
        assert!(folder.join("node_modules/x").exists() && cleaned["cleaned"] == json!([]), "{cleaned}");
        cleaned["left"][0]["reason"].clone()
    };
    assert_eq!(reasons(), "setup");
    write(&sandbox.path("proj.worktrees"), "go", "");
    assert!(wait::end_of(&mut create).success());
    sandbox.wt_in(&folder, &["up"]).ok();
    assert_eq!(reasons(), "in_use");
    sandbox.wt(&["clean", "login", "--yes"]).ok().says(&["wt down --worktree feature-login"]);
    sandbox.wt_in(&folder, &["down"]).ok();
    assert_eq!(sandbox.json(&["clean", "login", "--yes"])["cleaned"][0]["path"], "node_modules");
}

#[test]
fn selectors_choose_linked_worktrees_that_are_idle_or_merged() {
    let sandbox = with_worktree();
    let repo = sandbox.repo();
    sandbox.wt(&["create", "open"]).ok();
    let (merged, open) = (sandbox.worktree("feature-login"), sandbox.worktree("feature-open"));
    for (folder, text) in [(&merged, "done"), (&open, "not yet")] {
        write(folder, "work", text);
        sandbox.commit(folder, "work");
    }
    sandbox.git(&repo, &["merge", "-q", "--no-ff", "-m", "merge", "feature/login"]);
    // A worktree inside of the main one is its own.
    let inner = repo.join(".claude/worktrees/x");
    write(&repo, ".git/info/exclude", ".claude/\n");
    sandbox.git(&repo, &["worktree", "add", "-q", "-b", "inner", inner.to_str().unwrap()]);
    for folder in [&repo, &merged, &open, &inner] {
        write(folder, "node_modules/file", "x");
    }
    let worktrees = |arguments: &[&str]| {
        let plan = sandbox.json(&[&["clean", "-n"], arguments].concat())["plan"].clone();
        let rows = plan["cleaned"].as_array().unwrap().iter();
        let mut names: Vec<String> = rows.map(|row| row["worktree"].as_str().unwrap().to_owned()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(worktrees(&["--merged"]), ["feature-login"]);
    assert_eq!(worktrees(&["--idle", "0s"]), ["feature-login", "feature-open", "x"]);
    assert!(worktrees(&["--idle", "1d"]).is_empty());
    assert_eq!(worktrees(&[]), ["proj"], "the one that we stand in, and nothing in another's folder");
    sandbox.git(&repo, &["worktree", "lock", merged.to_str().unwrap()]);
    assert!(worktrees(&["--merged"]).is_empty(), "locked");
    assert_eq!(worktrees(&["login", "open"]), ["feature-login", "feature-open"]);
    sandbox.refused(&["clean", "nobody"], "not_found");
    // The sizes: hard links count once, and no worktree counts for another.
    fs::write(open.join("node_modules/big"), vec![1; 200_000]).unwrap();
    fs::hard_link(open.join("node_modules/big"), inner.join("node_modules/big")).unwrap();
    let list = sandbox.json(&["list", "--size"]);
    let bytes = |name: &str| {
        let row = list["worktrees"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
        (row["bytes"].as_u64().unwrap(), row["cache_bytes"].as_u64().unwrap())
    };
    assert!(bytes("feature-open").1 >= 200_000 || bytes("x").1 >= 200_000);
    assert!(bytes("feature-open").1 + bytes("x").1 < 300_000, "{list}");
    assert!(bytes("proj").1 < 100_000, "{list}");
    let said = sandbox.wt(&["list", "--size"]).ok().stdout;
    assert!(said.contains("KiB"), "{said}");
}

#[test]
fn a_clean_up_killed_anywhere_leaves_the_cache_whole_or_gone() {
    let sandbox = with_worktree();
    let folder = sandbox.worktree("feature-login");
    if !strace::has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let files = ["node_modules/a/one", "node_modules/b/two", "node_modules/three"];
    let is_there = || files.map(|file| folder.join(file).exists());
    let aside = || {
        let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let mut asides = entries.filter(|path| path.display().to_string().contains(".clean.wt-"));
        asides.next()
    };
    let (mut back, mut gone) = (0, 0);
    for (call, numbers) in [("renameat2", &[1][..]), ("rename", &[1, 2, 3]), ("unlinkat", &[1, 3, 6])] {
        for number in numbers.iter().copied() {
            for file in files {
                write(&folder, file, "x");
            }
            if !strace::killed_at(&sandbox, &["--yes", "clean", "login"], call, number) {
                break;
            }
            let context = format!("{call} {number}");
            let place = folder.join("node_modules");
            assert!(!place.exists() || is_there() == [true; 3], "{context}: half of it is in its place");
            let is_doomed = aside().is_some_and(|aside| aside.join("doomed").exists());
            let was_there = place.exists() || aside().is_some_and(|aside| aside.join("cache").exists());
            // The next one settles what is left before it looks, and asks before it deletes anything itself.
            let next = sandbox.wt(&["clean", "login"]);
            assert_eq!(
                (aside(), sandbox.status(&folder)),
                (None, String::new()),
                "{context}\n{}",
                next.shown()
            );
            let expected = [was_there && !is_doomed; 3];
            assert_eq!(is_there(), expected, "{context}\n{}", next.shown());
            assert_eq!((place.exists(), next.status), (expected[0], i32::from(expected[0])), "{context}");
            back += u32::from(expected[0]);
            gone += u32::from(is_doomed);
        }
    }
    assert!(back > 1 && gone > 1, "{back} stayed whole, {gone} were finished: it says nothing");
    // Put back before it was judged: whole.
    let aside = folder.join(".clean.wt-4194305-0123abcd");
    write(&aside, "cache/file", "x");
    write(&aside, "origin", "node_modules");
    write(&aside, ".gitignore", "*\n");
    sandbox.wt(&["clean", "login"]).exits(1);
    assert!(folder.join("node_modules/file").exists() && !aside.exists());
    let found = fs::metadata(folder.join("node_modules/file")).unwrap();
    assert_eq!(found.size(), 1);
}

#[test]
fn what_a_repository_brings_is_never_taken_for_a_clean_up_that_died_and_no_repository_is_deleted() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    // A folder of our kind, tracked: it would put a hook into place.
    let planted = ".clean.wt-4194305-00000000";
    write(&repo.join(planted), "cache", "#!/bin/sh\n");
    write(&repo.join(planted), "origin", ".git/hooks/post-checkout");
    write(&repo, ".gitignore", "node_modules\nmirror.git/\n");
    sandbox.commit(&repo, "planted");
    // Untracked it is nobody's proof either.
    let forged = ".clean.wt-4194305-11111111";
    std::fs::create_dir_all(repo.join(forged).join("cache")).unwrap();
    write(&repo.join(forged), "origin", ".git/hooks/sub");
    // Bare repositories, in a cache and beside one.
    sandbox.git(&repo, &["init", "-q", "--bare", "node_modules/cache.git"]);
    sandbox.git(&repo, &["init", "-q", "--bare", "mirror.git"]);
    for bare in ["node_modules/cache.git", "mirror.git"] {
        sandbox.git(&repo, &["push", "-q", &format!("./{bare}"), "main:refs/heads/dist/one"]);
    }
    let run = sandbox.wt(&["clean", "--yes", "^"]);
    assert!(!repo.join(".git/hooks/post-checkout").exists() && !repo.join(".git/hooks/sub").exists());
    assert!(repo.join(planted).join("cache").exists() && repo.join(forged).join("cache").exists());
    for bare in ["node_modules/cache.git", "mirror.git"] {
        let refs = sandbox.git(&repo.join(bare), &["for-each-ref", "--format=%(refname)"]);
        assert_eq!(refs.trim(), "refs/heads/dist/one", "{bare}\n{}", run.shown());
    }
    // Without an index nobody can tell what git tracks.
    std::fs::remove_file(repo.join(".git/index")).unwrap();
    sandbox.refused(&["clean", "--yes", "^"], "git_failed");
}
