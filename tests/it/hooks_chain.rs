//! The hooks that were there before: kept, called first as git would have called them, and put back as they were.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Output;

use crate::support::Sandbox;
use crate::support::hooks::{PASSES, SHIMS, write_program};

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.add_remote(&repo, "origin");
    sandbox.commit(&repo, "to push");
    sandbox.put_stand_in_on_path(PASSES);
    sandbox
}

/// A switch of branch, forth and back: what `post-checkout` runs for.
fn switch(sandbox: &Sandbox) -> Output {
    sandbox.try_git(&sandbox.repo(), &["switch", "-q", "--detach"])
}

fn push(sandbox: &Sandbox) -> Output {
    sandbox.try_git(&sandbox.repo(), &["push", "-q", "--dry-run", "origin", "main"])
}

fn act(sandbox: &Sandbox, hook: &str) -> Output {
    if hook == "pre-push" { push(sandbox) } else { switch(sandbox) }
}

/// Everything about a file that an uninstall must bring back.
fn looks(path: &Path) -> (u32, i64, u64, Vec<u8>) {
    let found = path.symlink_metadata().unwrap();
    let content = if found.is_symlink() {
        fs::read_link(path).unwrap().into_os_string().into_encoded_bytes()
    } else {
        fs::read(path).unwrap()
    };
    (found.permissions().mode(), found.mtime(), found.ino(), content)
}

/// Tries what git does with the hook alone and with ours around it: the same exit status and the same words of the
/// hook's own; then that the hook comes back.
#[track_caller]
fn same_as_alone(hook: &str, place: impl Fn(&Path), our_turn: bool) {
    let sandbox = sandbox();
    let path = sandbox.hook(hook);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    place(&path);
    let before = looks(&path);
    let alone = act(&sandbox, hook);
    sandbox.hooks("install").ok();
    assert_eq!(looks(&sandbox.hook(&format!("{hook}.wt-chained"))), before);
    sandbox.calls();
    let chained = act(&sandbox, hook);
    assert_eq!(alone.status.code(), chained.status.code(), "{alone:?} {chained:?}");
    let said = |output: &Output| {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let own: Vec<&str> = text.lines().filter(|line| line.starts_with("own:")).collect();
        own.join("\n")
    };
    assert_eq!(said(&alone), said(&chained));
    assert_eq!(sandbox.calls().starts_with(&format!("hook {hook} ")), our_turn);
    sandbox.hooks("uninstall").ok();
    assert_eq!(looks(&path), before);
    assert!(!sandbox.hook(&format!("{hook}.wt-chained")).exists());
}

fn script(text: &'static str) -> impl Fn(&Path) {
    move |path| write_program(path, text)
}

const TALK: &str = "#!/bin/sh\necho \"own: $# $1\" >&2\n";

#[test]
fn a_hook_that_ends_in_exec_or_exit() {
    for hook in ["post-checkout", "pre-push"] {
        same_as_alone(hook, script(TALK), true);
        same_as_alone(hook, script("#!/bin/sh\necho own: >&2\nexec true\n"), true);
        same_as_alone(hook, script("#!/bin/sh\nexit 0\necho never >&2\n"), true);
    }
}

#[test]
fn a_hook_that_fails_has_the_say_it_had() {
    same_as_alone("post-checkout", script("#!/bin/sh\nexit 7\n"), true);
    same_as_alone("post-checkout", script("#!/bin/sh\nkill -9 $$\n"), true);
    same_as_alone("pre-push", script("#!/bin/sh\nexit 7\n"), false);
    same_as_alone("pre-push", script("#!/bin/sh\nexec false\n"), false);
    same_as_alone("pre-push", script("#!/bin/sh\nkill -9 $$\n"), false);
}

#[test]
fn a_hook_in_another_language() {
    for hook in ["post-checkout", "pre-push"] {
        same_as_alone(
            hook,
            script(
                "#!/usr/bin/env python3\nimport sys\nprint('own:', len(sys.argv), file=sys.stderr)\nsys.exit(0)\n",
            ),
            true,
        );
        same_as_alone(hook, script("echo own: >&2\n"), true);
    }
}

#[test]
fn a_hook_that_is_a_program_or_a_link() {
    for hook in ["post-checkout", "pre-push"] {
        let program = |path: &Path| {
            fs::copy("/bin/true", path).unwrap();
            fs::set_permissions(path, PermissionsExt::from_mode(0o700)).unwrap();
        };
        same_as_alone(hook, program, true);
        let link = |path: &Path| {
            write_program(&path.with_file_name("../shared/hook"), TALK);
            symlink("../shared/hook", path).unwrap();
        };
        same_as_alone(hook, link, true);
        same_as_alone(hook, |path| symlink("nowhere", path).unwrap(), true);
    }
}

#[test]
fn a_hook_that_is_not_executable_stays_uncalled() {
    for hook in ["post-checkout", "pre-push"] {
        let dull = |path: &Path| {
            write_program(path, "#!/bin/sh\necho own: >&2\nexit 9\n");
            fs::set_permissions(path, PermissionsExt::from_mode(0o644)).unwrap();
        };
        same_as_alone(hook, dull, true);
    }
}

#[test]
fn both_get_the_refs_that_are_pushed() {
    let sandbox = sandbox();
    let repo = sandbox.repo();
    for number in 0..300 {
        sandbox.git(&repo, &["branch", &format!("many/{number}")]);
    }
    write_program(&sandbox.hook("pre-push"), "#!/bin/sh\n{ echo \"$@\"; cat; } > theirs\n");
    sandbox.hooks("install").ok();
    sandbox.git(&repo, &["push", "-q", "--dry-run", "--all", "origin"]);
    let theirs = fs::read_to_string(repo.join("theirs")).unwrap();
    assert_eq!(theirs.lines().count(), 302);
    assert_eq!(sandbox.calls(), format!("hook pre-push --stop-with 87 {theirs}"));
    // Nothing to push: an empty input.
    sandbox.git(&repo, &["push", "-q", "--all", "origin"]);
    sandbox.calls();
    sandbox.git(&repo, &["push", "-q", "--all", "origin"]);
    let theirs = fs::read_to_string(repo.join("theirs")).unwrap();
    assert_eq!(theirs.lines().count(), 1);
    assert_eq!(sandbox.calls(), format!("hook pre-push --stop-with 87 {theirs}"));
}

#[test]
fn a_hook_that_reads_none_of_many_refs_stops_nothing() {
    let sandbox = sandbox();
    let repo = sandbox.repo();
    let head = sandbox.git(&repo, &["rev-parse", "HEAD"]);
    let refs: String =
        (0..2000).fold(String::new(), |text, number| text + &format!("{head} refs/heads/many/{number}\n"));
    let packed = format!("# pack-refs with: peeled fully-peeled sorted \n{refs}");
    let mut lines: Vec<&str> = packed.lines().skip(1).collect();
    lines.sort_by_key(|line| line.split(' ').next_back());
    let text = format!("# pack-refs with: peeled fully-peeled sorted \n{}\n", lines.join("\n"));
    fs::write(repo.join(".git/packed-refs"), text).unwrap();
    write_program(&sandbox.hook("pre-push"), "#!/bin/sh\nexit 0\n");
    sandbox.hooks("install").ok();
    let output = sandbox.try_git(&repo, &["push", "-q", "--dry-run", "--all", "origin"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(sandbox.calls().lines().count(), 2002);
}

#[test]
fn a_second_foreign_hook_in_our_place_is_refused_with_both_kept() {
    let sandbox = sandbox();
    write_program(&sandbox.hook("pre-push"), "#!/bin/sh\n# first\n");
    sandbox.hooks("install").ok();
    write_program(&sandbox.hook("pre-push"), "#!/bin/sh\n# second\n");
    for word in ["install", "uninstall"] {
        let error = sandbox.refused(&["hooks", word], "hook_foreign");
        assert!(error["message"].as_str().unwrap().contains("pre-push.wt-chained"), "{error}");
    }
}

#[test]
fn a_hook_of_ours_that_somebody_deleted_comes_back_with_the_chained_one_behind_it() {
    let sandbox = sandbox();
    let theirs = "#!/bin/sh\necho own: >&2\n";
    write_program(&sandbox.hook("pre-push"), theirs);
    sandbox.hooks("install").ok();
    fs::remove_file(sandbox.hook("pre-push")).unwrap();
    sandbox.hooks("install").ok();
    assert!(String::from_utf8_lossy(&push(&sandbox).stderr).contains("own:"));
    fs::remove_file(sandbox.hook("pre-push")).unwrap();
    sandbox.hooks("uninstall").ok();
    assert_eq!(fs::read_to_string(sandbox.hook("pre-push")).unwrap(), theirs);
}

/// As pre-commit does when it is installed after us: it takes our place, and calls ours from beside it.
fn take_over_as_pre_commit_does(sandbox: &Sandbox) {
    for hook in ["post-checkout", "pre-push"] {
        fs::rename(sandbox.hook(hook), sandbox.hook(&format!("{hook}.legacy"))).unwrap();
        let text = "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n\
            \"$0.legacy\" \"$@\" || exit\necho own: >&2\n";
        write_program(&sandbox.hook(hook), text);
    }
}

#[test]
fn pre_commit_in_our_place_goes_on_calling_us_and_is_never_called_by_us() {
    let sandbox = sandbox();
    let repo = sandbox.repo();
    let theirs = "#!/bin/sh\necho \"theirs: $(cat)\" >> theirs\n";
    write_program(&sandbox.hook("pre-push"), theirs);
    sandbox.hooks("install").ok();
    take_over_as_pre_commit_does(&sandbox);
    for _ in 0..2 {
        let output = push(&sandbox);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr).matches("own:").count(), 1, "{output:?}");
        assert_eq!(fs::read_to_string(repo.join("theirs")).unwrap().lines().count(), 1);
        assert!(sandbox.calls().starts_with("hook pre-push "));
        fs::remove_file(repo.join("theirs")).unwrap();
        sandbox.hooks("status").ok();
        assert_eq!(sandbox.json(&["hooks", "install"])["changed"], false);
    }
    sandbox.hooks("uninstall").ok();
    assert_eq!(fs::read_to_string(sandbox.hook("pre-push.legacy")).unwrap(), theirs);
    assert!(!sandbox.hook("pre-push.wt-chained").exists() && !sandbox.hook("post-checkout.legacy").exists());
    assert!(fs::read_to_string(sandbox.hook("pre-push")).unwrap().contains("pre-commit.com"));
}

#[test]
fn a_tool_that_writes_its_hook_anew_over_ours_is_chained_again_or_left_with_it() {
    let sandbox = sandbox();
    let theirs = "#!/bin/sh\necho own: >&2\n# as lefthook does\n";
    let names = |sandbox: &Sandbox| (sandbox.hook("pre-push"), sandbox.hook("pre-push.wt-chained"));
    write_program(&names(&sandbox).0, theirs);
    for word in ["install", "uninstall"] {
        sandbox.hooks("install").ok();
        fs::rename(sandbox.hook("pre-push"), sandbox.hook("pre-push.old")).unwrap();
        write_program(&names(&sandbox).0, theirs);
        sandbox.hooks(word).ok();
        let is_chained = word == "install";
        assert_eq!(names(&sandbox).1.exists(), is_chained);
        sandbox.calls();
        assert_eq!(String::from_utf8_lossy(&push(&sandbox).stderr).matches("own:").count(), 1);
        assert_eq!(sandbox.calls().starts_with("hook pre-push "), is_chained);
    }
    assert_eq!(fs::read_to_string(names(&sandbox).0).unwrap(), theirs);
    assert!(!sandbox.hook("pre-push.old").exists());
}

#[test]
fn a_link_to_a_copy_of_our_own_text_does_not_run_in_a_circle() {
    for (hook, shim) in SHIMS {
        let sandbox = sandbox();
        write_program(&sandbox.path("dotfiles/hook"), shim);
        fs::create_dir_all(sandbox.hook("")).unwrap();
        symlink(sandbox.path("dotfiles/hook"), sandbox.hook(hook)).unwrap();
        sandbox.hooks("install").ok();
        let output = act(&sandbox, hook);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(sandbox.calls().matches(&format!("hook {hook} ")).count(), 1);
        sandbox.hooks("uninstall").ok();
        assert!(sandbox.hook(hook).is_symlink());
    }
}
