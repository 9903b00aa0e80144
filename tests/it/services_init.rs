//! `wt init` in a repository that says elsewhere what it runs: the same in `.wt.toml`, and nothing overwritten.

use std::fs;

use crate::support::terminal::Terminal;
use crate::support::{Sandbox, git};

fn read(sandbox: &Sandbox, file: &str) -> String {
    fs::read_to_string(sandbox.repo().join(file)).unwrap()
}

#[test]
fn several_sources_become_one_valid_configuration() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "Procfile.dev", "web: bin/rails server -p $PORT\njobs: bin/jobs\n");
    git::write(&sandbox.repo(), "Procfile", "web: other\n");
    git::write(&sandbox.repo(), "package.json", "{ \"scripts\": { \"dev\": \"vite\" } }");
    git::write(
        &sandbox.repo(),
        "compose.yaml",
        "services:\n  db:\n    image: postgres\n    ports: [\"5432:5432\"]\n",
    );
    let answer = sandbox.json(&["init", "--yes"]);
    let services: Vec<&str> =
        answer["services"].as_array().unwrap().iter().map(|one| one["service"].as_str().unwrap()).collect();
    assert_eq!(services, ["web", "jobs", "db"], "{answer}");
    assert_eq!(answer["services"][0]["from"], "Procfile.dev: web");
    let text = read(&sandbox, ".wt.toml");
    assert!(
        text.contains("# From Procfile.dev: web\n") && text.contains("package.json: scripts.dev"),
        "{text}"
    );
    assert!(
        !text.contains("#run =") && !text.contains("#[service."),
        "no example stands beside them: {text}"
    );
    let shown = sandbox.json(&["config", "show", "service"]);
    assert_eq!(shown["values"][0]["value"], "bin/rails server -p {{ port }}", "{shown}");
    assert!(answer["compose_override"].as_str().unwrap().ends_with("/compose.override.yaml"), "{answer}");
    assert!(
        read(&sandbox, "compose.override.yaml")
            .contains("ports: !override\n      - \"${DB_PORT:-5432}:5432\"")
    );
    sandbox.refused(&["trust"], "untrusted");
}

#[test]
fn nothing_is_ever_overwritten() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "docker-compose.yml", "services:\n  db: { image: x, ports: [\"1:1\"] }\n");
    git::write(&sandbox.repo(), "docker-compose.override.yml", "mine\n");
    sandbox.wt(&["init"]).ok().says(&["docker-compose.override.yml is there"]);
    assert_eq!(read(&sandbox, "docker-compose.override.yml"), "mine\n");
    let before = read(&sandbox, ".wt.toml");
    sandbox.wt(&["init"]).ok().says(&["Nothing is new"]);
    assert_eq!(read(&sandbox, ".wt.toml"), before);
}

#[test]
fn a_compose_file_whose_ports_come_from_variables_needs_no_override() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "compose.yaml", "services:\n  db: { image: x, ports: [\"${PG:-1}:1\"] }\n");
    let answer = sandbox.json(&["init"]);
    assert!(answer["compose_override"].is_null() && !sandbox.repo().join("compose.override.yaml").exists());
    // A name that does not look like a port's counts once it was seen and allowed.
    let shown = sandbox.json(&["config", "show", "service.db.env"]);
    assert!(shown["uncounted"][0].as_str().is_some_and(|said| said.contains("[\"PG\"]")), "{shown}");
    sandbox.wt(&["--yes", "trust"]).ok();
    let shown = sandbox.json(&["config", "show", "service.db.env"]);
    assert_eq!(shown["values"][0]["value"][0], "PG");
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_left_out() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "package.json", "{");
    git::write(&sandbox.repo(), "compose.yaml", "a: [");
    git::write(&sandbox.repo(), "Procfile", "web: serve\n");
    let run = sandbox.wt(&["init"]).ok().says(&["package.json was left out", "compose.yaml was left out"]);
    assert!(run.stderr.contains("web, from Procfile: web"), "{}", run.shown());
}

#[test]
fn what_was_not_looked_at_is_said_with_its_place() {
    let sandbox = Sandbox::new();
    git::write(
        &sandbox.repo(),
        "Procfile",
        "# all of it\n\nweb: serve\nworker run\nbad name: x\nempty:\n\u{1b}[31m\n",
    );
    let run = sandbox.wt(&["init"]).ok();
    let run = run.says(&["Procfile:4", "`worker run`", "Procfile:5", "Procfile:6", "Procfile:7"]);
    assert!(!run.stderr.contains("Procfile:1 ") && !run.stderr.contains('\u{1b}'), "{}", run.shown());
}

#[test]
fn an_override_is_to_be_committed_and_then_every_worktree_has_it() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "compose.yaml", "services:\n  db: { image: x, ports: [\"1:1\"] }\n");
    sandbox.wt(&["init", "--yes"]).ok().says(&["compose.override.yaml", "commit it"]);
    sandbox.git(&sandbox.repo(), &["add", "-A"]);
    sandbox.git(&sandbox.repo(), &["commit", "-qm", "compose"]);
    sandbox.wt(&["create", "one"]).ok();
    assert!(sandbox.worktree("feature-one").join("compose.override.yaml").is_file());
}

#[test]
fn a_repository_with_nothing_of_the_kind_gets_the_plain_starter() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["init"]).ok();
    assert_eq!(read(&sandbox, ".wt.toml"), include_str!("../../templates/wt.toml"));
}

#[test]
fn without_somebody_to_ask_the_override_is_offered_and_not_written() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "compose.yaml", "services:\n  db: { image: x, ports: [\"1:1\"] }\n");
    sandbox.wt(&["init"]).ok().says(&["`wt init --yes` also writes", "compose.override.yaml"]);
    assert!(sandbox.repo().join(".wt.toml").is_file());
    assert!(!sandbox.repo().join("compose.override.yaml").exists());
    sandbox.wt(&["init", "--yes"]).ok();
    assert!(sandbox.repo().join("compose.override.yaml").is_file(), "the hint does what it says");
}

#[test]
fn what_would_be_written_is_shown_and_nothing_is() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "Procfile", "web: serve\n");
    git::write(&sandbox.repo(), "compose.yaml", "services:\n  db: { image: x, ports: [\"1:1\"] }\n");
    let printed = sandbox.wt(&["init", "--print"]).ok();
    assert!(printed.stdout.contains("[service.web]\nrun = \"serve\""), "{}", printed.shown());
    for flag in ["-n", "--dry-run"] {
        let shown = sandbox.wt(&["init", flag]).ok();
        assert!(
            shown.stdout.contains("Would write") && shown.stdout.contains("override"),
            "{}",
            shown.shown()
        );
    }
    let plan = sandbox.json(&["init", "--dry-run"])["plan"].clone();
    assert_eq!(plan["appends"], false);
    assert_eq!(plan["services"][0]["service"], "web");
    assert!(
        !sandbox.repo().join(".wt.toml").exists() && !sandbox.repo().join("compose.override.yaml").exists()
    );
    sandbox.wt(&["init"]).ok();
    assert_eq!(read(&sandbox, ".wt.toml"), printed.stdout);
}

#[test]
fn a_terminal_is_shown_the_text_and_asked_about_each_file() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "Procfile", "web: serve\n");
    git::write(&sandbox.repo(), "compose.yaml", "services:\n  db: { image: x, ports: [\"1:1\"] }\n");
    let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), &["init"]));
    terminal.expect("[service.web]");
    terminal.expect("Write .wt.toml?");
    terminal.send("y");
    terminal.expect("Write compose.override.yaml?");
    terminal.send("n");
    let (status, screen) = terminal.finish();
    assert_eq!(status, 0, "{screen}");
    assert!(sandbox.repo().join(".wt.toml").is_file());
    assert!(!sandbox.repo().join("compose.override.yaml").exists());
}

#[test]
fn run_again_it_proposes_what_is_new_and_adds_it_only_where_somebody_agrees() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "Procfile", "web: serve\n");
    sandbox.wt(&["init"]).ok();
    let own = format!("{}\n# mine\n[purpose.spike]\nports = \"6100-6109\"", read(&sandbox, ".wt.toml"));
    git::write(&sandbox.repo(), ".wt.toml", &own);
    git::write(&sandbox.repo(), "Procfile", "web: other\nworker: work\n");
    let printed = sandbox.wt(&["init", "--print"]).ok();
    assert!(printed.stdout.starts_with("# From Procfile: worker\n"), "{}", printed.shown());
    sandbox.wt(&["init"]).ok().says(&["Wrote nothing", "`wt init --yes`"]);
    assert_eq!(read(&sandbox, ".wt.toml"), own);
    sandbox.wt(&["init", "--yes"]).ok().says(&["Added to", "worker, from Procfile: worker"]);
    let added = read(&sandbox, ".wt.toml");
    assert_eq!(added, format!("{own}\n\n{}", printed.stdout));
    assert_eq!(sandbox.json(&["config", "show", "service.worker.run"])["values"][0]["value"], "work");
    sandbox.wt(&["init", "--yes"]).ok().says(&["Nothing is new"]);
    assert_eq!(read(&sandbox, ".wt.toml"), added);
}

#[test]
fn a_broken_file_is_left_alone_and_said() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "Procfile", "web: serve\n");
    git::write(&sandbox.repo(), ".wt.toml", "broken = [\n");
    sandbox.refused(&["init", "--yes"], "config_invalid");
    assert_eq!(read(&sandbox, ".wt.toml"), "broken = [\n");
}
