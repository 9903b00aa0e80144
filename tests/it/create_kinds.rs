//! Kinds of repositories that need care: each is a real one, and each worktree ends as git would leave it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{Sandbox, git, skip};

/// Makes the same worktree with `wt` and with git and asserts that the files are the same to the byte.
#[track_caller]
fn assert_same_as_git(sandbox: &Sandbox, repo: &Path) -> PathBuf {
    let ours = sandbox.path("compare/ours");
    let gits = sandbox.path("compare/gits");
    sandbox.json_in(repo, &["create", "ours", "--no-env", "--path", ours.to_str().unwrap()]);
    sandbox.git(repo, &["worktree", "add", "-q", "-b", "gits", gits.to_str().unwrap()]);
    assert_eq!(listing(&ours), listing(&gits));
    assert_eq!(sandbox.status(&ours), "");
    assert_eq!(sandbox.git(&ours, &["ls-files", "-s"]), sandbox.git(&gits, &["ls-files", "-s"]));
    sandbox.git(&ours, &["diff-files", "--quiet"]);
    sandbox.assert_sound(repo);
    ours
}

/// Every file below `folder` with kind, mode and content.
fn listing(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            let metadata = path.symlink_metadata().unwrap();
            if name == ".git" {
                continue;
            }
            if metadata.is_symlink() {
                lines.push(format!("{name} -> {}", fs::read_link(&path).unwrap().display()));
            } else if metadata.is_dir() {
                lines.push(format!("{name}/"));
                open.push(path);
            } else {
                let mode = metadata.permissions().mode() & 0o777;
                lines.push(format!("{name} {mode:o} {:?}", fs::read(&path).unwrap()));
            }
        }
    }
    lines.sort();
    lines
}

#[test]
fn an_ordinary_repository() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    git::write(&repo, "empty", "");
    git::write(&repo, "päth/with space/ünï", "x\n");
    git::write(&repo, "big.txt", &"0123456789abcdef\n".repeat(20_000));
    sandbox.commit(&repo, "more");
    sandbox.git(&repo, &["gc", "-q"]);
    git::write(&repo, "loose.txt", "loose\n");
    sandbox.commit(&repo, "loose");
    assert_same_as_git(&sandbox, &repo);
}

#[test]
fn the_admin_folder_is_what_git_would_write() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let git_file = fs::read_to_string(sandbox.worktree("feature-login").join(".git")).unwrap();
    let admin = PathBuf::from(git_file.trim_end().strip_prefix("gitdir: ").unwrap());
    assert!(admin.starts_with(sandbox.repo().join(".git/worktrees")), "{git_file}");
    assert_eq!(fs::read_to_string(admin.join("commondir")).unwrap(), "../..\n");
    assert_eq!(fs::read_to_string(admin.join("HEAD")).unwrap(), "ref: refs/heads/feature/login\n");
    let dot_git = sandbox.worktree("feature-login").join(".git");
    assert_eq!(fs::read_to_string(admin.join("gitdir")).unwrap(), format!("{}\n", dot_git.display()));
    assert!(!admin.join("locked").exists());
    let list = sandbox.git(&sandbox.repo(), &["worktree", "list", "--porcelain"]);
    assert!(!list.contains("prunable") && !list.contains("locked"), "{list}");
}

#[test]
fn git_can_move_and_remove_what_we_made() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--no-env"]).ok();
    let folder = sandbox.worktree("feature-login");
    let moved = sandbox.path("moved");
    sandbox.git(&sandbox.repo(), &["worktree", "move", folder.to_str().unwrap(), moved.to_str().unwrap()]);
    sandbox.git(&sandbox.repo(), &["worktree", "remove", moved.to_str().unwrap()]);
}

#[test]
fn smudge_filters_run() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["config", "filter.up.smudge", "tr a-z A-Z"]);
    sandbox.git(&repo, &["config", "filter.up.clean", "tr A-Z a-z"]);
    sandbox.git(&repo, &["config", "filter.up.required", "true"]);
    git::write(&repo, ".gitattributes", "*.bin filter=up\n");
    git::write(&repo, "data/a.bin", "pointer\n");
    sandbox.commit(&repo, "filtered");
    let ours = assert_same_as_git(&sandbox, &repo);
    assert_eq!(fs::read_to_string(ours.join("data/a.bin")).unwrap(), "POINTER\n");
}

#[test]
fn a_filter_that_fails_undoes_everything() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    git::write(&repo, ".gitattributes", "*.bin filter=bad\n");
    git::write(&repo, "a.bin", "a\n");
    sandbox.commit(&repo, "filtered");
    sandbox.git(&repo, &["config", "filter.bad.smudge", "false"]);
    sandbox.git(&repo, &["config", "filter.bad.required", "true"]);
    sandbox.refused(&["create", "login", "--ports"], "git_failed");
    assert!(!sandbox.has_branch(&repo, "feature/login"));
    assert_eq!(sandbox.living().len(), 0);
}

#[test]
fn sparse_patterns_are_taken_over() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["sparse-checkout", "set", "src/deep"]);
    assert!(!repo.join("src/deep").exists() || repo.join("src/deep/er/file.txt").exists());
    let ours = assert_same_as_git(&sandbox, &repo);
    assert!(ours.join("src/deep/er/file.txt").exists());
}

#[test]
fn a_partial_clone_fetches_what_it_lacks() {
    let sandbox = Sandbox::new();
    let origin = sandbox.repo();
    sandbox.git(&origin, &["config", "uploadpack.allowFilter", "true"]);
    sandbox.git(&origin, &["switch", "-q", "-c", "other"]);
    git::write(&origin, "only-here.txt", "fetched later\n");
    sandbox.commit(&origin, "other");
    sandbox.git(&origin, &["switch", "-q", "main"]);
    let url = format!("file://{}", origin.display());
    let clone = sandbox.path("clone");
    sandbox.git(&sandbox.path(""), &["clone", "-q", "--filter=blob:none", &url, "clone"]);
    sandbox.json_in(&clone, &["create", "x", "--branch", "other"]);
    let folder = sandbox.path("clone.worktrees/feature-x");
    assert_eq!(fs::read_to_string(folder.join("only-here.txt")).unwrap(), "fetched later\n");
    assert_eq!(sandbox.status(&folder), "");
}

#[test]
fn sha256() {
    let sandbox = Sandbox::without_repository();
    let repo = sandbox.make_repository_with("proj", &["init", "-q", "-b", "main", "--object-format=sha256"]);
    assert_same_as_git(&sandbox, &repo);
    let list = sandbox.json(&["list"]);
    assert!(list.to_string().contains("feature-ours"), "{list}");
    sandbox.wt(&["remove", "feature-ours"]).ok();
}

#[test]
fn reftable() {
    let sandbox = Sandbox::without_repository();
    fs::create_dir(sandbox.path("probe")).unwrap();
    if !sandbox.try_git(&sandbox.path("probe"), &["init", "-q", "--ref-format=reftable"]).status.success() {
        return skip("this git has no reftable");
    }
    let repo = sandbox.make_repository_with("proj", &["init", "-q", "-b", "main", "--ref-format=reftable"]);
    assert_same_as_git(&sandbox, &repo);
    assert!(sandbox.has_branch(&repo, "feature/ours"));
    sandbox.wt(&["remove", "feature-ours"]).ok();
}

#[test]
fn an_extension_nobody_knows_is_refused_clearly() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["config", "core.repositoryFormatVersion", "1"]);
    sandbox.git(&sandbox.repo(), &["config", "extensions.fromTheFuture", "true"]);
    let run = sandbox.wt(&["--json", "create", "x"]).exits(1);
    assert!(
        run.json()["error"]["message"].as_str().unwrap().to_lowercase().contains("fromthefuture"),
        "{}",
        run.shown()
    );
}

#[test]
fn submodules_stay_empty_folders() {
    let sandbox = Sandbox::new();
    let lib = sandbox.make_repository("lib");
    sandbox.git(&sandbox.repo(), &["submodule", "--quiet", "add", lib.to_str().unwrap(), "vendor/lib"]);
    sandbox.commit(&sandbox.repo(), "submodule");
    let ours = assert_same_as_git(&sandbox, &sandbox.repo());
    assert_eq!(fs::read_dir(ours.join("vendor/lib")).unwrap().count(), 0);
}

#[test]
fn a_branch_being_rebased_elsewhere_is_taken() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["switch", "-q", "-c", "topic"]);
    git::write(&repo, "README.md", "topic\n");
    sandbox.commit(&repo, "topic");
    sandbox.git(&repo, &["switch", "-q", "main"]);
    git::write(&repo, "README.md", "main\n");
    sandbox.commit(&repo, "main");
    sandbox.git(&repo, &["switch", "-q", "topic"]);
    assert!(!sandbox.try_git(&repo, &["rebase", "main"]).status.success());
    let error = sandbox.refused(&["create", "x", "--branch", "topic"], "branch_checked_out");
    assert!(error["message"].as_str().unwrap().contains("rebas"), "{error}");
}

#[test]
fn a_branch_being_bisected_elsewhere_is_taken() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["switch", "-q", "-c", "topic"]);
    for number in 0..4 {
        sandbox.commit(&repo, &number.to_string());
    }
    sandbox.git(&repo, &["bisect", "start", "HEAD", "HEAD~4"]);
    let error = sandbox.refused(&["create", "x", "--branch", "topic"], "branch_checked_out");
    assert!(error["message"].as_str().unwrap().contains("bisect"), "{error}");
}

#[test]
fn working_tree_encodings_are_honoured() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    git::write(&repo, ".gitattributes", "*.u16 text working-tree-encoding=UTF-16LE\n");
    let bytes: Vec<u8> = "hé\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(repo.join("a.u16"), &bytes).unwrap();
    sandbox.commit(&repo, "utf-16");
    let ours = assert_same_as_git(&sandbox, &repo);
    assert_eq!(fs::read(ours.join("a.u16")).unwrap(), bytes);
}

#[test]
fn line_endings_are_honoured() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    git::write(&repo, ".gitattributes", "*.bat text eol=crlf\n*.raw -text\n*.auto text=auto\n");
    git::write(&repo, "a.bat", "one\ntwo\n");
    git::write(&repo, "a.raw", "one\ntwo\n");
    git::write(&repo, "a.auto", "one\ntwo\n");
    sandbox.commit(&repo, "endings");
    sandbox.git(&repo, &["config", "core.autocrlf", "true"]);
    let ours = assert_same_as_git(&sandbox, &repo);
    assert_eq!(fs::read_to_string(ours.join("a.bat")).unwrap(), "one\r\ntwo\r\n");
}

#[test]
fn ident_is_expanded() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    git::write(&repo, ".gitattributes", "*.c ident\n");
    git::write(&repo, "a.c", "/* $Id$ */\n");
    sandbox.commit(&repo, "ident");
    let ours = assert_same_as_git(&sandbox, &repo);
    assert!(fs::read_to_string(ours.join("a.c")).unwrap().contains("$Id: "));
}

#[test]
fn links_are_files_where_the_repository_says_so() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["config", "core.symlinks", "false"]);
    let ours = sandbox.path("ours");
    sandbox.wt(&["create", "x", "--no-env", "--path", ours.to_str().unwrap()]).ok();
    assert_eq!(fs::read_to_string(ours.join("link")).unwrap(), "README.md");
    assert!(!ours.join("link").symlink_metadata().unwrap().is_symlink());
}

#[test]
fn a_split_index_is_no_obstacle() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["config", "core.splitIndex", "true"]);
    sandbox.git(&sandbox.repo(), &["update-index", "--split-index"]);
    assert_same_as_git(&sandbox, &sandbox.repo());
    sandbox.wt(&["remove", "feature-ours"]).ok();
}

#[test]
fn a_shared_umask_is_followed() {
    let sandbox = Sandbox::new();
    let ours = sandbox.path("ours");
    let mut command = sandbox.program("sh", &sandbox.repo());
    let script = "umask 077; exec \"$@\"";
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_wt"), "create", "x", "--path"]).arg(&ours);
    assert!(command.status().unwrap().success());
    let mode = |name: &str| fs::metadata(ours.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("README.md"), mode("run.sh")), (0o600, 0o700));
}
