//! A paragraph for a repository's `AGENTS.md`: what any agent must know in any of its worktrees, with the repository's own
//! services. Nothing of one worktree stands in it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::model::config::settings::Config;
use crate::model::service::ServiceName;

/// The paragraph.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Text {
    pub text: String,
}

/// Returns the paragraph.
#[must_use]
pub fn text(context: &Context) -> Text {
    let config = &context.config;
    let runnable = in_order(config).into_iter().filter(|name| config.services[*name].is_runnable());
    let runnable: Vec<&ServiceName> = runnable.collect();
    let services: Vec<String> = runnable.iter().map(|name| format!("`{name}`")).collect();
    let first = runnable.iter().find(|name| config.services[**name].listens);
    let first = first.map_or("web", |name| name.as_str());
    let named = if services.is_empty() { String::new() } else { format!(" ({})", services.join(", ")) };
    let file = context.config.env.file.as_deref().unwrap_or(".env");
    Text {
        text: format!(
            "## Ports and servers\n\n\
             Every worktree of this repository has ports of its own, which `wt` keeps. `{file}` has them as variables; `git wt url`\n\
             prints where a service is reached. Never write a port into code or a command.\n\n\
             - `git wt agent enter` tells the ports of the worktree that you work in. Call it once when you begin.\n\
             - `git wt up` starts the servers{named}, `git wt status` shows them, `git wt down` stops them.\n\
             - `git wt run --service {first} -- COMMAND` runs tests against this worktree's own server.\n\
             - End no process that you did not start. `git wt ports scan` tells whose a port is.\n"
        ),
    }
}

/// Returns all services: in the order in which the first purpose that has any gives them ports, then in that of the files.
fn in_order(config: &Config) -> Vec<&ServiceName> {
    let given = config.purposes.iter().map(|(_, settings)| &settings.services).find(|all| !all.is_empty());
    let written =
        config.values.iter().filter_map(|value| value.key.strip_prefix("service.")?.split('.').next());
    let names = given.into_iter().flatten().map(ServiceName::as_str).chain(written);
    let mut found: Vec<&ServiceName> = Vec::new();
    for name in names {
        let known = config.services.keys().find(|known| known.as_str() == name);
        found.extend(known.filter(|known| !found.contains(known)));
    }
    found
}
