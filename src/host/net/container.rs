//! Which container publishes which port, as `docker ps` tells it. Asked with a deadline, and only where Docker's socket
//! is. Untested against a real Docker: none was at hand.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::model::port::{Port, PortRange};

const SOCKET: &str = "/var/run/docker.sock";
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// A container and ports that it publishes on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishingContainer {
    pub container: String,
    pub ports: PortRange,
}

/// Returns what running containers publish; nothing where Docker is not there or does not answer within a second.
#[must_use]
pub fn published() -> Vec<PublishingContainer> {
    if !Path::new(SOCKET).exists() {
        return Vec::new();
    }
    ask(&["ps", "--no-trunc", "--format", "{{.Names}}\t{{.Ports}}"])
        .map_or_else(Vec::new, |text| parse(&text))
}

/// Answers whether a running container of that compose project publishes `port`; no where Docker is not there or does not
/// answer within a second. Compose labels its containers so (its documentation, "Project name").
#[must_use]
pub fn is_of_project(project: &str, port: Port) -> bool {
    let project = format!("label=com.docker.compose.project={project}");
    let words = ["ps", "--quiet", "--filter", &project, "--filter", &format!("publish={port}")];
    ask(&words).is_some_and(|text| !text.trim().is_empty())
}

/// Returns what `docker` wrote; `None` where it is not there, fails, or takes longer than a second.
#[expect(clippy::disallowed_methods, reason = "host is where children start and where waiting is done")]
fn ask(words: &[&str]) -> Option<String> {
    let mut command = Command::new("docker");
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let end = Instant::now() + PATIENCE;
    let is_done = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.success(),
            Ok(None) if Instant::now() < end => std::thread::sleep(PAUSE),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                break false;
            }
        }
    };
    let mut text = String::new();
    let read = child.stdout.take().map(|mut stdout| stdout.read_to_string(&mut text));
    (is_done && matches!(read, Some(Ok(_)))).then_some(text)
}

/// `web\t0.0.0.0:5000->80/tcp, [::]:5000->80/tcp`; what is not published has no arrow.
fn parse(text: &str) -> Vec<PublishingContainer> {
    let mut found = Vec::new();
    for (container, ports) in text.lines().filter_map(|line| line.split_once('\t')) {
        for part in ports.split(", ").filter(|part| part.ends_with("/tcp")) {
            let outside = part.split_once("->").and_then(|(outside, _)| outside.rsplit_once(':'));
            let Some(ports) = outside.and_then(|(_, ports)| ports.parse().ok()) else { continue };
            found.push(PublishingContainer { container: container.to_owned(), ports });
        }
    }
    found
}

/// Returns the container that publishes `port`.
#[must_use]
pub fn find(published: &[PublishingContainer], port: Port) -> Option<&str> {
    published.iter().find(|known| known.ports.contains(port)).map(|known| &*known.container)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_published_tcp_ports_count() {
        let all = parse(
            "db\t5432/tcp\nweb\t0.0.0.0:5000->80/tcp, [::]:5000->80/tcp, 0.0.0.0:53->53/udp\nmany\t127.0.0.1:6001-6003->1-3/tcp\n",
        );
        let of = |number| find(&all, Port::new(number).unwrap());
        assert_eq!((of(5000), of(6002), of(5432), of(53)), (Some("web"), Some("many"), None, None));
    }
}
