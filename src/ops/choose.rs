//! Free ports for wishes: the model's rule over what the registry owns, what is excluded, and what the machine answers.

use std::collections::HashSet;

use crate::context::Context;
use crate::error::Result;
use crate::host::net::probe;
use crate::model::exclusion::{self, Exclusion};
use crate::model::port::Port;
use crate::model::registry::table::Registry;
use crate::model::selection::{self, Landscape, Selection, Wish};

#[expect(clippy::implicit_hasher, reason = "every set of ports here has the standard hasher")]
/// Chooses a port for each wish; the ports in `skip` are passed over.
///
/// # Errors
///
/// Fails when the machine cannot be asked about a port.
pub fn choose(
    context: &Context,
    registry: &Registry,
    wishes: &[Wish],
    skip: &HashSet<Port>,
) -> Result<Selection> {
    if wishes.is_empty() {
        return Ok(Selection::Chosen(Vec::new()));
    }
    let exclusions = exclusions(context, registry);
    let owned = selection::owned_ports(registry);
    let former = registry.kept_former_ports();
    let landscape =
        Landscape { owned: &owned, exclusions: &exclusions, config: &context.config, skip, former: &former };
    selection::select(wishes, &landscape, &mut probe::prober())
}

/// Returns every exclusion that holds here: built in, configured, and added by people.
#[must_use]
pub fn exclusions(context: &Context, registry: &Registry) -> Vec<Exclusion> {
    let mut exclusions = exclusion::built_in(std::env::consts::OS);
    exclusions.extend(context.config.exclusions.iter().cloned());
    exclusions.extend(registry.exclusions.iter().cloned());
    exclusions
}
