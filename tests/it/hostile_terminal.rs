//! What others wrote reaches no terminal as a command of theirs: every command, in a repository whose path, branches,
//! worktrees, files and services want to draw, hide and turn what is seen.

use std::fs;

use crate::support::holder::Holder;
use crate::support::terminal::Terminal;
use crate::support::{Sandbox, git};

const HOSTILE: &str = "x\u{1b}[2J\u{1b}]0;t\u{7}\n\u{202e}\u{9b}2Jy";

/// What is left of an answer without line breaks and what we write ourselves: colours, links, and the lines drawn anew.
fn without_ours(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        left.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let ours = if let Some(inside) = rest.strip_prefix('[') {
            let end =
                inside.find(|letter: char| !letter.is_ascii_digit() && !";?".contains(letter)).unwrap_or(0);
            let is_ours =
                inside[end..].starts_with(['m', 'A', 'B', 'K', 'l', 'h']) || inside.starts_with('J');
            is_ours.then_some(end + 2)
        } else if rest.starts_with("]8;;") {
            rest.find("\u{1b}\\").map(|end| end + 2)
        } else {
            None
        };
        match ours {
            Some(length) => rest = &rest[length..],
            None => left.push('\u{1b}'),
        }
    }
    left + rest
}

#[track_caller]
fn assert_harmless(arguments: &[&str], text: &str) {
    let left = without_ours(text).replace("\r\n", "\n");
    let bad = left.chars().find(|letter| {
        let is_ours = matches!(letter, '\n' | '\t' | '\r');
        let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        !is_ours && (letter.is_control() || turns)
    });
    assert!(bad.is_none(), "wt {arguments:?} lets {bad:?} through:\n{}", text.escape_debug());
}

#[test]
fn no_command_passes_on_what_a_terminal_would_obey() {
    let sandbox = Sandbox::without_repository();
    let repo = sandbox.make_repository(HOSTILE);
    let run = "[service.loud]\nlistens = false\nrun = \"sh -c 'printf \\\"a\\\\033[2J\\\\033]0;t\\\\007\\\\n\\\"; exec sleep 1000'\"\n";
    git::write(&repo, ".wt.toml", &format!("{run}[service.web]\nports = \"{}\"\n", sandbox.port(9)));
    sandbox.wt_in(&repo, &["--yes", "trust"]).ok();
    sandbox.wt_in(&repo, &["create", "login", "--ports", "--branch", "feature/\u{202e}login"]).ok();
    let strange = sandbox.path(HOSTILE).join("../strange\u{1b}[2J\n\u{202e}");
    sandbox.git(&repo, &["worktree", "add", "-q", "-b", "strange\u{202e}", strange.to_str().unwrap()]);
    let folder = sandbox.json_in(&repo, &["path", "login"])["path"].as_str().unwrap().to_owned();
    fs::write(std::path::Path::new(&folder).join(HOSTILE), "mine").unwrap();
    fs::write(strange.join(HOSTILE), "mine").unwrap();
    // A stranger of a hostile name, in a hostile folder, on a port of ours.
    let held = sandbox.port(0);
    let program = sandbox.path("home").join("bad\u{1b}[2J\u{202e}");
    let python = sandbox.program("sh", &repo).args(["-c", "command -v python3"]).output().unwrap();
    let python = String::from_utf8_lossy(&python.stdout).trim().to_owned();
    let _stranger = (!python.is_empty()).then(|| {
        std::os::unix::fs::symlink(&python, &program).unwrap();
        let script = format!("import socket,time\ns=socket.socket()\ns.bind(('127.0.0.1',{held}))\ns.listen()\nprint('1',flush=True)\ntime.sleep(1000)");
        Holder::ready(sandbox.program(program.to_str().unwrap(), &repo).args(["-c", &script]))
    });
    let held = held.to_string();
    let (strange, port) = (strange.to_str().unwrap().to_owned(), sandbox.port(9).to_string());
    let commands: &[&[&str]] = &[
        &["list"],
        &["list", "--all", "--status"],
        &["path", "login"],
        &["path", "\u{1b}[2J"],
        &["create", "a\u{1b}[2J"],
        &["create", "next", "--dry-run"],
        &["create", "next", "--ports"],
        &["nonsense\u{1b}[2J"],
        &["ports", "list"],
        &["ports", "conflicts"],
        &["ports", "scan"],
        &["ports", "check", &port],
        &["ports", "owner", &port],
        &["ports", "history"],
        &["validate", "--all"],
        &["doctor"],
        &["config", "show"],
        &["config", "path"],
        &["trust", "--status"],
        &["trust", "--list"],
        &["hooks", "install"],
        &["hooks", "status"],
        &["hooks", "uninstall"],
        &["env", "login"],
        &["health"],
        &["-C", &folder, "up", "loud"],
        &["-C", &folder, "status"],
        &["-C", &folder, "restart", "loud"],
        &["-C", &folder, "run", "--", "true"],
        &["-C", &folder, "run", "--", "no\u{1b}[2Jprogram\u{202e}"],
        &["-C", &folder, "run", "--service", "web", "--", "true"],
        &["switch", "login"],
        &["switch", "\u{202e}x\u{1b}[2J"],
        &["init", "--print"],
        &["init"],
        &["ports", "allocate", "--worktree", "login", "--service", "api"],
        &["ports", "allocate", "--worktree", "\u{1b}[2J", "--service", "api"],
        &["ports", "kill", &held],
        &["ports", "resolve", "--dry-run"],
        &["ports", "resolve"],
        &["ports", "release", "--worktree", "login"],
        &["ports", "release", &held],
        &["ports", "cleanup"],
        &["validate", "--verify-ports", "--fix"],
        &["-C", &folder, "logs"],
        &["-C", &folder, "down"],
        &["remove", "login"],
        &["remove", &strange],
        &["adopt", &strange],
        &["remove", "login", "--dry-run", "--force"],
        &["remove", "login", "--force"],
        &["restore"],
        &["prune", "--dry-run"],
    ];
    for arguments in commands {
        // Nothing is asked: what a question shows is shown by the refusal.
        let arguments: Vec<&str> = ["--no-input"].into_iter().chain(arguments.iter().copied()).collect();
        let arguments = &arguments[..];
        let (_, seen) = Terminal::sized(sandbox.command(&repo, arguments), 24, 80).finish();
        assert_harmless(arguments, &seen);
        let run = sandbox.wt_in(&repo, arguments);
        // A path, and the log of a service, go into a pipe byte by byte.
        if !["path", "logs", "switch"].iter().any(|raw| arguments.contains(raw)) {
            assert_harmless(arguments, &run.stdout);
            assert!(!run.stdout.contains('\u{1b}'), "{}", run.shown());
        }
        assert_harmless(arguments, &run.stderr);
        assert!(!run.stderr.contains('\u{1b}'), "{}", run.shown());
        let words: Vec<&str> = ["--json"].into_iter().chain(arguments.iter().copied()).collect();
        assert_harmless(&words, &sandbox.wt_in(&repo, &words).stdout);
    }
}

/// A question is asked on a terminal only: what it quotes is as harmless, and no is a safe answer to each.
/// The words of a command, and of each of its questions a sign with what is typed then.
type Question<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

#[test]
fn no_question_passes_on_what_a_terminal_would_obey() {
    let sandbox = Sandbox::without_repository();
    let repo = sandbox.make_repository(HOSTILE);
    sandbox.wt_in(&repo, &["create", "login", "--ports", "--branch", "feature/\u{202e}login"]).ok();
    let folder = sandbox.json_in(&repo, &["path", "login"])["path"].as_str().unwrap().to_owned();
    fs::write(std::path::Path::new(&folder).join(HOSTILE), "mine").unwrap();
    sandbox.git(&repo, &["branch", "other\u{202e}"]);
    let run = "[service.web]\nrun = \"sh -c 'echo \\u001b[2J\\u202e'\"\n";
    git::write(&repo, ".wt.toml", run);
    git::write(&repo, "Procfile", "worker: run \u{1b}[2J\u{202e}\n");
    let questions: &[Question] = &[
        (&["remove", "login"], &[("?", "n\r")]),
        (&["trust"], &[("?", "n\r")]),
        (&["validate", "--verify-ports", "--fix"], &[("?", "n\r")]),
        (&["create", "other\u{202e}"], &[]),
        (&["init"], &[("?", "n\r")]),
        (&["create"], &[("purpose", "\r"), ("identifier", "\r")]),
    ];
    for (arguments, talk) in questions {
        let mut terminal = Terminal::start(sandbox.command(&repo, arguments));
        for (question, answer) in *talk {
            terminal.expect(question);
            terminal.send(answer);
        }
        let (_, seen) = terminal.finish();
        assert_harmless(arguments, &seen);
    }
    assert!(std::path::Path::new(&folder).exists());
}
