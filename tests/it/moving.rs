//! Names from anywhere: the signs `-`, `^` and `@`, `REPOSITORY/NAME`, whole names of other repositories, and who takes which.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::terminal::Terminal;
use crate::support::{Sandbox, skip};

/// A repository `proj` with `feature-login`, and one `shop` with `feature-pay`, both with a port.
fn two() -> Sandbox {
    let sandbox = Sandbox::new();
    let shop = sandbox.make_repository("shop");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt_in(&shop, &["create", "pay", "--ports"]).ok();
    sandbox
}

#[test]
fn every_command_that_takes_a_name_takes_the_signs_of_the_main_worktree_and_of_this_one() {
    let sandbox = two();
    let here = sandbox.worktree("feature-login").join("src");
    let (repo, login) = (sandbox.repo().display().to_string(), sandbox.worktree("feature-login"));
    let login = login.display().to_string();
    let port = sandbox.port(0).to_string();
    let cases: [(&[&str], &str); 14] = [
        (&["path", "^"], &repo),
        (&["path", "@"], &login),
        (&["exec", "^", "@", "--", "pwd"], &repo),
        (&["env", "@", "--print"], &port),
        (&["env", "-w", "@", "--print"], &port),
        (&["remove", "@", "--dry-run"], "feature-login"),
        (&["ports", "list", "--worktree", "@"], &port),
        (&["ports", "allocate", "--worktree", "@", "--service", "web"], &port),
        (&["url", "-w", "@"], &port),
        (&["status", "-w", "@", "--json"], "feature-login"),
        (&["health", "-w", "@", "--json"], "feature-login"),
        (&["run", "-w", "@", "--", "pwd"], &login),
        (&["adopt", "@", "--json"], "feature-login"),
        (&["ports", "history", "--worktree", "@", "--json"], "events"),
    ];
    for (arguments, wanted) in cases {
        let run = sandbox.wt_in(&here, arguments).ok();
        assert!(run.stdout.contains(wanted), "{wanted}: {}", run.shown());
    }
    // The main worktree is never removed, pruned or adopted, under no name.
    for arguments in [&["remove", "^"][..], &["prune", "^"], &["prune", "@"], &["adopt", "^"]] {
        let run = sandbox.wt_in(&here, arguments);
        assert!(run.status != 0 && sandbox.repo().exists(), "{}", run.shown());
    }
    sandbox.git(&sandbox.path("."), &["clone", "-q", "--bare", "proj", "only.git"]);
    sandbox.refused_in(&sandbox.path("only.git"), &["path", "^"], "bare_unsupported");
    sandbox.refused_in(&sandbox.path("only.git"), &["path", "@"], "bare_unsupported");
}

#[test]
fn a_worktree_of_another_repository_is_shown_and_run_in_and_never_taken_away() {
    let sandbox = two();
    let pay = sandbox.path("shop.worktrees/feature-pay").display().to_string();
    let port = sandbox.port(1).to_string();
    let nowhere = sandbox.path("home");
    for name in ["shop/feature-pay", "shop/pay", "shop/feature/pay", "feature-pay", "pay", &pay] {
        for folder in [&sandbox.repo(), &nowhere] {
            assert_eq!(sandbox.wt_in(folder, &["path", name]).ok().stdout, format!("{pay}\n"), "{name}");
            assert_eq!(sandbox.json_in(folder, &["switch", name])["folder"], *pay);
        }
        let cases: [&[&str]; 4] = [
            &["run", "-w", name, "--", "printenv", "PORT"],
            &["env", "-w", name, "--print", "--format", "json"],
            &["url", "-w", name],
            &["exec", name, "--", "printenv", "PORT"],
        ];
        for arguments in cases {
            let run = sandbox.wt(arguments).ok();
            assert!(run.stdout.contains(&port), "{}", run.shown());
        }
        let cases: [&[&str]; 7] = [
            &["remove", name],
            &["prune", name],
            &["restore", name],
            &["env", name],
            &["setup", name],
            &["create", "x", "--carry-from", name],
            &["ports", "release", &port, "--worktree", name],
        ];
        for arguments in cases {
            let run = sandbox.wt(arguments);
            assert!(run.status != 0, "{}", run.shown());
        }
    }
    let shop = sandbox.path("shop").display().to_string();
    for name in ["shop", "shop/^", &shop] {
        assert_eq!(sandbox.wt(&["path", name]).ok().stdout, format!("{shop}\n"), "{name}");
    }
    // A beginning leads to no other repository, and what is here comes first.
    sandbox.refused(&["path", "feature-pa"], "not_found");
}

#[test]
fn two_that_are_called_so_elsewhere_are_ambiguous_and_named_with_their_folders() {
    let sandbox = two();
    let other = sandbox.make_repository("more/shop");
    sandbox.wt_in(&other, &["create", "pay"]).ok();
    let folders = ["shop.worktrees/feature-pay", "more/shop.worktrees/feature-pay"]
        .map(|folder| sandbox.path(folder).display().to_string());
    for name in ["feature-pay", "shop/pay"] {
        for arguments in
            [&["path", name][..], &["switch", name], &["exec", name, "--", "true"], &["url", "-w", name]]
        {
            let error = sandbox.refused(arguments, "ambiguous");
            let candidates = error["details"]["candidates"].as_array().unwrap().clone();
            assert_eq!(candidates.len(), 2, "{error}");
            assert!(folders.iter().all(|folder| candidates.contains(&folder.as_str().into())), "{error}");
        }
    }
    for folder in &folders {
        assert_eq!(sandbox.wt(&["path", folder]).ok().stdout, format!("{folder}\n"));
    }
    // A branch of this repository is meant before a repository of that name.
    sandbox.git(&sandbox.repo(), &["branch", "shop/pay"]);
    sandbox.wt(&["create", "own", "--branch", "shop/pay"]).ok();
    let own = sandbox.worktree("feature-own").display().to_string();
    assert_eq!(sandbox.wt(&["path", "shop/pay"]).ok().stdout, format!("{own}\n"));
}

#[test]
fn the_sub_folder_is_kept_where_it_is_in_the_other_worktree_too() {
    let sandbox = two();
    let (repo, login) = (sandbox.repo(), sandbox.worktree("feature-login"));
    let switched = |folder: &std::path::Path, name: &str| {
        sandbox.json_in(folder, &["switch", name])["folder"].as_str().unwrap().to_owned()
    };
    let deep = login.join("src/deep/er");
    assert_eq!(switched(&deep, "^"), repo.join("src/deep/er").display().to_string());
    assert_eq!(sandbox.wt_in(&deep, &["path", "^"]).ok().stdout, format!("{}\n", repo.display()));
    assert_eq!(switched(&deep, "shop/pay"), sandbox.path("shop.worktrees/feature-pay").display().to_string());
    fs::create_dir_all(login.join("only/here")).unwrap();
    assert_eq!(switched(&login.join("only/here"), "^"), repo.display().to_string());
    fs::create_dir(login.join("src/new")).unwrap();
    fs::write(repo.join("src/new"), "a file").unwrap();
    assert_eq!(switched(&login.join("src/new"), "^"), repo.join("src").display().to_string());
    // A link that leads out of the worktree is not followed, one that stays inside is; another worktree inside is not this one.
    fs::create_dir(login.join("away")).unwrap();
    symlink(sandbox.path("home"), repo.join("away")).unwrap();
    assert_eq!(switched(&login.join("away"), "^"), repo.display().to_string());
    fs::create_dir(login.join("inside")).unwrap();
    symlink("src/deep", repo.join("inside")).unwrap();
    assert_eq!(switched(&login.join("inside"), "^"), repo.join("inside").display().to_string());
    sandbox.wt(&["create", "nested", "--path", repo.join("nested").to_str().unwrap()]).ok();
    fs::create_dir_all(login.join("nested/src")).unwrap();
    assert_eq!(switched(&login.join("nested/src"), "^"), repo.display().to_string());
}

#[test]
fn a_command_is_run_where_the_switch_leads_and_its_exit_code_is_ours() {
    let mut sandbox = two();
    let login = sandbox.worktree("feature-login");
    let directive = sandbox.path("directive");
    fs::write(&directive, "").unwrap();
    sandbox.set("WT_DIRECTIVE_FILE", directive.as_os_str());
    let here = sandbox.repo().join("src");
    let run = sandbox.wt_in(&here, &["switch", "login", "-x", "sh", "-c", "pwd; echo $PORT; exit 7"]);
    assert_eq!(
        (run.status, run.stdout),
        (7, format!("{}\n{}\n", login.join("src").display(), sandbox.port(0)))
    );
    assert_eq!(fs::read_to_string(&directive).unwrap(), login.join("src").display().to_string());
    let run =
        sandbox.wt(&["switch", "shop/pay", "--json", "-x", "sh", "-c", "echo $PORT >&2; exit 3"]).exits(3);
    assert_eq!(
        (&run.json()["status"]["exit"], &*run.stderr),
        (&3.into(), &*format!("{}\n", sandbox.port(1)))
    );
    // Whoever runs something says whom by the whole name; and what cannot be run leads nowhere.
    sandbox.refused(&["switch", "feature-logi", "-x", "true"], "not_found");
    fs::write(&directive, "").unwrap();
    sandbox.wt(&["switch", "login", "-x", "no-such-program"]).exits(127);
    assert_eq!(fs::read_to_string(&directive).unwrap(), "");
}

#[test]
fn without_a_name_and_without_a_terminal_the_names_are_listed() {
    let sandbox = two();
    let error = sandbox.refused(&["switch"], "usage");
    assert_eq!(error["details"]["names"], serde_json::json!(["proj", "feature-login"]));
    sandbox.refused(&["switch", "--no-input"], "usage");
    let error = sandbox.refused_in(&sandbox.path("home"), &["switch"], "usage");
    assert_eq!(error["details"]["names"], serde_json::json!(["proj/feature-login", "shop/feature-pay"]));
    // Nobody has a last worktree without a terminal.
    for arguments in [&["switch", "-"][..], &["path", "-"], &["exec", "-", "--", "true"], &["url", "-w", "-"]]
    {
        sandbox.refused(arguments, "not_found");
    }
    sandbox.refused(&["remove", "-"], "not_found");
}

#[test]
fn a_dash_is_the_last_worktree_of_this_terminal_over_repositories() {
    if std::process::Command::new("setsid").arg("--version").output().is_err() {
        return skip("there is no setsid");
    }
    let sandbox = two();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_wt")).parent().unwrap();
    let mut command = sandbox.program("setsid", &sandbox.repo());
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    command.args(["--ctty", "bash", "--norc", "--noprofile"]).env("PATH", path).env("PS1", "$ ");
    let mut terminal = Terminal::start(command);
    terminal.send(
        "eval \"$(wt shell-init bash)\"; stty -echo; bind 'set enable-bracketed-paste off' 2>/dev/null\n",
    );
    let mut step = 0;
    let mut says = |line: &str, wanted: &str| {
        step += 1;
        terminal.send(&format!("{line}; echo \"[{step}:$?:${{PWD##*/}}]\"\n"));
        terminal.expect(&format!("[{step}:{wanted}]"));
    };
    says("wt switch - 2>/dev/null", "1:proj");
    says("wt switch login", "0:feature-login");
    says("wt switch shop/pay", "0:feature-pay");
    says("wt switch -", "0:feature-login");
    says("wt switch -", "0:feature-pay");
    says("cd \"$(wt path -)\"", "0:feature-login");
    says("cd ~; wt switch -", "0:feature-pay");
    says("wt exec - -- pwd | grep -q feature-login", "0:feature-pay");
    says("wt url -w - | grep -q :", "0:feature-pay");
    // The one before the last is no substitute for it.
    says("wt switch ^ && wt switch - && wt remove --yes login >/dev/null", "1:feature-pay");
    says("wt switch proj/^ && git worktree list >/dev/null && wt remove --yes login >/dev/null", "0:proj");
    says("wt switch shop/pay && cd / && rm -rf \"$OLDPWD\" && wt switch - 2>/dev/null", "1:");
    terminal.send("exit\n");
    terminal.finish();
    let kept = fs::read_dir(sandbox.state().join("terminals")).unwrap().count();
    assert_eq!(kept, 1);
}
