//! What a finding of `wt validate` tells people to type: each command is run, as it stands, and the finding is gone.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::support::holder::Holder;
use crate::support::{Sandbox, git, skip};

/// What must live on while the finding is looked at.
type Kept = Option<Holder>;

/// One finding, and how it comes about.
struct Row {
    code: &'static str,
    flags: &'static [&'static str],
    /// How many commands settle it, each on its own.
    commands: usize,
    make: fn(&mut Sandbox) -> Option<Kept>,
    /// What the hint has a person do before the command with that number.
    before: fn(&Sandbox, usize),
}

fn nothing(_: &Sandbox, _: usize) {}

fn row(code: &'static str, commands: usize, make: fn(&mut Sandbox) -> Option<Kept>) -> Row {
    Row { code, flags: &[], commands, make, before: nothing }
}

fn rows() -> Vec<Row> {
    vec![
        row("git-bare-leaked", 1, |sandbox| {
            sandbox.wt(&["create", "login"]).ok();
            sandbox.git(&sandbox.repo(), &["config", "core.bare", "true"]);
            Some(None)
        }),
        Row {
            before: |sandbox, number| {
                if number == 1 {
                    fs::rename(sandbox.worktree("feature-login"), sandbox.path("away")).unwrap();
                }
            },
            ..row("worktree-foreign", 2, |sandbox| {
                sandbox.wt(&["create", "login"]).ok();
                fs::remove_file(sandbox.worktree("feature-login").join(".git")).unwrap();
                Some(None)
            })
        },
        row("worktree-unregistered", 1, |sandbox| {
            sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "by-hand", "../by hand"]);
            Some(None)
        }),
        row("git-record-damaged", 1, |sandbox| {
            sandbox.wt(&["create", "login"]).ok();
            let admin = sandbox.repo().join(".git/worktrees/feature-login");
            git::write(&admin, "HEAD", "garbage\n");
            for folder in [admin, sandbox.worktree("feature-login")] {
                git::age(&folder);
            }
            Some(None)
        }),
        row("branch-missing", 1, |sandbox| {
            sandbox.wt(&["create", "login"]).ok();
            sandbox.git(&sandbox.repo(), &["update-ref", "-d", "refs/heads/feature/login"]);
            Some(None)
        }),
        row("env-missing", 1, |sandbox| {
            sandbox.wt(&["create", "login", "--ports"]).ok();
            fs::remove_file(sandbox.worktree("feature-login").join(".env")).unwrap();
            Some(None)
        }),
        row("env-drift", 1, |sandbox| {
            sandbox.wt(&["create", "login", "--ports"]).ok();
            let folder = sandbox.worktree("feature-login");
            let text = fs::read_to_string(folder.join(".env")).unwrap();
            git::write(&folder, ".env", &text.replace("WT_NAME=feature-login", "WT_NAME=x"));
            Some(None)
        }),
        row("env-tracked", 1, |sandbox| {
            sandbox.wt(&["create", "login", "--ports"]).ok();
            sandbox.git(&sandbox.worktree("feature-login"), &["add", "-f", ".env"]);
            Some(None)
        }),
        row("port-out-of-range", 1, |sandbox| {
            sandbox.wt(&["create", "login", "--ports"]).ok();
            let last = sandbox.port(9);
            sandbox.configure(&format!("[purpose.feature]\nports = \"{last}\"\n"));
            Some(None)
        }),
        row("port-shared", 1, |sandbox| {
            sandbox.wt(&["create", "login", "--ports=web"]).ok();
            sandbox.configure("[service.web]\nrun = \"x\"\nshared = true\n");
            Some(None)
        }),
        row("duplicate-port", 2, |sandbox| {
            sandbox.wt(&["create", "old", "--ports"]).ok();
            sandbox.wt(&["create", "young", "--ports"]).ok();
            let mut registry = sandbox.registry();
            for entry in registry["worktrees"].as_array_mut().unwrap() {
                entry["allocations"][0]["port"] = json!(sandbox.port(0));
                entry["allocations"][0]["pinned"] = json!(true);
            }
            git::write(&sandbox.state(), "registry.json", &registry.to_string());
            Some(None)
        }),
        row("carry-drift", 1, |sandbox| {
            git::write(&sandbox.repo(), ".gitignore", "/key\n");
            git::write(&sandbox.repo(), ".worktreeinclude", "/key\n");
            sandbox.commit(&sandbox.repo(), "lists");
            git::write(&sandbox.repo(), "key", "1");
            sandbox.wt(&["create", "login"]).ok();
            git::write(&sandbox.repo(), "key", "22");
            Some(None)
        }),
        row("hook-missing", 1, |sandbox| {
            sandbox.wt(&["hooks", "install"]).ok();
            fs::remove_file(sandbox.repo().join(".git/hooks/pre-push")).unwrap();
            Some(None)
        }),
        Row {
            flags: &["--verify-ports"],
            ..row("port-conflict", 1, |sandbox| {
                let port = sandbox.port(0).to_string();
                sandbox.wt(&["create", "login"]).ok();
                let words = ["ports", "allocate", "--worktree", "login", "--service", "web", "--port", &port];
                sandbox.wt(&words).ok();
                Some(Some(sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[sandbox.port(0)])?))
            })
        },
    ]
}

/// Those whose command needs a remote and a second clone: `team_claims` follows it.
const TRIED_BESIDE_A_REMOTE: [&str; 2] = ["claim-lost", "claim-host-stale"];

/// Findings whose text names no command that settles them: only `--fix` does, or a person's own words and tools.
const WITHOUT_COMMAND: [&str; 20] = [
    "claim-missing",
    "claim-orphaned",
    "registry-unreadable",
    "registry-schema",
    "config-invalid",
    "config-differs",
    "duplicate-worktree",
    "port-invalid",
    "range-invalid",
    "range-overlap",
    "worktree-missing",
    "worktree-moved",
    "branch-changed",
    "create-incomplete",
    "env-duplicate",
    "hook-outdated",
    "hook-shadowed",
    "port-stale",
    "port-drift",
    "ephemeral-overlap",
];

/// Commands that tell more and settle nothing.
const LOOKS: [&str; 5] = ["ports owner", " reflog", "hooks status", "hooks install", "worktree add"];

/// The commands that the text of the finding names, in its order.
fn commands(sandbox: &Sandbox, row: &Row) -> Vec<String> {
    let words: Vec<&str> = [&["validate"], row.flags].concat();
    let text = sandbox.wt(&words).stdout;
    let mut lines = text.lines().skip_while(|line| !line.contains(&format!("  {}  ", row.code)));
    let message = lines.next().unwrap_or_else(|| panic!("no {}:\n{text}", row.code));
    let advice: String = lines.take_while(|line| line.starts_with("    ")).collect();
    let is_install = row.code.starts_with("hook-m");
    let is_it = |command: &&str| {
        let is_command = command.starts_with("wt ") || command.starts_with("git ");
        is_command && (is_install || !LOOKS.iter().any(|look| command.contains(look)))
    };
    match advice.trim().strip_prefix("hint  ").filter(|hint| hint.starts_with("git ")) {
        Some(whole) => vec![whole.to_owned()],
        None => advice.split('`').filter(is_it).map(str::to_owned).collect::<Vec<_>>(),
    }
    .into_iter()
    .inspect(|command| assert!(!message.contains(command.as_str()), "{text}"))
    .collect()
}

fn is_found(sandbox: &Sandbox, row: &Row) -> bool {
    let words: Vec<&str> = [&["--json", "validate"], row.flags].concat();
    let answer = sandbox.wt(&words).json();
    answer["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == row.code)
}

fn follow(sandbox: &Sandbox, command: &str) {
    let commit = sandbox.git(&sandbox.repo(), &["rev-parse", "main"]);
    // On a terminal it asks; here somebody agreed.
    let typed = command.replace("COMMIT", &commit).replace("wt ports kill", "wt --yes ports kill");
    let output = Command::output(sandbox.program("sh", &sandbox.repo()).args(["-c", &typed])).unwrap();
    assert!(output.status.success(), "{typed}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_command_that_a_finding_names_settles_it() {
    for row in rows() {
        for number in 0..row.commands {
            let mut sandbox = Sandbox::new();
            sandbox.put_wt_on_path();
            let Some(_kept) = (row.make)(&mut sandbox) else {
                skip("no python3");
                break;
            };
            assert!(is_found(&sandbox, &row), "{} was not found", row.code);
            let named = commands(&sandbox, &row);
            assert_eq!(named.len(), row.commands, "{}: {named:?}", row.code);
            (row.before)(&sandbox, number);
            follow(&sandbox, &named[number]);
            assert!(!is_found(&sandbox, &row), "{} is still there after `{}`", row.code, named[number]);
        }
    }
}

#[test]
fn every_code_of_the_page_is_tried_or_names_no_command() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/validate.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page.split("## What it finds").nth(1).unwrap();
    let table = table.lines().filter(|line| line.starts_with("| `"));
    let codes = table.flat_map(|line| line.split('|').nth(1).unwrap().split('`').skip(1).step_by(2));
    let tried: Vec<&str> = rows().iter().map(|row| row.code).chain(TRIED_BESIDE_A_REMOTE).collect();
    let mut count = 0;
    for code in codes {
        count += 1;
        assert_ne!(tried.contains(&code), WITHOUT_COMMAND.contains(&code), "{code}");
    }
    assert_eq!(count, tried.len() + WITHOUT_COMMAND.len());
}
