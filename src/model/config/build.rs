//! The merged values as typed settings. They are checked by now: what is missing is an option that nobody set.

use std::collections::BTreeMap;

use serde_json::Value;

use super::limits;
use super::merged::MergedConfig;
use super::problem::ValueFault;
use super::settings::{
    AdoptSettings, CarrySettings, Config, ConfigValue, ConflictPolicy, ConflictSettings, DiscoverySettings,
    EnvSettings, EventSettings, ForgeSettings, GitSettings, HealthSettings, HookSettings, MainSettings,
    MetricSettings, MonitorSettings, PrePush, PurposeSettings, RegistrySettings, RemoveSettings,
    ResolveSettings, ServeSettings, ServiceSettings, SocketUse, Strategy, TeardownSettings, TrashSettings,
    UrlSettings, WorktreeSettings,
};
use super::{branch_purposes, forges, instances, running, schema, team};
use crate::model::adoption::Patterns;
use crate::model::config::value;
use crate::model::creation::{Base, CreateSettings};
use crate::model::forge::Forge;
use crate::model::notify::notice::NoticeKind;
use crate::model::notify::settings::{COMMAND, NoticeFormat, NotifySettings, WEBHOOK};
use crate::model::notify::{quiet, webhook};
use crate::model::policy::{Leave, Mode, Policy};
use crate::model::port::Port;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;
use crate::model::teardown::{TEARDOWN, TeardownAt};

/// Returns the settings that `merged` makes.
#[must_use]
pub fn config(mut merged: MergedConfig) -> Config {
    let held = std::mem::take(&mut merged.held);
    let text = |key: &str| find(&merged, key, |value| value::text(value).map(str::to_owned));
    let duration = |key: &str| find(&merged, key, value::duration).unwrap_or_default();
    let flag = |key: &str| find(&merged, key, value::flag).unwrap_or_default();
    let number = |key: &str| find(&merged, key, |value| value::whole(value, 0, u32::MAX)).unwrap_or_default();
    Config {
        worktree: WorktreeSettings {
            path: text("worktree.path").unwrap_or_default(),
            name: text("worktree.name").unwrap_or_default(),
            branch: text("worktree.branch").unwrap_or_default(),
            setup: find(&merged, "worktree.setup", running::commands).unwrap_or_default(),
            background: find(&merged, "worktree.background", running::commands).unwrap_or_default(),
            setup_timeout: find(&merged, "worktree.setup_timeout", value::duration),
            teardown: teardown(&merged),
        },
        purposes: purposes(&merged),
        services: services(&merged),
        create: CreateSettings {
            ports: find(&merged, "create.ports", value::port_wish).unwrap_or_default(),
            base: match text("create.base").as_deref() {
                Some("default") => Base::Default,
                _ => Base::Head,
            },
        },
        conflict: conflict(&merged),
        stale_after: duration("ports.stale_after"),
        reclaim_after: find(&merged, "ports.reclaim_after", value::duration),
        resolve: resolve(&merged),
        resolve_command: find(&merged, "resolve.strategy", running::chooser).flatten().map(str::to_owned),
        git: GitSettings { default_branch: text("git.default_branch").filter(|name| !name.is_empty()) },
        forge: ForgeSettings {
            remote: text("forge.remote"),
            hosts: merged.values().iter().filter_map(forge).collect(),
        },
        hooks: HookSettings {
            pre_push: match text("hooks.pre_push").as_deref() {
                Some("block") => PrePush::Block,
                _ => PrePush::Warn,
            },
            protect_env: flag("hooks.protect_env"),
        },
        adopt: AdoptSettings {
            auto: flag("adopt.auto"),
            purpose: Patterns::new(find(&merged, "adopt.purpose", branch_purposes::read).unwrap_or_default()),
            agents: flag("adopt.agents"),
        },
        health: health(&merged),
        main: MainSettings {
            ports: merged.values().iter().filter_map(port_of_main).collect(),
            env: flag("main.env"),
            purpose: text("main.purpose").and_then(|name| name.parse().ok()),
        },
        exclusions: find(&merged, "ports.exclude", value::exclusions).unwrap_or_default(),
        env: EnvSettings {
            file: text("env.file"),
            set: merged.values().iter().filter_map(set_variable).collect(),
            template: text("env.template"),
        },
        carry: CarrySettings {
            copy: find(&merged, "carry.copy", words).unwrap_or_default(),
            max_bytes: find(&merged, "carry.max_bytes", value::size).unwrap_or_default(),
            bytes: flag("carry.bytes"),
        },
        remove: RemoveSettings { caches: find(&merged, "remove.caches", words).unwrap_or_default() },
        url: UrlSettings { host: text("url.host").unwrap_or_default() },
        monitor: MonitorSettings {
            interval: duration("monitor.interval"),
            resolve: flag("monitor.resolve"),
            release_after: find(&merged, "monitor.release_after", value::duration),
        },
        notify: notify(&merged),
        serve: ServeSettings {
            port: number("serve.port"),
            open: find(&merged, "serve.open", words).unwrap_or_default(),
        },
        team: team::read(&merged),
        discovery: DiscoverySettings { dns_sd: flag("discovery.dns_sd") },
        trash: TrashSettings {
            keep: duration("trash.keep"),
            max_size: find(&merged, "trash.max_size", value::size).unwrap_or_default(),
        },
        events: EventSettings {
            keep: duration("events.keep"),
            max_size: find(&merged, "events.max_size", value::size).unwrap_or_default(),
        },
        metrics: MetricSettings {
            per_worktree: flag("metrics.per_worktree"),
            max_worktrees: number("metrics.max_worktrees"),
        },
        policy: policy(&merged),
        registry: RegistrySettings {
            lock_timeout: duration("registry.lock_timeout"),
            forget: duration("registry.forget"),
        },
        held,
        values: in_order_of_the_schema(merged),
    }
}

fn conflict(merged: &MergedConfig) -> ConflictSettings {
    let policy = find(merged, "ports.conflict.policy", |value| value::text(value).map(str::to_owned));
    let retry = policy.as_deref() == Some("retry");
    let number = |key: &str| find(merged, key, |value| value::whole(value, 0, u32::MAX)).unwrap_or_default();
    ConflictSettings {
        policy: if retry { ConflictPolicy::Retry } else { ConflictPolicy::Fail },
        max_retries: number("ports.conflict.max_retries"),
        backoff: find(merged, "ports.conflict.backoff", value::duration).unwrap_or_default(),
        multiplier: find(merged, "ports.conflict.multiplier", |value| value::number(value, 1.0, f64::MAX))
            .unwrap_or(1.0),
    }
}

fn health(merged: &MergedConfig) -> HealthSettings {
    let duration = |key: &str| find(merged, key, value::duration).unwrap_or_default();
    let number = |key: &str| find(merged, key, |value| value::whole(value, 0, u32::MAX)).unwrap_or_default();
    HealthSettings {
        timeout: duration("health.timeout"),
        interval: duration("health.interval"),
        failures: number("health.failures"),
        successes: number("health.successes"),
    }
}

/// Returns what each purpose allocates.
fn purposes(merged: &MergedConfig) -> Vec<(Purpose, PurposeSettings)> {
    let known = self::services(merged);
    let settings = merged.purposes.iter().map(|purpose| {
        let ports = find(merged, &format!("purpose.{purpose}.ports"), value::ports).unwrap_or_default();
        let services = find(merged, &format!("purpose.{purpose}.services"), value::services);
        let services = instances::with_instances(&known, &services.unwrap_or_default());
        (purpose.clone(), PurposeSettings { ports, services })
    });
    settings.collect()
}

fn resolve(merged: &MergedConfig) -> ResolveSettings {
    let flag = |key: &str| find(merged, key, value::flag).unwrap_or_default();
    ResolveSettings {
        strategy: match find(merged, "resolve.strategy", value::text) {
            None => Strategy::Command,
            Some("conservative") => Strategy::Conservative,
            Some("aggressive") => Strategy::Aggressive,
            _ => Strategy::Intelligent,
        },
        allow_move: flag("resolve.allow_move"),
        preserve_foreign: flag("resolve.preserve_foreign"),
        is_foreign_bound: false,
        max_alternatives: find(merged, "resolve.max_alternatives", |value| value::whole(value, 0, u32::MAX))
            .unwrap_or_default(),
        confirm: flag("resolve.confirm"),
        is_killing_barred: false,
    }
}

fn policy(merged: &MergedConfig) -> Policy {
    Policy {
        mode: match find(merged, "policy.mode", value::text) {
            Some("read-only") => Mode::ReadOnly,
            _ => Mode::Full,
        },
        kill: find(merged, "policy.kill", leave),
        remove_force: find(merged, "policy.remove_force", leave),
        actions: find(merged, "policy.actions", leave),
    }
}

fn notify(merged: &MergedConfig) -> NotifySettings {
    let on: Vec<String> = find(merged, "notify.on", words).unwrap_or_default();
    NotifySettings {
        on: on.iter().filter_map(|word| NoticeKind::find(word)).collect(),
        webhook: find(merged, WEBHOOK, webhook::read),
        command: find(merged, COMMAND, value::text).map(str::to_owned),
        quiet: find(merged, "notify.quiet", quiet::read),
        format: find(merged, "notify.format", value::text).and_then(NoticeFormat::find).unwrap_or_default(),
    }
}

fn find<'a, T>(
    merged: &'a MergedConfig,
    key: &str,
    read: impl Fn(&'a Value) -> Result<T, ValueFault>,
) -> Option<T> {
    merged.find(key).and_then(|found| read(&found.value).ok())
}

fn leave(value: &Value) -> Result<Leave, ValueFault> {
    Ok(match value::text(value)? {
        "never" => Leave::Never,
        "ask" => Leave::Ask,
        _ => Leave::Allow,
    })
}

fn set_variable(value: &ConfigValue) -> Option<(String, String)> {
    let name = value.key.strip_prefix("env.set.")?;
    Some((name.to_owned(), value.value.as_str()?.to_owned()))
}

fn port_of_main(value: &ConfigValue) -> Option<(ServiceName, Port)> {
    let service = value.key.strip_prefix("main.ports.")?.parse().ok()?;
    Some((service, Port::new(u16::try_from(value.value.as_u64()?).ok()?)?))
}

fn forge(value: &ConfigValue) -> Option<(String, Forge)> {
    let host = value.key.strip_prefix("forge.").filter(|_| value.value.is_object())?;
    Some((host.to_owned(), forges::read(&value.value).ok()?))
}

fn words(value: &Value) -> Result<Vec<String>, ValueFault> {
    value::list(value, "texts", |word| value::text(word).map(str::to_owned))
}

fn teardown(merged: &MergedConfig) -> TeardownSettings {
    let at = find(merged, "worktree.teardown_at", |value| value::text(value).map(str::to_owned));
    TeardownSettings {
        commands: find(merged, TEARDOWN, running::commands).unwrap_or_default(),
        at: if at.as_deref() == Some("remove") { TeardownAt::Remove } else { TeardownAt::Expiry },
        timeout: find(merged, "worktree.teardown_timeout", value::duration).unwrap_or_default(),
    }
}

/// Returns what `merged` says about each service.
#[must_use]
pub fn services(merged: &MergedConfig) -> BTreeMap<ServiceName, ServiceSettings> {
    let mut services: BTreeMap<ServiceName, ServiceSettings> = BTreeMap::new();
    for found in merged.values() {
        let Some((name, last)) = found.key.strip_prefix("service.").and_then(|rest| rest.split_once('.'))
        else {
            continue;
        };
        let Ok(name) = name.parse() else { continue };
        fill(services.entry(name).or_default(), last, &found.value);
    }
    instances::add(&mut services);
    services
}

/// Reads one key of a service into its settings; false for a key that no service has.
fn fill(settings: &mut ServiceSettings, last: &str, value: &Value) -> bool {
    match last {
        "ports" => settings.ports = value::ports(value).ok().filter(|ranges| !ranges.is_empty()),
        "env" => settings.env = value::variables(value).unwrap_or_default(),
        "url" => settings.url = value.as_str().map(str::to_owned),
        "run" => settings.run = value.as_str().map(str::to_owned),
        "setup" => settings.setup = value.as_str().map(str::to_owned),
        "compose" => settings.compose = value.as_str().map(str::to_owned),
        "env_file" => settings.env_file = value.as_str().map(str::to_owned),
        "environment" => settings.environment = value::environment(value).unwrap_or_default(),
        "metrics" => settings.metrics = value.as_str().map(str::to_owned),
        "limits" => settings.limits = limits::read(value).unwrap_or_default(),
        "folder" => settings.folder = value.as_str().map(str::to_owned),
        "health" => settings.health = Some(value.clone()),
        "depends_on" => settings.depends_on = running::depends_on(value).unwrap_or_default(),
        "stop" => settings.stop = running::stop(value).unwrap_or_default(),
        "restart" => settings.restart = running::restart(value).unwrap_or_default(),
        "socket" => settings.socket = Some(SocketUse::Activate),
        "start" => settings.on_demand = value.as_str() == Some("on-demand"),
        "idle_stop" => settings.idle_stop = value::duration(value).ok(),
        "critical" => settings.critical = value::flag(value).unwrap_or(true),
        "instances" => settings.instances = value::whole(value, 1, schema::MOST_INSTANCES).unwrap_or(1),
        "shared" => settings.shared = value::flag(value).unwrap_or_default(),
        "listens" => settings.listens = value::flag(value).unwrap_or(true),
        "extra_ports" => settings.extra_ports = value::services(value).unwrap_or_default(),
        _ => return false,
    }
    true
}

/// Sections in the order of the documentation, names in the order of their appearance.
fn in_order_of_the_schema(merged: MergedConfig) -> Vec<super::origin::ConfigValue> {
    let section = |key: &str| key.split_once('.').map_or(key.len(), |(section, _)| section.len());
    let mut sections: Vec<&str> = Vec::new();
    for entry in schema::KEYS {
        let name = &entry.path[..section(entry.path)];
        if sections.last() != Some(&name) {
            sections.push(name);
        }
    }
    let mut values = merged.into_values();
    // By every command: each is looked up once.
    values.sort_by_cached_key(|value| {
        let name = &value.key[..section(&value.key)];
        sections.iter().position(|known| *known == name)
    });
    values
}

#[cfg(test)]
mod tests;
