//! What several files propose, as one: the first that names a service counts, and what one needs must be there.

use std::collections::BTreeSet;

use super::proposal::{FileProposal, Proposal};
use crate::model::config::settings::ServiceSettings;
use crate::model::service::ServiceName;
use crate::model::services::order::{self, Tangle};

/// Combines what files propose, the one that says most first.
#[must_use]
pub fn combine(sources: Vec<FileProposal>) -> FileProposal {
    let mut combined = FileProposal::default();
    for source in sources {
        combined.left_out.extend(source.left_out);
        add(&mut combined.setup, source.setup, |known, new| known.command == new.command);
        add(&mut combined.teardown, source.teardown, |known, new| known.command == new.command);
        add(&mut combined.carry, source.carry, |known, new| known.pattern == new.pattern);
        add(&mut combined.variables, source.variables, |known, new| known.variable == new.variable);
        combined.env_file = combined.env_file.or(source.env_file);
        for proposal in source.services {
            match combined.services.iter().find(|known| known.name == proposal.name) {
                None => combined.services.push(proposal),
                Some(known) => {
                    let reason = format!("`{}` is from {}", known.name, known.from);
                    let (file, key) = proposal.from.split_once(": ").unwrap_or((&proposal.from, ""));
                    combined.leave(file, key, reason);
                }
            }
        }
    }
    let names: BTreeSet<ServiceName> = combined.services.iter().map(|known| known.name.clone()).collect();
    let mut taken = names.clone();
    for proposal in &mut combined.services {
        proposal.depends_on.retain(|needs, _| {
            let is_there = names.contains(needs);
            if !is_there {
                proposal.notes.push(format!("It waited for `{needs}`, which is not here."));
            }
            is_there
        });
        // A further port has one owner, and no service's name.
        proposal.extra_ports.retain(|extra| taken.insert(extra.clone()));
    }
    untangle(&mut combined.services);
    share_variables(&mut combined.services);
    combined
}

fn add<T>(known: &mut Vec<T>, new: Vec<T>, is_same: impl Fn(&T, &T) -> bool) {
    for one in new {
        if known.iter().all(|known| !is_same(known, &one)) {
            known.push(one);
        }
    }
}

/// Takes a need out of each circle, so that there is an order.
fn untangle(services: &mut [Proposal]) {
    loop {
        let known = services
            .iter()
            .map(|proposal| {
                let settings = ServiceSettings {
                    run: Some(String::new()),
                    depends_on: proposal.depends_on.clone(),
                    ..ServiceSettings::default()
                };
                (proposal.name.clone(), settings)
            })
            .collect();
        let cycle = order::check(&known).into_iter().find_map(|tangle| match tangle {
            Tangle::Cycle { path } => Some(path),
            _ => None,
        });
        let Some([first, second, ..]) = cycle.as_deref() else { return };
        let Some(proposal) = services.iter_mut().find(|proposal| proposal.name == *first) else { return };
        proposal.depends_on.remove(second);
        proposal.notes.push(format!("It waited for `{second}`, and that one for it: taken out here."));
    }
}

/// Two services cannot carry their ports in one variable.
fn share_variables(services: &mut [Proposal]) {
    let usual: BTreeSet<String> = services
        .iter()
        .flat_map(|proposal| std::iter::once(&proposal.name).chain(&proposal.extra_ports))
        .map(|name| format!("{}_PORT", name.variable()))
        .collect();
    let mut taken = BTreeSet::new();
    for proposal in services {
        let own = format!("{}_PORT", proposal.name.variable());
        let is_free = |name: &String| *name == own || !usual.contains(name);
        if !proposal.env.iter().all(|name| is_free(name) && name != "PORT" && !taken.contains(name)) {
            let names = proposal.env.join(", ");
            proposal
                .notes
                .push(format!("Its port was in {names}, which another service may want: now in {own}."));
            proposal.env.clear();
        }
        taken.extend(proposal.env.iter().cloned());
    }
}
