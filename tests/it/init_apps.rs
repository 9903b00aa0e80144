//! `wt init` in repositories of several apps: what it writes is read back by the program, and starts what is there.

use std::fs;

use serde_json::Value;

use crate::support::{Sandbox, git};

const VITE: &str = "{ \"scripts\": { \"dev\": \"vite\" }, \"devDependencies\": { \"vite\": \"7\" } }";

fn repository(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    for (path, text) in files {
        let file = sandbox.repo().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    sandbox
}

/// Writes the file, and asserts that every command reads it and that nothing is new the second time.
#[track_caller]
fn written(sandbox: &Sandbox) -> (Value, String) {
    let answer = sandbox.json(&["init"]);
    let text = fs::read_to_string(sandbox.repo().join(".wt.toml")).unwrap();
    assert_eq!(answer["written"], true, "{answer}");
    sandbox.wt(&["config", "show"]).ok();
    let findings = sandbox.wt(&["validate", "--json"]);
    assert!(!findings.stdout.contains("config_invalid"), "{}\n{text}", findings.shown());
    let again = sandbox.json(&["init", "--yes"]);
    assert_eq!(again["written"], false, "{again}\n{text}");
    assert_eq!(fs::read_to_string(sandbox.repo().join(".wt.toml")).unwrap(), text);
    (answer, text)
}

fn names(answer: &Value) -> Vec<&str> {
    answer["services"].as_array().unwrap().iter().map(|one| one["service"].as_str().unwrap()).collect()
}

#[test]
fn what_is_carried_or_made_and_not_ignored_is_told_with_the_line_that_gitignore_lacks() {
    let sandbox = repository(&[
        ("web/package.json", VITE),
        ("server/app.py", "from flask import Flask\napp = Flask(__name__)\n"),
        ("server/requirements.txt", "flask"),
        (
            ".cursor/worktrees.json",
            "{ \"setup-worktree\": [\"cp $ROOT_WORKTREE_PATH/local.key local.key\"] }",
        ),
        ("local.key", "secret"),
    ]);
    let warnings = |sandbox: &Sandbox| -> Vec<String> {
        let plan = sandbox.json(&["init", "--dry-run"])["plan"].clone();
        let all = plan["warnings"].as_array().unwrap().iter();
        all.map(|one| one.as_str().unwrap().to_owned()).filter(|one| one.contains("not ignore")).collect()
    };
    let told = warnings(&sandbox);
    for line in [": /server/.venv/", ": /web/node_modules/", ": /local.key"] {
        assert!(told.iter().any(|one| one.ends_with(line)), "{line}: {told:?}");
    }
    assert_eq!(told.len(), 3, "{told:?}");
    fs::write(sandbox.repo().join(".gitignore"), ".venv\nnode_modules/\n/local.key\n").unwrap();
    assert_eq!(warnings(&sandbox), Vec::<String>::new());
}

#[test]
fn a_page_a_server_with_its_own_env_file_and_a_database() {
    let sandbox = repository(&[
        ("package.json", "{ \"workspaces\": [\"apps/*\"] }"),
        ("package-lock.json", "{}"),
        ("apps/web/package.json", VITE),
        ("server/app.py", ""),
        ("server/requirements.txt", "psycopg"),
        ("server/.env.example", "PORT=8080\nDATABASE_URL=postgres://localhost:5432/app\n"),
        ("server/.env", "SECRET=1\n"),
        (".env.local", "X=1\n"),
        (".gitignore", "server/.env\n.env.local\nold/\n"),
        ("old/web/package.json", VITE),
        ("apps/web/node_modules/x/package.json", VITE),
        (
            "compose.yaml",
            "services:\n  db: { image: postgres, ports: [\"5432:5432\"] }\n  api: { build: ./server }\n",
        ),
    ]);
    std::os::unix::fs::symlink("apps", sandbox.repo().join("linked")).unwrap();
    git::write(&sandbox.repo(), ".worktreeinclude", ".env.local\n");
    let (answer, text) = written(&sandbox);
    assert_eq!(names(&answer), ["web", "server", "db"], "{answer}");
    assert_eq!(answer["carry"][0]["pattern"], "server/.env", "{answer}");
    assert_eq!(answer["carry"].as_array().unwrap().len(), 1, ".worktreeinclude names the other: {answer}");
    assert_eq!(answer["setup"][0]["command"], "npm ci");
    assert_eq!(answer["setup"][0]["from"], "package-lock.json");
    let variables: Vec<&str> =
        answer["variables"].as_array().unwrap().iter().map(|one| one["value"].as_str().unwrap()).collect();
    assert_eq!(variables, ["postgres://localhost:{{ ports.db }}/app", "{{ urls.server }}"]);
    assert_eq!(answer["left_out"][0]["key"], "api", "{answer}");
    assert!(text.contains("env_file = \"server/.env\""), "{text}");
    let uncounted = &sandbox.json(&["config", "show", "env"])["uncounted"];
    assert!(
        uncounted.as_array().is_none_or(Vec::is_empty),
        "addresses of this machine count at once: {uncounted}"
    );
    sandbox.wt(&["--yes", "trust"]).ok();
    sandbox.git(&sandbox.repo(), &["add", "-A"]);
    sandbox.git(&sandbox.repo(), &["commit", "-qm", "apps"]);
    let created = sandbox.json(&["create", "login", "--no-setup"]);
    assert_eq!(created["env_files"][1]["service"], "server", "{created}");
    let block = fs::read_to_string(sandbox.worktree("feature-login").join("server/.env")).unwrap();
    assert!(block.contains("SECRET=1") && block.contains("VITE_API_URL=http://localhost:"), "{block}");
}

#[test]
fn after_init_trust_and_create_the_servers_answer() {
    let server = "import http.server, os\nport = int(os.environ['PORT'])\n\
        http.server.HTTPServer(('127.0.0.1', port), http.server.SimpleHTTPRequestHandler).serve_forever()\n";
    let sandbox = repository(&[
        ("server/app.py", server),
        ("server/pyproject.toml", "[tool.ruff]\n"),
        ("server/.env.example", "PORT=8080\n"),
        ("server/.venv/bin/python", "#!/bin/sh\nexec python3 \"$@\"\n"),
        (".gitignore", "server/.env\n"),
    ]);
    let python = sandbox.repo().join("server/.venv/bin/python");
    fs::set_permissions(&python, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.git(&sandbox.repo(), &["add", "-A"]);
    sandbox.git(&sandbox.repo(), &["commit", "-qm", "apps"]);
    written(&sandbox);
    sandbox.wt(&["--yes", "trust"]).ok();
    sandbox.wt(&["create", "login"]).ok();
    let worktree = sandbox.worktree("feature-login");
    sandbox.wt_in(&worktree, &["up"]).ok();
    sandbox.wt_in(&worktree, &["url", "server", "--check"]).ok();
    sandbox.wt_in(&worktree, &["down"]).ok();
}

#[test]
fn a_file_that_cannot_be_read_a_pipe_and_a_large_one_are_said_and_the_rest_is_proposed() {
    let sandbox = repository(&[
        ("web/package.json", VITE),
        ("bad/package.json", "{"),
        ("huge/package.json", &" ".repeat((1 << 20) + 1)),
        ("pipe/README", ""),
        ("latin/go.mod", "module x"),
    ]);
    fs::write(sandbox.repo().join("latin/main.go"), b"package main // \xff\n").unwrap();
    let pipe = sandbox.repo().join("pipe/package.json");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let answer = sandbox.json(&["init"]);
    assert_eq!(names(&answer), ["web"], "{answer}");
    let warnings = answer["warnings"].to_string();
    for file in ["bad/package.json", "huge/package.json", "pipe/package.json", "latin/main.go"] {
        assert!(warnings.contains(&format!("{file} was left out")), "{file}: {warnings}");
    }
}

#[test]
fn tables_that_are_there_are_left_alone_and_what_belongs_into_them_is_said() {
    let sandbox = repository(&[
        ("web/package.json", VITE),
        ("web/.env", ""),
        (".gitignore", ".env\n"),
        (
            ".wt.toml",
            "[worktree]\nname = \"{{ identifier }}\"\n[service.front]\nfolder = \"web\"\nrun = \"x\"\n",
        ),
    ]);
    let run = sandbox.wt(&["init", "--yes"]).ok();
    run.says(&["[worktree] is there; add to it by hand: setup = [", "Added to", "carry web/.env"]);
    let text = fs::read_to_string(sandbox.repo().join(".wt.toml")).unwrap();
    assert!(text.ends_with("\n[carry]\n# Ignored files that a new worktree gets a copy of.\ncopy = [\n    \"web/.env\",  # an env file that git ignores\n]\n"), "{text}");
    sandbox.wt(&["config", "show"]).ok();
}

#[test]
fn the_files_of_other_tools_are_taken_over_and_say_where_each_line_is_from() {
    let sandbox = repository(&[
        ("package.json", "{ \"scripts\": { \"dev\": \"vite\" } }"),
        (
            ".cursor/worktrees.json",
            "{ \"setup-worktree\": [\"npm ci\", \"cp $ROOT_WORKTREE_PATH/.env .env\"] }",
        ),
        ("conductor.json", "{ \"scripts\": { \"run\": \"npm start\", \"archive\": \"true\" } }"),
        ("orca.yaml", "a: [\n"),
        (".gtrconfig", "[copy]\n include = .env.local\n"),
        (".config/wt.toml", "pre-start = \"true\"\n"),
        ("phantom.config.json", &"x".repeat((1 << 20) + 1)),
        (".env", "A=1\n"),
        (".gitignore", ".env\n.env.local\n"),
    ]);
    let bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned()
        + &(1..12)
            .map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(",")))
            .collect::<Vec<_>>()
            .concat();
    fs::write(sandbox.repo().join(".wtp.yml"), bomb).unwrap();
    let (answer, text) = written(&sandbox);
    assert_eq!(
        answer["setup"],
        serde_json::json!([{ "command": "true", "from": ".config/wt.toml: pre-start" }]),
        "{answer}"
    );
    assert_eq!(answer["teardown"][0]["from"], "conductor.json: scripts.archive", "{answer}");
    let patterns: Vec<&str> =
        answer["carry"].as_array().unwrap().iter().map(|one| one["pattern"].as_str().unwrap()).collect();
    assert_eq!(patterns, ["/.env", "/.env.local"], "{answer}");
    let left = answer["left_out"].to_string();
    for said in ["scripts.run", "`npm ci`: .config/wt.toml says what makes a worktree ready"] {
        assert!(left.contains(said), "{said}: {left}");
    }
    let warnings = answer["warnings"].to_string();
    for file in ["orca.yaml", ".wtp.yml", "phantom.config.json"] {
        assert!(warnings.contains(&format!("{file} was left out")), "{file}: {warnings}");
    }
    assert!(text.contains("    \"true\",  # .config/wt.toml: pre-start\n"), "{text}");
    sandbox.wt(&["--yes", "trust"]).ok();
    let created = sandbox.json(&["create", "login"]);
    assert_eq!(created["worktree"]["setup"]["state"], "done", "{created}");
}

#[test]
fn the_file_of_another_tool_is_written_once_and_never_over_one() {
    for (tool, file) in [
        ("cursor", ".cursor/worktrees.json"),
        ("codex", ".codex/environments/environment.toml"),
        ("conductor", "conductor.json"),
    ] {
        let sandbox = Sandbox::new();
        let path = sandbox.repo().join(file);
        let plan = sandbox.json(&["init", "--export", tool, "-n"])["plan"].clone();
        assert!(!path.exists());
        assert_eq!(sandbox.json(&["init", "--export", tool])["written"], true);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(plan["text"], text.as_str());
        assert!(text.contains("git-wt agent enter || true"), "{text}");
        assert_eq!(sandbox.json(&["init", "--export", tool])["written"], false, "it has the line");
        fs::write(&path, "mine").unwrap();
        let refused = sandbox.refused(&["init", "--export", tool], "path_not_empty");
        assert_eq!(
            refused["details"]["add"][0]["lines"][0],
            "command -v git-wt >/dev/null && git-wt agent enter || true",
            "{refused}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
    let sandbox = Sandbox::new();
    std::os::unix::fs::symlink(sandbox.path("home"), sandbox.repo().join(".cursor")).unwrap();
    sandbox.refused(&["init", "--export", "cursor"], "permission");
    assert!(!sandbox.path("home/worktrees.json").exists());
    sandbox.refused(&["init", "--export", "zed"], "usage");
}
