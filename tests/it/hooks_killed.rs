//! No hook is lost, whenever an install is killed, and however many run at once.

use crate::support::hooks::find_new_git;
use crate::support::hooks::write_program;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::support::Sandbox;
use crate::support::hooks::SHIMS;

/// The states in which a killed install or uninstall can leave the folder, `theirs` being the user's hook.
#[test]
fn whatever_a_killed_install_left_the_next_one_completes_and_so_does_an_uninstall() {
    let theirs = "#!/bin/sh\n# theirs\n";
    for (name, shim) in SHIMS {
        let left: [&[(&str, &str)]; 6] = [
            &[("", theirs), (".wt-chained", shim)],
            &[(".wt-chained", theirs)],
            &[("", theirs), (".wt-chained.wt-new", shim)],
            &[("", shim), (".wt-chained", theirs), (".wt-new", shim)],
            &[("", theirs), (".wt-new", shim)],
            &[("", shim), (".wt-chained", theirs)],
        ];
        for files in left {
            let sandbox = Sandbox::new();
            let put = |sandbox: &Sandbox| {
                for (end, text) in files {
                    write_program(&sandbox.hook(&format!("{name}{end}")), text);
                }
            };
            let read = |end: &str| fs::read_to_string(sandbox.hook(&format!("{name}{end}"))).ok();
            put(&sandbox);
            sandbox.hooks("install").ok();
            assert_eq!(read("").as_deref(), Some(shim), "{files:?}");
            assert_eq!(read(".wt-chained").as_deref(), Some(theirs), "{files:?}");
            assert_eq!((read(".wt-new"), read(".wt-chained.wt-new")), (None, None), "{files:?}");
            sandbox.hooks("uninstall").ok();
            fs::remove_file(sandbox.hook(name)).unwrap();
            put(&sandbox);
            sandbox.hooks("uninstall").ok();
            assert_eq!(read("").as_deref(), Some(theirs), "{files:?}");
            for end in [".wt-chained", ".wt-new", ".wt-chained.wt-new"] {
                assert_eq!(read(end), None, "{files:?} {end}");
            }
        }
    }
}

#[test]
fn a_kill_at_any_moment_loses_no_hook() {
    let sandbox = Sandbox::new();
    let theirs = "#!/bin/sh\n# theirs\n";
    for (name, _) in SHIMS {
        write_program(&sandbox.hook(name), theirs);
    }
    let is_there = |path: &Path| fs::read_to_string(path).is_ok_and(|text| text == theirs);
    // What a run takes, unhindered, is the span that the kills are spread over.
    let start = Instant::now();
    sandbox.hooks("install").ok();
    let span = start.elapsed();
    for round in 0..60u32 {
        let word = if round % 2 == 0 { "uninstall" } else { "install" };
        let mut command = sandbox.command(&sandbox.repo(), &["-q", "hooks", word]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let moment = Instant::now() + span * round / 60;
        while Instant::now() < moment {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for (name, _) in SHIMS {
            let places = [sandbox.hook(name), sandbox.hook(&format!("{name}.wt-chained"))];
            assert!(places.iter().any(|path| is_there(path)), "{name} is lost in round {round}");
            assert!(sandbox.hook(name).exists(), "git had no {name} in round {round}");
        }
    }
    sandbox.hooks("install").ok();
    sandbox.hooks("uninstall").ok();
    for (name, _) in SHIMS {
        assert!(is_there(&sandbox.hook(name)));
    }
    let left = fs::read_dir(sandbox.repo().join(".git/hooks")).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    let ours: Vec<_> = names.iter().filter(|name| name.to_string_lossy().contains("wt-")).collect();
    assert!(ours.is_empty(), "{names:?}");
}

#[test]
fn many_installs_at_once_are_one() {
    let sandbox = Sandbox::new();
    let theirs = "#!/bin/sh\n# theirs\n";
    write_program(&sandbox.hook("pre-push"), theirs);
    let children: Vec<_> = (0..8)
        .map(|_| {
            sandbox
                .command(&sandbox.repo(), &["-q", "hooks", "install"])
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(crate::support::wait::end_of(&mut child).success());
    }
    assert_eq!(fs::read_to_string(sandbox.hook("pre-push.wt-chained")).unwrap(), theirs);
    assert_eq!(fs::read_to_string(sandbox.hook("pre-push")).unwrap(), SHIMS[1].1);
}

#[test]
fn a_kill_while_the_hooks_move_between_files_and_configuration_loses_nothing_and_stops_no_git() {
    let Some(git) = find_new_git() else { return };
    let mut sandbox = Sandbox::new();
    let theirs = "#!/bin/sh\n# theirs\n";
    write_program(&sandbox.hook("pre-push"), theirs);
    let rest = std::env::var("PATH").unwrap();
    let span = Duration::from_millis(60);
    for round in 0..40u32 {
        let (front, word) = match round % 4 {
            0 => (git.as_path(), "install"),
            1 => (Path::new("/usr/bin"), "install"),
            2 => (git.as_path(), "uninstall"),
            _ => (Path::new("/nowhere"), "install"),
        };
        sandbox.set("PATH", format!("{}:{rest}", front.display()));
        let mut command = sandbox.command(&sandbox.repo(), &["-q", "hooks", word]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let moment = Instant::now() + span * round / 40;
        while Instant::now() < moment {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let places = [sandbox.hook("pre-push"), sandbox.hook("pre-push.wt-chained")];
        let is_there = |path: &std::path::PathBuf| fs::read_to_string(path).is_ok_and(|text| text == theirs);
        assert!(places.iter().any(is_there), "lost in round {round}");
        sandbox.set("PATH", format!("{}:{rest}", git.display()));
        let output = sandbox.try_git(&sandbox.repo(), &["switch", "-q", "--detach"]);
        assert!(output.status.success(), "round {round}: {output:?}");
    }
    assert_eq!(sandbox.json(&["hooks", "install"])["how"], "config");
    sandbox.hooks("uninstall").ok();
    assert_eq!(fs::read_to_string(sandbox.hook("pre-push")).unwrap(), theirs);
    assert!(!sandbox.hook("post-checkout").exists());
}
