//! The promises of an import: what is proposed is valid, says where it came from, and loses nothing silently.

use std::fmt::Write;

use proptest::prelude::*;

use super::combine::combine;
use super::compose_file;
use super::override_file;
use super::process_compose;
use super::procfile;
use super::proposal::{FileProposal, name};
use super::render::sections;
use crate::model::config::layers::{Layer, Source};
use crate::model::config::merge::merge;
use crate::model::config::settings::Config;

/// Asserts that it is a valid configuration and returns it.
#[track_caller]
fn valid(found: &FileProposal) -> Config {
    let text = sections(found);
    let layer = Layer { path: ".wt.toml".to_owned(), text: text.clone(), source: Source::User };
    merge(&[layer], &[]).unwrap_or_else(|failure| panic!("{failure}\n{text}"))
}

const COMPOSE: &str = r#"
x-usual: &usual
  restart: always
services:
  db:
    <<: *usual
    image: postgres:17
    container_name: shop-db
    ports: ["5432:5432"]
  cache:
    image: redis
    ports:
      - "${CACHE_PORT:-6379}:6379"
  Admin_UI:
    build: .
    ports:
      - target: 80
        published: "8080"
      - "127.0.0.1:9229:9229"
    depends_on:
      db: { condition: service_healthy }
      seed: { condition: service_completed_successfully }
  seed:
    image: x
    depends_on: [db]
  debug:
    image: x
    profiles: [debug]
"#;

#[test]
fn a_procfile_proposes_each_of_its_lines() {
    let text = "# comment\nweb: bundle exec puma -p $PORT\nworker: bundle exec sidekiq\nrelease: rake db:migrate\n\
        css_build: yarn build --watch && true\nbad line\nfmt: x '{{a}}'\n";
    let found = procfile::read("Procfile", text);
    let config = valid(&found);
    let web = &config.services[&"web".parse().unwrap()];
    assert_eq!(web.run.as_deref(), Some("bundle exec puma -p {{ port }}"));
    assert!(web.listens);
    assert!(!config.services[&"worker".parse().unwrap()].listens);
    let css = &config.services[&"css-build".parse().unwrap()];
    assert_eq!(css.run.as_deref(), Some("sh -c 'yarn build --watch && true'"));
    let written = sections(&found);
    for line in ["# From Procfile: web", "#   Procfile: release", "#   Procfile: fmt"] {
        assert!(written.contains(line), "{written}");
    }
}

#[test]
fn a_compose_file_proposes_its_services_with_their_order_and_ports() {
    let read = compose_file::read("compose.yaml", COMPOSE).unwrap();
    let found = combine(vec![read.found.clone()]);
    let config = valid(&found);
    let admin = &config.services[&"admin-ui".parse().unwrap()];
    assert_eq!(admin.compose.as_deref(), Some("Admin_UI"));
    assert_eq!(admin.depends_on.len(), 2);
    assert_eq!(admin.extra_ports, ["admin-ui-9229".parse().unwrap()]);
    assert_eq!(config.services[&"cache".parse().unwrap()].env, ["CACHE_PORT"]);
    assert!(!config.services[&"seed".parse().unwrap()].listens);
    assert!(config.services[&"db".parse().unwrap()].health.as_ref().unwrap().get("postgres").is_some());
    assert!(sections(&found).contains("compose.yaml: debug: only starts with a profile"));
    let colliding = override_file::colliding(&read.services, &found);
    let text = override_file::text("compose.yaml", &colliding).unwrap();
    let expected = "services:\n  db:\n    # A fixed name would be the same in every worktree.\n    \
        container_name: !reset null\n    ports: !override\n      - \"${DB_PORT:-5432}:5432\"\n  Admin_UI:\n    \
        ports: !override\n      - \"${ADMIN_UI_PORT:-8080}:80\"\n      - \"127.0.0.1:${ADMIN_UI_9229_PORT:-9229}:9229\"\n";
    assert!(text.ends_with(expected), "{text}");
    assert!(compose_file::yaml(&text).is_ok(), "{text}");
    assert_eq!(override_file::name_beside("docker-compose.yml"), "docker-compose.override.yml");
}

#[test]
fn process_compose_says_order_probes_restarts_and_ends() {
    let text = r#"
processes:
  db:
    command: postgres -D .pg -p $PORT
    readiness_probe: { exec: { command: "pg_isready -p $PORT" }, period_seconds: 2, failure_threshold: 5 }
    shutdown: { signal: 2, timeout_seconds: 20 }
  api:
    command: "cargo run"
    working_dir: ./server
    environment: ["A=b", "TOKEN=$MINE"]
    depends_on: { db: { condition: process_healthy }, gone: { condition: process_started } }
    readiness_probe: { http_get: { host: localhost, path: /health, port: 8080 } }
    availability: { restart: on_failure, max_restarts: 5, backoff_seconds: 2 }
  off: { command: x, disabled: true }
  out: { command: x, working_dir: /srv }
"#;
    let found = combine(vec![process_compose::read("process-compose.yaml", text).unwrap()]);
    let config = valid(&found);
    let (db, api) = (&config.services[&"db".parse().unwrap()], &config.services[&"api".parse().unwrap()]);
    assert_eq!(db.stop.signal.as_str(), "INT");
    assert_eq!(db.stop.timeout.as_secs(), 20);
    assert_eq!(db.health.as_ref().unwrap()["command"], "pg_isready -p {{ port }}");
    assert_eq!(api.folder.as_deref(), Some("./server"));
    assert_eq!((api.restart.max, api.restart.backoff.as_secs()), (5, 2));
    assert_eq!(api.health.as_ref().unwrap()["http"], "/health");
    assert_eq!(api.depends_on.len(), 1);
    let written = sections(&found);
    for line in
        ["off: is disabled", "It waited for `gone`", "TOKEN was not taken over", "env A=b cargo run", "/srv"]
    {
        assert!(written.contains(line), "{line}\n{written}");
    }
}

#[test]
fn the_first_file_that_names_a_service_counts_and_the_others_are_told() {
    let lines = procfile::read("Procfile", "web: serve $PORT\ndb: postgres\n");
    let read = compose_file::read("compose.yaml", COMPOSE).unwrap();
    let found = combine(vec![lines, read.found]);
    let config = valid(&found);
    assert!(config.services[&"db".parse().unwrap()].run.is_some());
    assert!(config.services[&"cache".parse().unwrap()].compose.is_some());
    assert!(
        found.left_out.iter().any(|left| left.to_string() == "compose.yaml: db: `db` is from Procfile: db"),
        "{found:?}"
    );
    let colliding = override_file::colliding(&read.services, &found);
    assert!(colliding.iter().all(|service| service.service != "db"), "what runs by itself needs no override");
}

#[test]
fn circles_are_taken_apart_and_variables_are_not_shared() {
    let text = "services:\n  a: { image: x, depends_on: [b], ports: [\"${P:-1}:1\"] }\n  b: { image: x, depends_on: [a], ports: [\"${P:-2}:2\"] }\n";
    let read = compose_file::read("compose.yaml", text).unwrap();
    let found = combine(vec![read.found]);
    valid(&found);
    assert!(sections(&found).contains("taken out here"));
    let colliding = override_file::colliding(&read.services, &found);
    assert!(override_file::text("compose.yaml", &colliding).unwrap().contains("${B_PORT:-2}:2"));
}

#[test]
fn names_become_names_of_services() {
    for (text, word) in [("Admin_UI", "admin-ui"), ("2web", "web"), ("a..b-", "a-b"), ("é", ""), ("", "")] {
        assert_eq!(name(text).map(|name| name.to_string()).unwrap_or_default(), word, "{text}");
    }
    assert!(name(&"x".repeat(99)).is_some());
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let _ = writeln!(text, "a{level}: &a{level} [{}]", vec![before; 10].join(", "));
    }
    assert!(compose_file::yaml(&text).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_procfile_says_what_is_proposed_is_valid(
        lines in prop::collection::vec(("[a-zA-Z0-9_-]{0,40}", "[ -~]{0,40}"), 0..6),
    ) {
        let text = lines.iter().map(|(name, command)| format!("{name}: {command}")).collect::<Vec<_>>().join("\n");
        valid(&combine(vec![procfile::read("Procfile", &text)]));
    }

    #[test]
    fn whatever_a_compose_file_says_what_is_proposed_is_valid(
        services in prop::collection::vec(
            ("[a-cA-C_.-]{1,4}", "[a-c]{1,2}", "[ -~]{0,20}", prop::option::of("\\$\\{[A-C]{1,2}:-[0-9]{1,5}\\}:[0-9]{1,4}")),
            0..6,
        ),
    ) {
        let table: serde_json::Map<String, serde_json::Value> = services
            .into_iter()
            .map(|(name, needs, text, port)| {
                let ports: Vec<String> = port.into_iter().chain([text.clone()]).collect();
                (name, serde_json::json!({ "depends_on": [needs], "ports": ports, "container_name": text }))
            })
            .collect();
        let document = serde_json::json!({ "services": table }).to_string();
        let read = compose_file::read("compose.yaml", &document).unwrap();
        let found = combine(vec![read.found]);
        valid(&found);
        let text = override_file::text("compose.yaml", &override_file::colliding(&read.services, &found)).unwrap();
        prop_assert!(compose_file::yaml(&text).is_ok(), "{}", text);
    }
}
