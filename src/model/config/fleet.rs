//! Whether the services fit together: what one needs is there and can be started, nobody waits for himself, and no port
//! has two owners. Looked at after all layers are merged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::merged::MergedConfig;
use super::origin::Origin;
use super::problem::{Problem, ValueFault};
use super::service::ServiceSettings;
use super::sharing;
use crate::model::service::ServiceName;
use crate::model::services::order::{self, Tangle};
use crate::model::suggestion::nearest;
use crate::model::{template, words};

type Services = BTreeMap<ServiceName, ServiceSettings>;

/// Returns everything that does not fit, in the order of the services' names.
#[must_use]
pub fn problems(merged: &MergedConfig, services: &Services) -> Vec<Problem> {
    let known = known(merged, services);
    let mut owners: BTreeMap<&ServiceName, &ServiceName> = BTreeMap::new();
    let (mut found, mut set) = (Vec::new(), Vec::new());
    let mut add = |service: &ServiceName, last: &str, fault: ValueFault| {
        let key = format!("service.{service}.{last}");
        let origin = merged.find(&key).map_or(Origin::BuiltIn, |value| value.origin.clone());
        found.push(Problem::with_value(origin, &key, fault));
    };
    for (name, settings) in services {
        if settings.run.is_some() && settings.compose.is_some() {
            let fault = ValueFault::new(format!("`{name}` has a command in `run` already"));
            add(name, "compose", fault.hint("keep one of the two"));
        }
        if settings.compose.is_some() && settings.socket.is_some() {
            add(name, "socket", ValueFault::new("no socket can be handed to a container"));
        }
        for (last, fault) in on_demand_faults(settings) {
            add(name, last, fault);
        }
        for (last, fault) in sharing::faults(services, settings) {
            add(name, last, fault);
        }
        for fault in instance_faults(merged, services, name, settings) {
            add(name, "instances", fault);
        }
        for extra in &settings.extra_ports {
            let other = *owners.entry(extra).or_insert(name);
            if let Some(fault) = owned_twice(services, name, extra, other) {
                add(name, "extra_ports", fault);
            }
        }
        let commands = [("run", &settings.run), ("setup", &settings.setup)];
        for (last, command) in commands.into_iter().filter_map(|(last, text)| Some((last, text.as_ref()?))) {
            if let Some(fault) = unknown_port(command, &known) {
                add(name, last, fault);
            }
        }
        let check = settings.health.as_ref().and_then(|check| check.get("command")?.as_str());
        let commands =
            [("run", settings.run.as_deref()), ("setup", settings.setup.as_deref()), ("health", check)];
        for (last, command) in commands.into_iter().filter(|_| !settings.listens) {
            if let Some(fault) = command.and_then(portless) {
                add(name, last, fault);
            }
        }
    }
    for value in merged.values().iter().filter(|value| value.key.starts_with("env.set.")) {
        let used = value.value.as_str().map(template::paths).unwrap_or_default();
        if let Some(fault) = unknown_service(used, &known) {
            set.push(Problem::with_value(value.origin.clone(), &value.key, fault));
        }
    }
    for tangle in order::check(services) {
        let fault = fault(&tangle, services);
        add(tangle.service(), "depends_on", fault);
    }
    found.extend(set);
    found
}

/// What is wrong with how a service is started on demand.
fn on_demand_faults(settings: &ServiceSettings) -> Vec<(&'static str, ValueFault)> {
    if !settings.on_demand {
        let fault =
            || ValueFault::new("no request would start it again").hint("say `start = \"on-demand\"` too");
        return settings.idle_stop.map(|_| ("idle_stop", fault())).into_iter().collect();
    }
    let is_short = settings.idle_stop.is_some_and(|time| time < Duration::from_secs(1));
    let short = || ValueFault::new("it would be stopped before whoever asked for it is there");
    let short = is_short.then(|| ("idle_stop", short().hint("at least `1s`")));
    let mut faults = Vec::new();
    if settings.compose.is_some() {
        faults.push("a container is not started on demand");
    }
    if !settings.listens {
        faults.push("nobody can ask for a service that does not listen");
    }
    if settings.instances > 1 {
        faults.push("a service with `instances` is not started on demand");
    }
    let faults =
        faults.into_iter().map(|fault| ("start", ValueFault::new(fault).hint("keep one of the two")));
    faults.chain(short).collect()
}

/// What is wrong with the instances of a service.
fn instance_faults(
    merged: &MergedConfig,
    services: &Services,
    name: &ServiceName,
    settings: &ServiceSettings,
) -> Vec<ValueFault> {
    if settings.instances < 2 {
        return Vec::new();
    }
    let mut found = Vec::new();
    if settings.compose.is_some() {
        found.push(
            ValueFault::new("a container has no instances here").hint("let the compose file say how many"),
        );
    }
    if !settings.extra_ports.is_empty() {
        found.push(
            ValueFault::new("`extra_ports` are listened on by one process alone").hint("keep one of the two"),
        );
    }
    if name.as_str() == "port" {
        found.push(
            ValueFault::new("`port-2` is what `--ports=2` calls a port")
                .hint("give the service another name"),
        );
    }
    for number in 2..=settings.instances {
        let text = format!("{name}-{number}");
        let Ok(instance) = text.parse::<ServiceName>() else {
            found.push(ValueFault::new(format!("`{text}` is no name of a service")).hint("shorten the name"));
            continue;
        };
        let section = format!("service.{instance}.");
        let is_own = merged.values().iter().any(|value| value.key.starts_with(&section));
        let is_extra = services.values().any(|other| other.extra_ports.contains(&instance));
        if is_own || is_extra {
            let what = if is_own { "a service of its own" } else { "a further port of a service" };
            let fault =
                ValueFault::new(format!("`{instance}` would be an instance of `{name}`, and is {what}"));
            found.push(fault.hint("rename one of the two"));
        }
    }
    found
}

/// Every service that a port can be allocated for.
fn known(merged: &MergedConfig, services: &Services) -> BTreeSet<String> {
    let listed = merged.values().iter().filter(|value| value.key.ends_with(".services"));
    let listed = listed.filter_map(|value| value.value.as_array()).flatten();
    let extra = services.values().flat_map(|settings| &settings.extra_ports);
    let mut known: BTreeSet<String> = listed.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    known.extend(services.keys().chain(extra).map(ToString::to_string));
    // As a template writes them, too.
    let written: Vec<String> = known.iter().map(|name| name.replace('-', "_")).collect();
    known.extend(written);
    known
}

fn owned_twice(
    services: &Services,
    name: &ServiceName,
    extra: &ServiceName,
    other: &ServiceName,
) -> Option<ValueFault> {
    if services.get(extra).is_some_and(ServiceSettings::is_runnable) {
        let what = if extra == name { "it is listed anyway" } else { "is a service that runs by itself" };
        return Some(
            ValueFault::new(format!("`{extra}` {what}")).hint("give the further port a name of its own"),
        );
    }
    (other != name).then(|| ValueFault::new(format!("`{extra}` is a port of `{other}` as well")))
}

/// A `{{ port }}` or `{{ url }}` of a service that has none.
fn portless(command: &str) -> Option<ValueFault> {
    let words = words::split(command).ok()?;
    let mut used = words.iter().flat_map(|word| template::paths(word));
    let value = used.find(|path| path == "port" || path == "url")?;
    let fault =
        ValueFault::new(format!("`{{{{ {value} }}}}` has no value: the service says `listens = false`"));
    Some(fault.hint("take `listens = false` out where the service listens, else the value"))
}

/// A `{{ ports.x }}` of a command of which no worktree can ever have a value.
fn unknown_port(command: &str, known: &BTreeSet<String>) -> Option<ValueFault> {
    let words = words::split(command).ok()?;
    unknown_service(words.iter().flat_map(|word| template::paths(word)).collect(), known)
}

/// A `ports.x` or `urls.x` among the values that are used of which no worktree can ever have a value.
fn unknown_service(used: Vec<String>, known: &BTreeSet<String>) -> Option<ValueFault> {
    let ports = used.into_iter().filter_map(|path| {
        let (kind, service) = path.split_once('.')?;
        ["ports", "urls"].contains(&kind).then(|| (kind.to_owned(), service.to_owned()))
    });
    let is_known = |port: &str| {
        let numbered = port.replace('_', "-");
        known.contains(port) || numbered.strip_prefix("port-").is_some_and(|rest| rest.parse::<u16>().is_ok())
    };
    let (kind, port) = ports.into_iter().find(|(_, port)| !is_known(port))?;
    let thing = if kind == "urls" { "URL" } else { "port" };
    let fault = ValueFault::new(format!("`{kind}.{port}` is the {thing} of no service"));
    Some(match nearest(&port, known.iter().map(String::as_str)) {
        Some(near) => fault.hint(format!("did you mean `{kind}.{}`?", near.replace('-', "_"))),
        None => fault.hint(format!("add a section `[service.{port}]`, or list it in a purpose's `services`")),
    })
}

fn fault(tangle: &Tangle, services: &Services) -> ValueFault {
    match tangle {
        Tangle::Unknown { needs, .. } => {
            let fault = ValueFault::new(format!("there is no service `{needs}`"));
            match nearest(needs.as_str(), services.keys().map(ServiceName::as_str)) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault.hint(format!("add a section `[service.{needs}]` with its `run`")),
            }
        }
        Tangle::NotRunnable { needs, .. } => {
            ValueFault::new(format!("`{needs}` cannot be started: it has neither `run` nor `compose`"))
                .hint(format!("say how it runs in `[service.{needs}]`, or leave it out here"))
        }
        Tangle::Cycle { path } => {
            let path: Vec<&str> = path.iter().map(ServiceName::as_str).collect();
            ValueFault::new(format!("these services wait for each other: {}", path.join(" -> ")))
                .hint("take one of them out of a `depends_on`")
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge_leniently;

    /// What is wrong with that file, each key with its message.
    fn told(text: &str) -> Vec<String> {
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        merge_leniently(&[layer], &[]).1.into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn a_service_that_sleeps_again_is_left_a_second_at_least_and_has_to_start_on_demand() {
        let web = |more: &str| told(&format!("[service.web]\nrun = \"x\"\n{more}\n"));
        let short = "`service.web.idle_stop`: it would be stopped before whoever asked for it is there";
        for (time, said) in [("999ms", vec![short]), ("1s", vec![]), ("2s", vec![])] {
            assert_eq!(web(&format!("start = \"on-demand\"\nidle_stop = \"{time}\"")), said, "{time}");
        }
        assert_eq!(web("start = \"on-demand\""), Vec::<String>::new());
        assert_eq!(web("idle_stop = \"5s\""), ["`service.web.idle_stop`: no request would start it again"]);
    }

    #[test]
    fn what_does_not_fit_together_is_told_by_its_key() {
        for (text, said) in [
            (
                "[service.web]\nrun = \"x\"\ncompose = \"y\"\n",
                "`service.web.compose`: `web` has a command in `run` already",
            ),
            (
                "[service.web]\ncompose = \"y\"\nsocket = \"activate\"\n",
                "`service.web.socket`: no socket can be handed to a container",
            ),
            (
                "[service.web]\ncompose = \"y\"\nstart = \"on-demand\"\n",
                "`service.web.start`: a container is not started on demand",
            ),
            (
                "[service.web]\nrun = \"x\"\nlistens = false\nstart = \"on-demand\"\n",
                "`service.web.start`: nobody can ask for a service that does not listen",
            ),
            (
                "[service.web]\nrun = \"x\"\ninstances = 2\nstart = \"on-demand\"\n",
                "`service.web.start`: a service with `instances` is not started on demand",
            ),
            (
                "[service.web]\nrun = \"x\"\nextra_ports = [\"web\"]\n",
                "`service.web.extra_ports`: `web` it is listed anyway",
            ),
            (
                "[service.web]\nextra_ports = [\"api\"]\n[service.api]\nrun = \"y\"\n",
                "`service.web.extra_ports`: `api` is a service that runs by itself",
            ),
            (
                "[service.api]\nextra_ports = [\"admin\"]\n[service.web]\nextra_ports = [\"admin\"]\n",
                "`service.web.extra_ports`: `admin` is a port of `api` as well",
            ),
            (
                "[service.web]\nrun = \"x {{ ports.dbb }}\"\n",
                "`service.web.run`: `ports.dbb` is the port of no service",
            ),
            (
                "[service.web]\nrun = \"x\"\nsetup = \"y {{ urls.dbb }}\"\n",
                "`service.web.setup`: `urls.dbb` is the URL of no service",
            ),
            (
                "[service.web]\nrun = \"x {{ port }}\"\nlistens = false\n",
                "`service.web.run`: `{{ port }}` has no value: the service says `listens = false`",
            ),
            (
                "[service.web]\nrun = \"x\"\nlistens = false\nhealth = { command = \"y {{ url }}\" }\n",
                "`service.web.health`: `{{ url }}` has no value: the service says `listens = false`",
            ),
            (
                "[service.web]\nrun = \"x\"\ndepends_on = [\"dbb\"]\n",
                "`service.web.depends_on`: there is no service `dbb`",
            ),
            (
                "[service.web]\nrun = \"x\"\ndepends_on = [\"db\"]\n[service.db]\nports = 5440\n",
                "`service.web.depends_on`: `db` cannot be started: it has neither `run` nor `compose`",
            ),
            (
                "[service.a]\nrun = \"x\"\ndepends_on = [\"b\"]\n[service.b]\nrun = \"y\"\ndepends_on = [\"a\"]\n",
                "`service.a.depends_on`: these services wait for each other: a -> b -> a",
            ),
        ] {
            assert_eq!(told(text), [said], "{text}");
        }
    }

    #[test]
    fn what_fits_together_is_told_of_nothing() {
        for text in [
            "[service.web]\nrun = \"x {{ port }} {{ ports.web }} {{ ports.port_2 }} {{ urls.admin_api }}\"\n\
             extra_ports = [\"admin-api\"]\n",
            "[service.web]\nrun = \"x\"\ninstances = 2\n",
            "[service.web]\nrun = \"x\"\nextra_ports = [\"admin\"]\n[service.admin]\nports = 5440\n",
            "[purpose.spike]\nports = 5700\nservices = [\"site\"]\n[service.web]\nrun = \"x {{ ports.site }}\"\n",
        ] {
            assert_eq!(told(text), Vec::<String>::new(), "{text}");
        }
    }
}
