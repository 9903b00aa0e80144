//! From `--ports` and the configuration to one wish per service: its name and the ranges it draws from.

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::config::settings::Config;
use crate::model::port::wish::ServiceWish;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;

use super::request::WantedPorts;

/// Returns one wish per port, in the order in which ports are given out.
///
/// # Errors
///
/// `usage` when the purpose has no range to draw from, a service is named twice, or no port at all is asked for.
pub fn wishes(context: &Context, purpose: &Purpose, ports: &WantedPorts) -> Result<Vec<ServiceWish>> {
    let services = own(&context.config, services(&context.config, purpose, ports)?);
    services.iter().map(|service| wish(&context.config, purpose, service)).collect()
}

/// The wishes of a create: those asked for, else those that the configuration has for every worktree, as far as the purpose
/// has ports.
///
/// # Errors
///
/// As [`wishes`], for what was asked for.
pub fn wishes_of(
    context: &Context,
    purpose: &Purpose,
    asked: Option<&WantedPorts>,
) -> Result<Vec<ServiceWish>> {
    if let Some(asked) = asked {
        return wishes(context, purpose, asked);
    }
    let config = &context.config;
    let has_ports = |service: &ServiceName| !config.ranges_for(purpose, service).is_empty();
    let services = own(config, services(config, purpose, &config.create.ports).unwrap_or_default());
    services
        .iter()
        .filter(|service| has_ports(service))
        .map(|service| wish(config, purpose, service))
        .collect()
}

/// One that serves all worktrees has its port in the main one.
fn own(config: &Config, mut services: Vec<ServiceName>) -> Vec<ServiceName> {
    services.retain(|service| !config.is_shared(service));
    services
}

fn services(config: &Config, purpose: &Purpose, ports: &WantedPorts) -> Result<Vec<ServiceName>> {
    let configured =
        config.find_purpose(purpose).map(|settings| settings.services.clone()).unwrap_or_default();
    match ports {
        WantedPorts::None => Ok(Vec::new()),
        WantedPorts::Purpose if configured.is_empty() => Err(without_range(purpose)),
        WantedPorts::Purpose => Ok(configured),
        WantedPorts::Count(0) => Err(Failure::new(Code::Usage, "zero ports were asked for")
            .hint("leave out `--ports` for a worktree without ports")),
        WantedPorts::Count(count) => {
            let numbered = (configured.len() + 1..=*count).map(ServiceName::numbered);
            Ok(configured.iter().take(*count).cloned().chain(numbered).collect())
        }
        WantedPorts::Services(named) => {
            let twice = named.iter().enumerate().find(|(index, name)| named[..*index].contains(name));
            match twice {
                Some((_, name)) => Err(Failure::new(Code::Usage, format!("service `{name}` is named twice"))),
                None => Ok(config.with_instances(named)),
            }
        }
    }
}

fn wish(config: &Config, purpose: &Purpose, service: &ServiceName) -> Result<ServiceWish> {
    let wish = ServiceWish::of(config, Some(purpose), service);
    if wish.ranges.is_empty() { Err(without_range(purpose)) } else { Ok(wish) }
}

fn without_range(purpose: &Purpose) -> Failure {
    Failure::new(Code::Usage, format!("purpose `{purpose}` has no port range, so it cannot be given ports"))
        .hint(format!(
            "leave out `--ports`, or give it a range in .wt.toml:\n[purpose.{purpose}]\nports = \"5700-5799\""
        ))
}
