//! Gives a new record its ports, and takes a record out again that never came to be.

use jiff::Timestamp;

use crate::context::Context;
use crate::error::Result;
use crate::model::port::Port;
use crate::model::port::selection::ChosenPort;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::claims;

/// Records `draft` with the ports that were drawn for it; returns it as recorded.
///
/// # Errors
///
/// Fails when its claims cannot be noted.
pub fn enter(
    context: &Context,
    registry: &mut Registry,
    mut draft: Entry,
    choices: &[ChosenPort],
    now: Timestamp,
) -> Result<Entry> {
    let given = choices.iter().map(|choice| Allocation::new(choice.port, choice.service.clone(), now));
    draft.allocations = given.collect();
    claims::note(context, &mut draft)?;
    Ok(registry.insert(draft))
}

/// Gives a record without ports those that its env block names and nobody else owns; returns why it did not get others.
pub fn enter_told(
    registry: &mut Registry,
    sequence: u64,
    told: &[(ServiceName, Port)],
    now: Timestamp,
) -> Vec<String> {
    let (mut said, mut given) = (Vec::new(), Vec::new());
    for (service, port) in told {
        match registry.find_owner(*port) {
            None => given.push(Allocation::new(*port, service.clone(), now)),
            Some(owner) if owner.sequence == sequence => {}
            Some(owner) => said.push(format!(
                "port {port} of `{service}`, which its env block names, belongs to `{}` by now",
                owner.name
            )),
        }
    }
    let entry = registry.find_by_sequence(sequence);
    if let Some(entry) = entry.filter(|entry| entry.allocations.is_empty()) {
        entry.allocations = given;
    }
    said
}
