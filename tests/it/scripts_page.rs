//! `docs/scripts.md` says of each command which fields are always there; each command is run, and they are.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Sandbox;

/// The page's table: a command, and the fields that it always has.
fn promised() -> BTreeMap<String, Vec<String>> {
    let page = include_str!("../../docs/scripts.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `wt "));
    rows.filter_map(|row| {
        let (command, fields) = row.trim_end_matches('|').split_once(" | ")?;
        let words: Vec<&str> = fields.split('`').skip(1).step_by(2).collect();
        Some((command.replace('`', ""), words.into_iter().map(str::to_owned).collect()))
    })
    .collect()
}

/// Asserts that the field `path` (`worktrees[].name`) is in `value`, in every element of its lists, of which there is one.
fn require(value: &Value, path: &str, about: &str) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (name, is_list) = first.strip_suffix("[]").map_or((first, false), |name| (name, true));
    let found = value.get(name).unwrap_or_else(|| panic!("{about}: no {path} in {value}"));
    let Some(rest) = rest else { return };
    if is_list {
        let all = found.as_array().unwrap_or_else(|| panic!("{about}: {path} is no list in {value}"));
        assert!(!all.is_empty(), "{about}: {path} is empty, so nothing is shown of it");
        for one in all {
            require(one, rest, about);
        }
    } else {
        require(found, rest, about);
    }
}

#[test]
fn every_field_that_the_page_promises_is_there() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let server = "import http.server,os; print('up', flush=True); http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), \
                  http.server.SimpleHTTPRequestHandler).serve_forever()";
    std::fs::write(repo.join("server.py"), server).unwrap();
    let text = "[service.web]\nrun = \"python3 server.py\"\n";
    std::fs::write(repo.join(".wt.toml"), text).unwrap();
    sandbox.git(&repo, &["add", "-A"]);
    sandbox.git(&repo, &["commit", "-qm", "web"]);
    sandbox.git(&repo, &["worktree", "add", "-q", "-b", "other", "../other"]);
    let folder = sandbox.worktree("feature-login");
    let port = sandbox.port(0).to_string();
    let steps: Vec<(&str, bool, Vec<&str>)> = vec![
        ("create", false, vec!["create", "login", "--ports"]),
        ("create --reuse", false, vec!["create", "login", "--reuse"]),
        ("create --dry-run", false, vec!["create", "new", "--dry-run"]),
        ("list", false, vec!["list"]),
        ("list --status", false, vec!["list", "--status"]),
        ("path", false, vec!["path", "login"]),
        ("switch", false, vec!["switch", "login"]),
        ("env", false, vec!["env", "login"]),
        ("env --check", false, vec!["env", "login", "--check"]),
        ("adopt", false, vec!["adopt", "../other"]),
        ("trust", false, vec!["trust", "--yes"]),
        ("up", true, vec!["up"]),
        ("status", true, vec!["status"]),
        ("health", true, vec!["health"]),
        ("setup", true, vec!["setup"]),
        ("wait", true, vec!["wait"]),
        ("exec", false, vec!["exec", "--all", "--", "true"]),
        ("url", false, vec!["url", "-w", "login"]),
        ("url --check", true, vec!["url", "--check"]),
        ("restart", true, vec!["restart"]),
        ("health again", true, vec!["health"]),
        ("logs", true, vec!["logs"]),
        ("down", true, vec!["down"]),
        ("ports list", false, vec!["ports", "list"]),
        ("ports allocate", true, vec!["ports", "allocate", "--service", "api"]),
        ("ports check", false, vec!["ports", "check", &port]),
        ("ports available", false, vec!["ports", "available"]),
        ("ports next", false, vec!["ports", "next"]),
        ("ports conflicts", false, vec!["ports", "conflicts"]),
        ("ports scan", false, vec!["ports", "scan"]),
        ("ports history", false, vec!["ports", "history"]),
        ("notify test", false, vec!["notify", "test"]),
        ("events", false, vec!["events"]),
        ("report", false, vec!["report"]),
        ("metrics", false, vec!["metrics"]),
        ("schema", false, vec!["schema"]),
        ("schema COMMAND", false, vec!["schema", "create"]),
        ("validate", false, vec!["validate"]),
        ("doctor", false, vec!["doctor"]),
        ("hooks install", false, vec!["hooks", "install"]),
        ("hooks status", false, vec!["hooks", "status"]),
        ("config show", false, vec!["config", "show"]),
        ("config path", false, vec!["config", "path"]),
        ("config export", false, vec!["config", "export"]),
        ("prune --dry-run", false, vec!["prune", "--dry-run"]),
        ("rename", false, vec!["rename", "other", "another"]),
        ("remove --dry-run", false, vec!["remove", "login", "--dry-run"]),
        ("remove", false, vec!["remove", "login"]),
        ("restore (a list)", false, vec!["restore"]),
        ("restore NAME", false, vec!["restore", "feature-login"]),
        ("init", false, vec!["init"]),
    ];
    sandbox.configure("[notify]\non = []\ncommand = \"true\"\n");
    let mut promised = promised();
    for (name, inside, arguments) in steps {
        let arguments = [&["--json"], &arguments[..]].concat();
        let run = sandbox.wt_in(if inside { &folder } else { &repo }, &arguments);
        let answer: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.shown()));
        assert!(answer.get("error").is_none(), "{}", run.shown());
        assert_eq!((&answer["schema"], answer["command"].is_string()), (&1.into(), true), "{}", run.shown());
        let Some(fields) = promised.remove(name) else {
            assert_eq!(name, "health again", "the page says nothing of `wt {name}`");
            continue;
        };
        for field in &fields {
            require(&answer, field, name);
        }
    }
    assert!(promised.is_empty(), "nobody looked at {promised:?}");
}
