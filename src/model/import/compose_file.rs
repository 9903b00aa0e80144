//! A compose file: its services, what each needs, and the ports that it publishes (compose-spec, `services`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::compose_ports::{PublishedPort, published};
use super::proposal::{FileProposal, Proposal, What, name};
use crate::model::service::ServiceName;
use crate::model::services::plan::Condition;

/// The names of the file, the first that is there counts (compose-spec, "Compose file").
pub const FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// A compose file as it was read.
#[derive(Clone, Debug, Default)]
pub struct ComposeFile {
    pub found: FileProposal,
    pub services: Vec<Publishing>,
}

/// What a service takes on the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publishing {
    /// Its name in the compose file.
    pub service: String,
    /// Every port it publishes; an override replaces the whole list.
    pub ports: Vec<PublishedPort>,
    /// Whether it insists on a container's name.
    pub is_named: bool,
    /// The folder that its image is built from, relative to the file's.
    pub build: Option<String>,
    /// Whether its image is that of a database, a cache or a queue.
    pub is_store: bool,
}

/// Reads YAML as values; anchors and `<<` are put in, tags are left out.
///
/// # Errors
///
/// Says what is wrong, in one line.
pub fn yaml(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str(text)
        .map_err(|error| error.to_string().lines().next().unwrap_or("not YAML").to_owned())
}

/// Reads the text of `file`.
///
/// # Errors
///
/// Says why it cannot be read.
pub fn read(file: &str, text: &str) -> Result<ComposeFile, String> {
    let document = yaml(text)?;
    let mut read = ComposeFile::default();
    let Some(services) = document.get("services").and_then(Value::as_object) else { return Ok(read) };
    for (word, service) in services {
        let from = format!("{file}: {word}");
        if crate::model::config::running::compose(&word.as_str().into()).is_err() {
            read.found.leave(file, word, "has no name that can be written here");
            continue;
        }
        let Some(own) = name(word).filter(|own| read.found.services.iter().all(|known| known.name != *own))
        else {
            read.found.leave(file, word, "no service of its own can be called that");
            continue;
        };
        if service.get("profiles").and_then(Value::as_array).is_some_and(|profiles| !profiles.is_empty()) {
            read.found.leave(file, word, "only starts with a profile");
            continue;
        }
        let mut proposal = Proposal::new(own, from, What::Compose(word.clone()));
        proposal.depends_on = needs(service);
        let ports = ports(service, &mut proposal);
        let is_named = service.get("container_name").is_some();
        let store = service.get("image").and_then(Value::as_str).and_then(store).filter(|_| proposal.listens);
        let is_store = store.is_some();
        if let Some(check) = store.filter(|_| service.get("healthcheck").is_none()) {
            // A first start pulls the image.
            proposal.health = Some(format!("{{ {check} = {{}}, start_timeout = \"5m\" }}"));
        }
        let build = build(service);
        read.services.push(Publishing { service: word.clone(), ports, is_named, build, is_store });
        read.found.services.push(proposal);
    }
    Ok(read)
}

/// The check that asks a database, by its image.
fn store(image: &str) -> Option<&'static str> {
    let name = image.rsplit('/').next()?.split([':', '@']).next()?;
    let of = |names: &[&str]| names.iter().any(|known| name.contains(known));
    if of(&["postgres", "postgis", "pgvector", "timescale"]) {
        return Some("postgres");
    }
    if of(&["redis", "valkey", "keydb", "dragonfly"]) {
        return Some("redis");
    }
    of(&[
        "mysql",
        "mariadb",
        "mongo",
        "rabbitmq",
        "nats",
        "kafka",
        "elasticsearch",
        "opensearch",
        "minio",
        "memcached",
    ])
    .then_some("tcp")
}

/// `build: ./server` and `build: { context: ./server }`, as a folder.
fn build(service: &Value) -> Option<String> {
    let written = service.get("build")?;
    let context = written.as_str().or_else(|| written.get("context")?.as_str())?;
    Some(crate::model::config::env_files::plain(context))
}

/// The ports that a service publishes, each with the variable that is to carry it; the proposal gets the variables.
fn ports(service: &Value, proposal: &mut Proposal) -> Vec<PublishedPort> {
    let mut ports: Vec<PublishedPort> = Vec::new();
    let network = service.get("network_mode").and_then(Value::as_str);
    if network == Some("host") {
        proposal.notes.push("It shares the machine's network: its port is not replaced.".to_owned());
    }
    for written in service.get("ports").and_then(Value::as_array).into_iter().flatten() {
        let Some(mut port) = published(written) else {
            proposal.notes.push(format!("The port {written} cannot be replaced."));
            continue;
        };
        let is_first = ports.iter().all(|known| known.variable.is_empty());
        let extra = name(&format!("{}-{}", proposal.name, port.target));
        let named = if is_first { Some(proposal.name.clone()) } else { extra };
        let Some(named) = named.filter(|named| is_first || !proposal.extra_ports.contains(named)) else {
            continue;
        };
        if port.variable.is_empty() {
            port.variable = format!("{}_PORT", named.variable());
        } else if is_first {
            proposal.env = vec![port.variable.clone()];
        } else {
            // The variables of a further port cannot be chosen: the override names the right one.
            port.has_own_variable = false;
            port.variable = format!("{}_PORT", named.variable());
        }
        if !is_first {
            proposal.extra_ports.push(named);
        }
        ports.push(port);
    }
    proposal.listens = !ports.is_empty();
    ports
}

fn needs(service: &Value) -> BTreeMap<ServiceName, Condition> {
    match service.get("depends_on") {
        Some(Value::Array(words)) => {
            let words = words.iter().filter_map(Value::as_str).filter_map(name);
            words.map(|word| (word, Condition::Started)).collect()
        }
        Some(Value::Object(table)) => {
            let need =
                |(word, wanted): (&String, &Value)| Some((name(word)?, condition(wanted.get("condition"))));
            table.iter().filter_map(need).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// A condition as compose and process-compose write it.
pub fn condition(written: Option<&Value>) -> Condition {
    match written.and_then(Value::as_str) {
        Some("service_healthy" | "process_healthy" | "process_log_ready") => Condition::Healthy,
        Some("service_completed_successfully" | "process_completed_successfully" | "process_completed") => {
            Condition::Completed
        }
        _ => Condition::Started,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_condition_of_both_tools_is_waited_for() {
        for (words, wanted) in [
            (&["service_healthy", "process_healthy", "process_log_ready"][..], Condition::Healthy),
            (
                &["service_completed_successfully", "process_completed_successfully", "process_completed"],
                Condition::Completed,
            ),
            (&["service_started", "process_started", "what_is_to_come"], Condition::Started),
        ] {
            for word in words {
                assert_eq!(condition(Some(&json!(word))), wanted, "{word}");
            }
        }
        assert_eq!(condition(None), Condition::Started);
    }

    #[test]
    fn a_service_says_what_it_takes_on_the_machine() {
        let text = "services:\n  a: { build: ./server, container_name: x, ports: [\"8080:80\"] }\n  \
            b: { build: { context: ./api/, target: dev } }\n  c: { image: \"docker.io/library/redis:7\", ports: [\"6379:6379\"] }\n  \
            d: { image: redis }\n";
        let read = read("compose.yaml", text).unwrap();
        let said: Vec<(&str, usize, bool, Option<&str>, bool)> = read
            .services
            .iter()
            .map(|one| {
                (one.service.as_str(), one.ports.len(), one.is_named, one.build.as_deref(), one.is_store)
            })
            .collect();
        assert_eq!(
            said,
            [
                ("a", 1, true, Some("server"), false),
                ("b", 0, false, Some("api"), false),
                ("c", 1, false, None, true),
                ("d", 0, false, None, false),
            ]
        );
    }

    #[test]
    fn a_store_is_asked_as_its_image_says_unless_the_file_has_a_check() {
        for (image, check) in [
            ("postgres:17", Some("postgres")),
            ("docker.io/postgis/postgis@sha256:0", Some("postgres")),
            ("timescale/timescaledb", Some("postgres")),
            ("valkey/valkey:8", Some("redis")),
            ("mariadb", Some("tcp")),
            ("minio/minio", Some("tcp")),
            ("postgres/other", None),
            ("nginx", None),
        ] {
            assert_eq!(store(image), check, "{image}");
            let of = |more: &str| {
                let text = format!("services:\n  a: {{ image: \"{image}\", ports: [\"1:1\"]{more} }}\n");
                read("compose.yaml", &text).unwrap().found.services[0].health.clone()
            };
            let expected = check.map(|check| format!("{{ {check} = {{}}, start_timeout = \"5m\" }}"));
            assert_eq!((of(""), of(", healthcheck: { test: x }")), (expected, None), "{image}");
        }
    }

    #[test]
    fn each_port_is_carried_by_a_variable_of_its_service() {
        let text = "services:\n  web:\n    image: x\n    network_mode: host\n    ports: [\"80\", \"${ADMIN:-81}:81\", \"1-2\", \"82:82\", \"82:82\"]\n  \
            api:\n    image: x\n    network_mode: bridge\n    ports: [\"${API:-90}:90\"]\n  job: { image: x }\n";
        let read = read("compose.yaml", text).unwrap();
        let said: Vec<_> = read
            .services
            .iter()
            .zip(&read.found.services)
            .map(|(publishing, proposal)| {
                let variables: Vec<&str> =
                    publishing.ports.iter().map(|port| port.variable.as_str()).collect();
                let extra: Vec<String> = proposal.extra_ports.iter().map(ToString::to_string).collect();
                (variables, extra, &proposal.env[..], proposal.listens)
            })
            .collect();
        let extra = vec!["web-81".to_owned(), "web-82".to_owned()];
        assert_eq!(
            said,
            [
                (vec!["WEB_PORT", "WEB_81_PORT", "WEB_82_PORT"], extra, &[][..], true),
                (vec!["API"], Vec::new(), &["API".to_owned()], true),
                (Vec::new(), Vec::new(), &[], false),
            ]
        );
        let own: Vec<bool> = read.services[0].ports.iter().map(|port| port.has_own_variable).collect();
        assert_eq!((own, read.services[1].ports[0].has_own_variable), (vec![false; 3], true));
        assert_eq!(
            read.found.services[0].notes,
            [
                "It shares the machine's network: its port is not replaced.",
                "The port \"1-2\" cannot be replaced."
            ]
        );
        assert!(read.found.services[1].notes.is_empty());
    }
}
