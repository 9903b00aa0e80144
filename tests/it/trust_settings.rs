//! What a repository's file may set unasked: it makes nothing less careful before its user has seen and allowed it.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::terminal::Terminal;
use crate::support::{Sandbox, git};

fn with(toml: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), ".wt.toml", toml);
    sandbox
}

#[test]
fn a_repositorys_path_leads_nowhere_but_beside_or_below_the_main_worktree() {
    for path in [
        "~/.ssh/{{ name }}",
        "{{ repo_parent }}/.local",
        ".git/hooks",
        "../lib/python3/site-packages",
        "/tmp/wt-no",
    ] {
        let sandbox = with(&format!("[worktree]\npath = \"{path}\"\n"));
        let error = sandbox.refused(&["create", "login"], "untrusted");
        assert!(error["hint"].as_str().unwrap().contains("`wt trust`"), "{error}");
        sandbox.wt(&["create", "login", "--path", "../elsewhere/deep/login"]).ok();
    }
    for path in ["../{{ repo_name }}-{{ name }}", "../trees/{{ name }}", ".worktrees/{{ name }}"] {
        let sandbox = with(&format!("[worktree]\npath = \"{path}\"\n"));
        sandbox.wt(&["create", "login"]).ok();
        assert_eq!(sandbox.json(&["trust", "--status"])["state"], "nothing");
    }
}

#[test]
fn a_path_counts_once_it_was_trusted_or_is_the_users_own() {
    let toml = "[worktree]\npath = \"~/deep/down/{{ name }}\"\n";
    let sandbox = with(toml);
    let error = sandbox.refused(&["trust"], "untrusted");
    assert_eq!(error["details"]["commands"][0]["key"], "worktree.path", "{error}");
    sandbox.wt(&["--yes", "trust"]).ok();
    sandbox.wt(&["create", "login"]).ok();
    assert!(sandbox.path("home/deep/down/feature-login").is_dir());
    git::write(&sandbox.repo(), ".wt.toml", &toml.replace("deep", "other"));
    sandbox.refused(&["create", "next"], "untrusted");
    fs::remove_file(sandbox.repo().join(".wt.toml")).unwrap();
    sandbox.configure(toml);
    sandbox.wt(&["create", "mine"]).ok();
    assert!(sandbox.path("home/deep/down/feature-mine").is_dir());
}

#[test]
fn a_link_in_the_repository_leads_no_worktree_out_of_it() {
    let sandbox = with("[worktree]\npath = \"inside/{{ name }}\"\n");
    std::os::unix::fs::symlink(sandbox.path("home"), sandbox.repo().join("inside")).unwrap();
    sandbox.refused(&["create", "login"], "untrusted");
}

#[test]
fn a_variable_that_looks_like_no_ports_counts_after_trust() {
    let sandbox = with("[service.web]\nenv = [\"PERLLIB\", \"VITE_PORT\"]\n");
    sandbox.wt(&["create", "login", "--ports"]).ok().says(&["service.web.env", "PERLLIB", "wt trust"]);
    let env = || fs::read_to_string(sandbox.worktree("feature-login").join(".env")).unwrap();
    assert!(env().contains("VITE_PORT=") && !env().contains("PERLLIB"), "{}", env());
    sandbox.wt(&["--yes", "trust"]).ok();
    sandbox.wt(&["env", "login"]).ok();
    assert!(env().contains("PERLLIB="), "{}", env());
}

#[test]
fn a_repositorys_caches_and_trash_cost_nobody_a_file() {
    let sandbox = with("[remove]\ncaches = [\"*\"]\n[trash]\nkeep = \"0s\"\n");
    git::write(&sandbox.repo(), ".gitignore", ".env.local\n");
    sandbox.commit(&sandbox.repo(), "ignore");
    sandbox.wt(&["create", "login"]).ok();
    git::write(&sandbox.worktree("feature-login"), ".env.local", "mine");
    sandbox.refused(&["remove", "feature-login"], "dirty");
    sandbox.wt(&["remove", "feature-login", "--force"]).ok();
    sandbox.wt(&["restore", "feature-login"]).ok();
    assert_eq!(fs::read_to_string(sandbox.worktree("feature-login").join(".env.local")).unwrap(), "mine");
}

#[test]
fn a_template_that_explodes_is_one_error_and_stops_nobody_who_only_looks() {
    let template = format!("{{{{ '{}' | replace('a', '{}') }}}}", "a".repeat(30_000), "b".repeat(30_000));
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    for (key, before) in
        [("[worktree]\nname", ""), ("[worktree]\npath", ""), ("[service.web]\nurl", "http://localhost/")]
    {
        git::write(&sandbox.repo(), ".wt.toml", &format!("{key} = \"{before}{template}\"\n"));
        let begun = Instant::now();
        sandbox.wt(&["list"]).ok().answers(&["feature-login"]);
        sandbox.wt(&["path", "login"]).ok();
        let error = sandbox.refused(&["create", "next", "--ports"], "config_invalid");
        assert!(error["message"].as_str().unwrap().contains("64 KiB"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn what_is_agreed_to_is_shown_whole_on_every_terminal() {
    let command = format!("serve --begin {} --end", "abcdefghij ".repeat(30).trim_end());
    let hidden = "run\u{ad} \u{440}m \u{2003}\u{e0041}x";
    let sandbox = with(&format!("[service.web]\nrun = \"{command}\"\n[service.api]\nrun = \"{hidden}\"\n"));
    let whole = |seen: &str| {
        let lines = seen.lines().filter_map(|line| line.trim_end_matches('\r').strip_prefix("    | "));
        lines.collect::<String>()
    };
    for columns in [40, 60, 80, 120] {
        let mut terminal = Terminal::sized(sandbox.command(&sandbox.repo(), &["trust"]), 24, columns);
        terminal.expect("Allow them?");
        terminal.send("n");
        let (_, seen) = terminal.finish();
        assert!(whole(&seen).contains(&command), "{columns}:\n{seen}");
        assert!(whole(&seen).contains("\"run\\u{ad} \u{440}m \\u{2003}\\u{e0041}x\""), "{seen}");
        assert!(seen.contains("mixes Latin and Cyrillic letters"), "{seen}");
        assert!(!seen.contains('\u{ad}') && !seen.contains('\u{2003}'), "{seen}");
    }
    sandbox.wt(&["--yes", "trust"]).ok();
    git::write(&sandbox.repo(), ".wt.toml", &format!("[service.web]\nrun = \"{command} more\"\n"));
    for arguments in [&["trust", "--status"][..], &["trust", "--list"]] {
        let (_, seen) = Terminal::sized(sandbox.command(&sandbox.repo(), arguments), 24, 40).finish();
        assert!(whole(&seen).contains(&command), "{seen}");
    }
    let (_, seen) =
        Terminal::sized(sandbox.command(&sandbox.repo(), &["trust", "--status"]), 24, 60).finish();
    assert!(seen.contains("Changed since they were allowed:") && seen.contains("formerly:"), "{seen}");
}
