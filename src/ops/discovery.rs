//! Which services show metrics, as Prometheus' service discovery over HTTP reads it
//! (<https://prometheus.io/docs/prometheus/latest/http_sd/>).

use serde::Serialize;

use super::seen_grounds::SeenGrounds;
use crate::context::Context;
use crate::error::Result;
use crate::model::registry::entry::EntryState;
use crate::model::short_names::ShortNames;

/// What is scraped, and how its rows are marked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// `localhost`, since a service may listen on either family.
    pub targets: [String; 1],
    pub labels: Labels,
}

/// The labels of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Labels {
    #[serde(rename = "__metrics_path__")]
    pub path: String,
    pub repository: String,
    pub worktree: String,
    pub service: String,
}

/// Returns every service with a port of an active worktree of this machine whose configuration says where it shows metrics,
/// whether it runs or not: who scrapes is to see that one does not.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub fn discover(context: &Context) -> Result<Vec<Target>> {
    let registry = context.store()?.read()?;
    let names = ShortNames::of(&registry);
    let host = context.host.name();
    let grounds = SeenGrounds::new(context, &registry);
    let mut found = Vec::new();
    for entry in registry.entries() {
        if entry.state != EntryState::Active || entry.host != host {
            continue;
        }
        let Some(ground) = grounds.find(&entry.repository_id) else { continue };
        for allocation in &entry.allocations {
            let settings = ground.config.services.get(&allocation.service);
            let path = settings.and_then(|settings| settings.metrics.clone());
            let (Some(path), Some(port)) = (path, allocation.find_port()) else { continue };
            found.push(Target {
                targets: [format!("localhost:{port}")],
                labels: Labels {
                    path,
                    repository: names.name(&entry.repository_id).to_owned(),
                    worktree: entry.name.clone(),
                    service: allocation.service.to_string(),
                },
            });
        }
    }
    Ok(found)
}
