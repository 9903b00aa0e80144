//! From `--ports` and the configuration to one wish per service: its name and the ranges it draws from.

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::config::settings::Config;
use crate::model::port::Port;
use crate::model::port::selection::Wish;
use crate::model::purpose::Purpose;
use crate::model::registry::table::Former;
use crate::model::service::ServiceName;

use super::request::PortWish;

/// Returns one wish per port, in the order in which ports are given out.
///
/// # Errors
///
/// `usage` when the purpose has no range to draw from, a service is named twice, or no port at all is asked for.
pub fn wishes(context: &Context, purpose: &Purpose, ports: &PortWish) -> Result<Vec<Wish>> {
    let services = services(&context.config, purpose, ports)?;
    services.into_iter().map(|service| wish(&context.config, purpose, service)).collect()
}

/// The wishes of a create: those asked for, else those that the configuration has for every worktree, as far as the purpose
/// has ports.
///
/// # Errors
///
/// As [`wishes`], for what was asked for.
pub fn wishes_of(context: &Context, purpose: &Purpose, asked: Option<&PortWish>) -> Result<Vec<Wish>> {
    if let Some(asked) = asked {
        return wishes(context, purpose, asked);
    }
    let config = &context.config;
    let has_ports = |service: &ServiceName| !config.ranges_for(purpose, service).is_empty();
    let services = services(config, purpose, &config.create.ports).unwrap_or_default();
    services.into_iter().filter(has_ports).map(|service| wish(config, purpose, service)).collect()
}

/// Fills in the ports that the same branch and purpose had before.
pub fn recall(wishes: &mut [Wish], former: Option<&Former>) {
    for wish in wishes {
        wish.former = former.and_then(|former| former_port(former, &wish.service));
    }
}

fn former_port(former: &Former, service: &ServiceName) -> Option<Port> {
    former.ports.iter().find(|port| port.service == *service).map(|port| port.port)
}

fn services(config: &Config, purpose: &Purpose, ports: &PortWish) -> Result<Vec<ServiceName>> {
    let configured =
        config.find_purpose(purpose).map(|settings| settings.services.clone()).unwrap_or_default();
    match ports {
        PortWish::None => Ok(Vec::new()),
        PortWish::Purpose if configured.is_empty() => Err(without_range(purpose)),
        PortWish::Purpose => Ok(configured),
        PortWish::Count(0) => Err(Failure::new(Code::Usage, "zero ports were asked for")
            .hint("leave out `--ports` for a worktree without ports")),
        PortWish::Count(count) => {
            let numbered = (configured.len() + 1..=*count).map(ServiceName::numbered);
            Ok(configured.iter().take(*count).cloned().chain(numbered).collect())
        }
        PortWish::Services(named) => {
            let twice = named.iter().enumerate().find(|(index, name)| named[..*index].contains(name));
            match twice {
                Some((_, name)) => Err(Failure::new(Code::Usage, format!("service `{name}` is named twice"))),
                None => Ok(named.clone()),
            }
        }
    }
}

fn wish(config: &Config, purpose: &Purpose, service: ServiceName) -> Result<Wish> {
    let own_range = config.services.get(&service).is_some_and(|settings| settings.ports.is_some());
    let ranges = config.ranges_for(purpose, &service);
    if ranges.is_empty() {
        return Err(without_range(purpose));
    }
    Ok(Wish { service, ranges, own_range, former: None, pinned: None })
}

fn without_range(purpose: &Purpose) -> Failure {
    Failure::new(Code::Usage, format!("purpose `{purpose}` has no port range, so it cannot be given ports"))
        .hint(format!("leave out `--ports`, or set `ports` under [purpose.{purpose}] in .wt.toml"))
}
