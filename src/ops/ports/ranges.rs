//! The ranges that purposes and services draw from, and how full each is by the registry.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::port::exclusion::Exclusion;
use crate::model::port::{Port, PortRange, PortRanges};
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;

/// Who draws from a range.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Drawer {
    Purpose(Purpose),
    Service(ServiceName),
}

impl Drawer {
    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Purpose(purpose) => purpose.as_str(),
            Self::Service(service) => service.as_str(),
        }
    }

    /// Answers whether it is a service with a range of its own.
    #[must_use]
    pub fn is_service(&self) -> bool {
        matches!(self, Self::Service(_))
    }

    /// Returns its ranges.
    ///
    /// # Errors
    ///
    /// `usage` when it has none.
    pub fn require_ranges(&self, context: &Context) -> Result<PortRanges> {
        let config = &context.config;
        let (found, kind) = match self {
            Self::Purpose(purpose) => {
                (config.find_purpose(purpose).map(|known| known.ports.clone()), "purpose")
            }
            Self::Service(service) => {
                (config.services.get(service).and_then(|known| known.ports.clone()), "service")
            }
        };
        found.filter(|ranges| !ranges.is_empty()).ok_or_else(|| {
            let name = self.name();
            Failure::new(Code::Usage, format!("{kind} `{name}` has no port range of its own"))
                .hint(format!("give it one, `ports` under [{kind}.{name}]; `wt ports list` shows the ranges"))
        })
    }
}

/// One range and how full it is.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Capacity {
    #[serde(flatten)]
    pub drawer: Drawer,
    pub first: Port,
    pub last: Port,
    pub used: usize,
    pub excluded: usize,
    /// By the registry; who asks the machine too may find fewer.
    pub free: usize,
}

/// Returns every range of the configuration with who draws from it.
pub fn all(context: &Context) -> Vec<(Drawer, PortRange)> {
    let purposes = context.config.purposes.iter().flat_map(|(purpose, settings)| {
        settings.ports.0.iter().map(|range| (Drawer::Purpose(purpose.clone()), *range))
    });
    let services = context.config.services.iter().flat_map(|(service, settings)| {
        let own = settings.ports.iter().flat_map(|ranges| &ranges.0);
        own.map(|range| (Drawer::Service(service.clone()), *range))
    });
    purposes.chain(services).collect()
}

/// Answers whether `port` is not to be had by this drawer.
pub fn is_excluded(context: &Context, exclusions: &[Exclusion], drawer: &Drawer, port: Port) -> bool {
    let own = drawer.is_service();
    exclusions.iter().any(|exclusion| exclusion.applies_to(port, own))
        || (!own && context.config.is_carved_out(port))
}

pub(super) fn capacity(
    context: &Context,
    exclusions: &[Exclusion],
    owned: &HashSet<Port>,
    drawer: Drawer,
    range: PortRange,
) -> Capacity {
    let (mut used, mut excluded, mut free) = (0, 0, 0);
    for port in range.ports() {
        if is_excluded(context, exclusions, &drawer, port) {
            excluded += 1;
        } else if owned.contains(&port) {
            used += 1;
        } else {
            free += 1;
        }
    }
    Capacity { drawer, first: range.first(), last: range.last(), used, excluded, free }
}
