//! The promises of taking over: what a file of another tool does is proposed in our words, and what is not is said.

use super::choose::choose;
use super::export::{TOOLS, Tool};
use super::read::FILES;
use crate::model::config::layers::{Layer, Source};
use crate::model::config::merge::merge;
use crate::model::import::fitting::fit;
use crate::model::import::proposal::{FileProposal, ProposedCommand};
use crate::model::import::text;

/// What is proposed for the file; asserts that it loads.
#[track_caller]
fn read(file: &str, written: &str) -> FileProposal {
    let (_, reader) = FILES.iter().find(|(known, _)| *known == file).unwrap();
    let mut found = reader(file, written).unwrap();
    fit(&mut found, |found| text::whole(found));
    let text = text::whole(&found);
    let layer = Layer { path: ".wt.toml".to_owned(), text: text.clone(), source: Source::User };
    merge(&[layer], &[]).unwrap_or_else(|failure| panic!("{failure}\n{text}"));
    found
}

fn setup(found: &FileProposal) -> Vec<&str> {
    found.setup.iter().map(|step| step.command.as_str()).collect()
}

fn teardown(found: &FileProposal) -> Vec<&str> {
    found.teardown.iter().map(|step| step.command.as_str()).collect()
}

fn carried(found: &FileProposal) -> Vec<&str> {
    found.carry.iter().map(|one| one.pattern.as_str()).collect()
}

fn left_out(found: &FileProposal) -> String {
    let lines: Vec<String> = found.left_out.iter().map(|left| format!("{left}\n")).collect();
    lines.concat()
}

#[test]
fn worktrunk_hooks_are_setup_services_and_teardown() {
    let found = read(
        ".config/wt.toml",
        "pre-start = \"npm ci\"\npost-remove = \"dropdb app_{{ branch | sanitize }}\"\n[post-start]\n\
         copy = \"wt step copy-ignored\"\nserver = \"npm run dev -- --port {{ branch | hash_port }}\"\n\
         index = \"cd {{ worktree_path }} && make\"\nbad = \"x {{ target }}\"\n[list]\nurl = \"x\"\n",
    );
    assert_eq!(setup(&found), ["npm ci", "sh -c 'cd {{ path }} && make'"]);
    assert_eq!(teardown(&found), ["dropdb app_{{ branch | sanitize }}"]);
    assert_eq!(found.services[0].name.as_str(), "server");
    assert!(
        matches!(&found.services[0].what, crate::model::import::proposal::What::Run(run) if run == "npm run dev -- --port {{ port }}")
    );
    let left = left_out(&found);
    assert!(left.contains("post-start.copy: it copies all") && left.contains("list: has no like"), "{left}");
    assert!(left.contains("post-start.bad"), "{left}");
}

#[test]
fn cursor_commands_and_what_they_copy() {
    let found = read(
        ".cursor/worktrees.json",
        r#"{ "setup-worktree": ["npm ci && npm run build", "cp $ROOT_WORKTREE_PATH/.env .env", "cp -r \"$ROOT_WORKTREE_PATH/conf/local\" conf", "cp .env.example .env.test", "cp $ROOT_WORKTREE_PATH/a b"], "setup-worktree-windows": ["x"], "other": 1 }"#,
    );
    assert_eq!(
        setup(&found),
        ["npm ci", "npm run build", "cp .env.example .env.test", "sh -c 'cp $WT_MAIN/a b'"]
    );
    assert_eq!(carried(&found), ["/.env", "conf/local"]);
    assert_eq!(found.setup[0].from, ".cursor/worktrees.json: setup-worktree");
    assert!(left_out(&found).contains("other: has no like here"));
    let found =
        read(".cursor/worktrees.json", r#"{ "setup-worktree-unix": "setup.sh", "setup-worktree": ["x"] }"#);
    assert_eq!(setup(&found), ["sh .cursor/setup.sh"]);
}

#[test]
fn conductor_codex_and_orca_scripts() {
    let found = read(
        "conductor.json",
        r#"{ "scripts": { "setup": "npm install; cp $CONDUCTOR_ROOT_PATH/.env .env", "run": "npm run dev -- -p ${CONDUCTOR_PORT}", "archive": "dropdb \"app_$CONDUCTOR_WORKSPACE_NAME\"" }, "runScriptMode": "concurrent" }"#,
    );
    assert_eq!((setup(&found), carried(&found)), (vec!["npm install"], vec!["/.env"]));
    assert_eq!(teardown(&found), ["sh -c 'dropdb \"app_$WT_NAME\"'"]);
    assert!(
        matches!(&found.services[0].what, crate::model::import::proposal::What::Run(run) if run == "npm run dev -- -p {{ port }}")
    );
    let found =
        read("conductor.json", r#"{ "scripts": { "run": "a\nb", "setup": "echo $((CONDUCTOR_PORT+1))" } }"#);
    assert!(found.services.is_empty() && left_out(&found).contains("more than one command"));
    assert!(left_out(&found).contains("CONDUCTOR_PORT is set by that tool alone"));

    let found = read(
        ".codex/environments/environment.toml",
        "version = 1\n[setup]\nscript = '''\nset -e\ncd \"$CODEX_WORKTREE_PATH\"\n# install\nnpm ci\ncp \"$CODEX_SOURCE_TREE_PATH/.env\" .env\n'''\n\
         [cleanup]\nscript = \"if true; then make clean; fi\"\n[[actions]]\nname = \"Run dev\"\ncommand = \"npm run dev\"\n\
         [[actions]]\nname = \"Test\"\ncommand = \"npm test\"\n",
    );
    assert_eq!((setup(&found), carried(&found)), (vec!["npm ci"], vec!["/.env"]));
    assert_eq!(teardown(&found), ["sh -c 'if true; then make clean; fi'"]);
    assert_eq!(found.services.len(), 1);
    assert!(left_out(&found).contains("actions.Test: a person starts it"));

    let found = read(
        "orca.yaml",
        "scripts:\n  setup: |\n    export A=1\n    make\n  archive: sleep 5\nissueCommand: x\n",
    );
    assert_eq!(setup(&found), ["sh -c 'set -e; export A=1\nmake'"]);
    assert_eq!(teardown(&found), ["sleep 5"]);
    assert!(left_out(&found).contains("issueCommand"));
}

#[test]
fn lists_of_files_and_commands() {
    let found = read(
        ".workmux.yaml",
        "post_create: [\"<global>\", \"mise install\"]\npre_remove: [\"make down\"]\nfiles:\n  copy: [.env, \"**/.env.local\", ../x]\n  symlink: [node_modules]\npanes: [{ command: x }]\n",
    );
    assert_eq!((setup(&found), teardown(&found)), (vec!["mise install"], vec!["make down"]));
    assert_eq!(carried(&found), ["/.env", "**/.env.local"]);
    let left = left_out(&found);
    assert!(
        left.contains("`node_modules`: a link") && left.contains("panes:") && left.contains("`../x`"),
        "{left}"
    );

    let found = read(
        ".gtrconfig",
        "# x\n[copy]\n  exclude = **/.env.production\n  include = **/.env*\n  includeDirs = vendor\n[hooks]\n  postCreate = \"npm ci\" # y\n  postCreate = echo \\\n$REPO_ROOT\n  preRemove = make down\n[defaults]\n editor = cursor\n",
    );
    assert_eq!(carried(&found), ["**/.env*", "/vendor", "!**/.env.production"]);
    assert_eq!(setup(&found), ["npm ci", "sh -c 'echo $WT_MAIN'"]);
    assert!(left_out(&found).contains("defaults.editor"));

    let found = read(
        ".wtp.yml",
        "version: '1.0'\ndefaults: { base_dir: ../w }\nhooks:\n  post_create:\n    - { type: copy, from: .env }\n    - { type: copy, from: a, to: b }\n    - { type: symlink, from: .bin }\n    - { type: command, command: npm ci, env: { NODE_ENV: dev } }\n    - { type: command, command: make, work_dir: api }\n",
    );
    assert_eq!(carried(&found), ["/.env"]);
    assert_eq!(setup(&found)[0], "env NODE_ENV='dev' npm ci");
    assert!(setup(&found)[1].contains("api") && setup(&found)[1].contains("make"), "{:?}", setup(&found));
    assert!(left_out(&found).contains("another place") && left_out(&found).contains("defaults"));

    let found = read(
        "phantom.config.json",
        r#"{ "postCreate": { "copyFiles": [".env", "config/local.json"], "commands": ["pnpm install"] }, "preDelete": { "commands": ["docker compose down"] } }"#,
    );
    assert_eq!(carried(&found), ["/.env", "config/local.json"]);
    assert_eq!((setup(&found), teardown(&found)), (vec!["pnpm install"], vec!["docker compose down"]));
}

#[test]
fn what_is_broken_is_an_error_and_hostile_text_stays_valid() {
    for (file, reader) in FILES {
        assert!(reader(file, "{ [ :").is_err(), "{file}");
        assert!(reader(file, if file.ends_with("json") { "[]" } else { "" }).is_ok(), "{file}");
    }
    for command in ["echo {{ x }}", "echo '", "a \\", "\u{1b}[31m", "echo \"it's\"", "x\n'''\ny", "é=1 ü"] {
        read(
            "phantom.config.json",
            &serde_json::json!({ "postCreate": { "commands": [command], "copyFiles": [command] } })
                .to_string(),
        );
        read(
            "conductor.json",
            &serde_json::json!({ "scripts": { "setup": command, "run": command, "archive": command } })
                .to_string(),
        );
    }
}

#[test]
fn a_written_file_is_read_back_and_calls_us() {
    for (word, tool) in TOOLS {
        assert_eq!(word.parse::<Tool>(), Ok(tool));
        let text = tool.text("sh\"op");
        assert!(Tool::has_line(&text), "{text}");
        let (_, reader) = FILES.iter().find(|(file, _)| *file == tool.file()).unwrap();
        let found = reader(tool.file(), &text).unwrap();
        assert!(found.setup.is_empty(), "a setup that calls us would call itself: {text}");
        assert_eq!(left_out(&found), format!("{}: {}: it calls us\n", tool.file(), tool.key()));
        assert!(text.contains("command -v git-wt >/dev/null && git-wt agent enter || true"), "{text}");
    }
    assert!("zed".parse::<Tool>().is_err());
}

#[test]
fn the_first_tool_says_what_makes_a_worktree_ready() {
    let cursor = read(
        ".cursor/worktrees.json",
        r#"{ "setup-worktree": ["npm ci", "cp $ROOT_WORKTREE_PATH/.env ."] }"#,
    );
    let conductor = read(
        "conductor.json",
        r#"{ "scripts": { "setup": "npm ci; make", "run": "npm run dev", "archive": "make down" } }"#,
    );
    let mut apps = FileProposal::default();
    for command in ["npm ci", "uv sync"] {
        apps.setup.push(ProposedCommand { command: command.to_owned(), from: "lockfile".to_owned() });
    }
    let chosen = choose(vec![cursor.clone(), conductor.clone()], None, &mut apps);
    assert_eq!((setup(&chosen), teardown(&chosen)), (vec!["npm ci"], vec!["make down"]));
    assert_eq!((carried(&chosen), chosen.services.len()), (vec!["/.env"], 1));
    assert!(apps.setup.is_empty());
    let left = left_out(&chosen);
    assert!(
        left.contains("conductor.json: scripts.setup: `make`: .cursor/worktrees.json says what makes"),
        "{left}"
    );
    assert!(left.contains("lockfile: `uv sync`: .cursor/worktrees.json says"), "{left}");
    let chosen = choose(vec![conductor], Some("Procfile"), &mut FileProposal::default());
    assert!(chosen.services.is_empty() && left_out(&chosen).contains("scripts.run: Procfile says what runs"));
}

#[test]
fn a_single_path_to_copy_counts_like_a_list_of_one() {
    for written in ["files:\n  copy: .env\n", "files:\n  copy: [.env]\n"] {
        assert_eq!(carried(&read(".workmux.yaml", written)), ["/.env"], "{written}");
    }
}

#[test]
fn a_hook_of_worktrunk_is_a_command_a_table_or_a_list_of_tables() {
    for (written, commands, from) in [
        ("pre-start = \"make\"\n", &["make"][..], "pre-start"),
        ("[pre-start]\nbuild = \"make\"\n", &["make"], "pre-start.build"),
        (
            "[[pre-start]]\nbuild = \"make\"\n[[pre-start]]\ntest = \"make test\"\n",
            &["make", "make test"],
            "pre-start.build",
        ),
        ("pre-start = [\"make\", \"make test\"]\n", &["make", "make test"], "pre-start"),
    ] {
        let found = read(".config/wt.toml", written);
        assert_eq!(setup(&found), commands, "{written}");
        assert_eq!(found.setup[0].from, format!(".config/wt.toml: {from}"), "{written}");
    }
    assert!(read(".config/wt.toml", "pre-start = 7\n").is_empty());
}

#[test]
fn a_server_that_is_not_given_its_port_is_said_to_find_it() {
    for (run, notes) in [("npm start", 1), ("serve -p $CONDUCTOR_PORT", 0)] {
        let written = serde_json::json!({ "scripts": { "run": run } }).to_string();
        let found = read("conductor.json", &written);
        assert_eq!(found.services[0].notes.len(), notes, "{run}");
    }
}
