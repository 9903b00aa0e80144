//! Every key reaches the setting that it is for.

use super::*;

#[test]
fn every_key_of_a_service_is_read() {
    let keys: Vec<&str> = schema::KEYS.iter().filter_map(|key| key.path.strip_prefix("service.*.")).collect();
    assert!(keys.contains(&"run"), "{keys:?}");
    for key in keys {
        assert!(fill(&mut ServiceSettings::default(), key, &Value::Null), "{key}");
    }
    assert!(!fill(&mut ServiceSettings::default(), "colour", &Value::Null));
}

/// Every key with another value than the built-in one.
const ALL: &str = r#"
[worktree]
path = "../w/{{ name }}"
name = "{{ identifier }}"
branch = "{{ purpose }}/x-{{ identifier }}"
setup = ["make setup"]
setup_timeout = "9m"
background = ["make warm"]
teardown = ["make down"]
teardown_at = "remove"
teardown_timeout = "70s"
[create]
ports = 2
base = "default"
[ports]
exclude = [{ ports = "6000-6001", reason = "the printer" }]
stale_after = "8h"
reclaim_after = "9d"
[ports.conflict]
policy = "retry"
max_retries = 7
backoff = "200ms"
multiplier = 3
[resolve]
strategy = "conservative"
allow_move = false
max_alternatives = 11
preserve_foreign = false
confirm = false
[git]
default_branch = "trunk"
[forge]
remote = "hub"
[forge."Git.example.org"]
kind = "gitlab"
[hooks]
pre_push = "block"
protect_env = false
[adopt]
auto = false
purpose = { "wip-*" = "bugfix" }
agents = false
[main]
env = true
purpose = "docs"
[main.ports]
web = 8080
[monitor]
interval = "31s"
resolve = true
release_after = "2d"
[health]
timeout = "6s"
interval = "11s"
failures = 4
successes = 2
[env]
file = "conf/dev.env"
template = "env.tpl"
[env.set]
DEBUG_LEVEL = "3"
[carry]
copy = ["*.key"]
max_bytes = "1MiB"
bytes = true
[remove]
caches = ["tmp"]
[url]
host = "{{ name | label }}.localhost"
[notify]
on = ["failed"]
webhook = { file = "~/hook" }
command = "say {{ title }}"
quiet = "22:00-07:00"
format = "slack"
[serve]
port = 7400
open = ["metrics"]
[discovery]
dns_sd = true
[trash]
keep = "8d"
max_size = "2GiB"
[events]
keep = "31d"
max_size = "3MiB"
[metrics]
per_worktree = false
max_worktrees = 9
[policy]
mode = "read-only"
kill = "never"
remove_force = "ask"
actions = "allow"
[registry]
lock_timeout = "12s"
forget = "91d"
"#;

fn config_of(text: &str) -> Config {
    use crate::model::config::layers::{Layer, Source};
    let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
    crate::model::config::merge::merge(&[layer], &[]).unwrap()
}

fn seconds(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}

const DAY: u64 = 86_400;

#[test]
fn what_the_file_says_of_worktrees_and_ports_is_what_the_program_reads() {
    let config = config_of(ALL);
    let worktree = WorktreeSettings {
        path: "../w/{{ name }}".to_owned(),
        name: "{{ identifier }}".to_owned(),
        branch: "{{ purpose }}/x-{{ identifier }}".to_owned(),
        setup: vec!["make setup".to_owned()],
        setup_timeout: Some(seconds(540)),
        background: vec!["make warm".to_owned()],
        teardown: TeardownSettings {
            commands: vec!["make down".to_owned()],
            at: TeardownAt::Remove,
            timeout: seconds(70),
        },
    };
    assert_eq!(config.worktree, worktree);
    let ports = crate::model::creation::WantedPorts::Count(2);
    assert_eq!(config.create, CreateSettings { ports, base: Base::Default });
    let conflict = ConflictSettings {
        policy: ConflictPolicy::Retry,
        max_retries: 7,
        backoff: std::time::Duration::from_millis(200),
        multiplier: 3.0,
    };
    assert_eq!(config.conflict, conflict);
    assert_eq!((config.stale_after, config.reclaim_after), (seconds(8 * 3_600), Some(seconds(9 * DAY))));
    let excluded: Vec<_> =
        config.exclusions.iter().map(|one| (one.first.number(), one.last.number(), &*one.reason)).collect();
    assert_eq!(excluded, [(6000, 6001, "the printer")]);
    let resolve = ResolveSettings {
        strategy: Strategy::Conservative,
        allow_move: false,
        preserve_foreign: false,
        is_foreign_bound: false,
        max_alternatives: 11,
        confirm: false,
        is_killing_barred: false,
    };
    assert_eq!(config.resolve, resolve);
    let main = MainSettings {
        ports: vec![("web".parse().unwrap(), Port::new(8080).unwrap())],
        env: true,
        purpose: "docs".parse().ok(),
    };
    assert_eq!(config.main, main);
    let env = EnvSettings {
        file: Some("conf/dev.env".to_owned()),
        set: vec![("DEBUG_LEVEL".to_owned(), "3".to_owned())],
        template: Some("env.tpl".to_owned()),
    };
    assert_eq!(config.env, env);
    let carry = CarrySettings { copy: vec!["*.key".to_owned()], max_bytes: 1 << 20, bytes: true };
    assert_eq!(config.carry, carry);
    assert_eq!(config.remove.caches, ["tmp"]);
    assert_eq!(config.trash, TrashSettings { keep: seconds(8 * DAY), max_size: 2 << 30 });
}

#[test]
fn what_the_file_says_of_git_and_of_others_is_what_the_program_reads() {
    use crate::model::forge::ForgeKind;
    let config = config_of(ALL);
    assert_eq!(config.git.default_branch.as_deref(), Some("trunk"));
    let forge = Forge { kind: Some(ForgeKind::Gitlab), pull: None };
    let hosts = BTreeMap::from([("git.example.org".to_owned(), forge)]);
    assert_eq!(config.forge, ForgeSettings { remote: Some("hub".to_owned()), hosts });
    assert_eq!(config.hooks, HookSettings { pre_push: PrePush::Block, protect_env: false });
    let purpose = Patterns::new(vec![("wip-*".to_owned(), "bugfix".parse().unwrap())]);
    assert_eq!(config.adopt, AdoptSettings { auto: false, purpose, agents: false });
    let health = HealthSettings { timeout: seconds(6), interval: seconds(11), failures: 4, successes: 2 };
    assert_eq!(config.health, health);
    let monitor =
        MonitorSettings { interval: seconds(31), resolve: true, release_after: Some(seconds(2 * DAY)) };
    assert_eq!(config.monitor, monitor);
    let notify = NotifySettings {
        on: vec![NoticeKind::Failed],
        webhook: Some(webhook::Webhook::File("~/hook".to_owned())),
        command: Some("say {{ title }}".to_owned()),
        quiet: quiet::read(&"22:00-07:00".into()).ok(),
        format: NoticeFormat::Slack,
    };
    assert_eq!(config.notify, notify);
    assert_eq!(config.url.host, "{{ name | label }}.localhost");
    assert_eq!((config.serve.port, &*config.serve.open), (7400, &["metrics".to_owned()][..]));
    assert!(config.discovery.dns_sd);
    assert_eq!(config.events, EventSettings { keep: seconds(31 * DAY), max_size: 3 << 20 });
    assert_eq!(config.metrics, MetricSettings { per_worktree: false, max_worktrees: 9 });
    let policy = Policy {
        mode: Mode::ReadOnly,
        kill: Some(Leave::Never),
        remove_force: Some(Leave::Ask),
        actions: Some(Leave::Allow),
    };
    assert_eq!(config.policy, policy);
    assert_eq!(config.registry, RegistrySettings { lock_timeout: seconds(12), forget: seconds(91 * DAY) });
}

#[test]
fn without_a_file_nothing_is_stricter_or_laxer_than_what_is_built_in() {
    let config = config_of("");
    assert_eq!(config.policy, Policy { mode: Mode::Full, kill: None, remove_force: None, actions: None });
    assert_eq!((config.hooks.pre_push, config.hooks.protect_env), (PrePush::Warn, true));
    assert_eq!(config.worktree.teardown.at, TeardownAt::Expiry);
    assert_eq!((config.create.base, config.worktree.setup_timeout), (Base::Head, None));
    assert_eq!((config.resolve.strategy, config.resolve.is_foreign_bound), (Strategy::Intelligent, false));
    assert_eq!((config.resolve_command, config.git.default_branch, config.reclaim_after), (None, None, None));
    let strategy = |word: &str| config_of(&format!("[resolve]\nstrategy = {word}\n"));
    assert_eq!(strategy("\"aggressive\"").resolve.strategy, Strategy::Aggressive);
    let own = strategy("{ command = \"choose it\" }");
    assert_eq!(
        (own.resolve.strategy, own.resolve_command.as_deref()),
        (Strategy::Command, Some("choose it"))
    );
}

#[test]
fn what_the_file_says_of_a_service_is_what_the_program_reads() {
    use crate::model::services::limits::Limits;
    use crate::model::services::plan::{Condition, RestartPolicy, Restarting, Stopping};
    use crate::model::signal::EndSignal;
    let text = r#"
[service.web]
ports = "6000-6009"
env = ["WEB"]
url = "http://localhost:{{ port }}/x"
run = "serve"
setup = "prepare"
env_file = "web/.env"
environment = { LOG = "debug" }
metrics = "/metrics"
limits = { memory = "1GiB" }
folder = "web"
health = { http = "/" }
depends_on = { db = "started" }
stop = { signal = "INT" }
restart = "always"
start = "on-demand"
idle_stop = "5m"
critical = false
extra_ports = ["admin"]
[service.db]
compose = "postgres"
[service.old]
run = "old"
socket = "activate"
[service.jobs]
run = "jobs"
listens = false
instances = 2
[service.mail]
run = "mail"
shared = true
"#;
    let services = config_of(text).services;
    let of = |name: &str| services[&name.parse().unwrap()].clone();
    let usual = ServiceSettings::default();
    let web = ServiceSettings {
        ports: value::ports(&"6000-6009".into()).ok(),
        env: vec!["WEB".to_owned()],
        url: Some("http://localhost:{{ port }}/x".to_owned()),
        run: Some("serve".to_owned()),
        setup: Some("prepare".to_owned()),
        env_file: Some("web/.env".to_owned()),
        environment: vec![("LOG".to_owned(), "debug".to_owned())],
        metrics: Some("/metrics".to_owned()),
        limits: Limits { memory_bytes: Some(1 << 30), cpu_percent: None },
        folder: Some("web".to_owned()),
        health: Some(serde_json::json!({ "http": "/" })),
        depends_on: BTreeMap::from([("db".parse().unwrap(), Condition::Started)]),
        stop: Stopping { signal: EndSignal::Int, ..Stopping::default() },
        restart: Restarting { policy: RestartPolicy::Always, ..Restarting::default() },
        on_demand: true,
        idle_stop: Some(seconds(300)),
        critical: false,
        extra_ports: vec!["admin".parse().unwrap()],
        ..usual.clone()
    };
    assert_eq!(of("web"), web);
    assert_eq!(of("db"), ServiceSettings { compose: Some("postgres".to_owned()), ..usual.clone() });
    let run = |command: &str| ServiceSettings { run: Some(command.to_owned()), ..usual.clone() };
    assert_eq!(of("old"), ServiceSettings { socket: Some(SocketUse::Activate), ..run("old") });
    assert_eq!(of("jobs"), ServiceSettings { listens: false, instances: 2, ..run("jobs") });
    assert_eq!(of("mail"), ServiceSettings { shared: true, ..run("mail") });
    let second = of("jobs-2");
    assert_eq!((second.instance_of, second.run.as_deref()), ("jobs".parse().ok(), Some("jobs")));
}

#[test]
fn a_list_without_a_range_is_no_range_of_the_services_own() {
    let services = config_of("[service.web]\nrun = \"x\"\nports = []\n").services;
    assert_eq!(services[&"web".parse().unwrap()].ports, None);
}

#[test]
fn values_stand_in_the_order_of_the_sections_of_the_documentation() {
    let values =
        config_of("[trash]\nkeep = \"1d\"\n[service.db]\nports = 5440\n[env.set]\nA = \"1\"\n").values;
    let mut sections: Vec<&str> =
        values.iter().map(|value| value.key.split('.').next().unwrap_or_default()).collect();
    sections.dedup();
    let mut known: Vec<&str> =
        schema::KEYS.iter().map(|key| key.path.split('.').next().unwrap_or_default()).collect();
    known.dedup();
    known.retain(|section| sections.contains(section));
    assert_eq!(sections, known);
}
