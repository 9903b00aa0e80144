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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::import::proposal::{NotProposed, ProposedCarry, ProposedCommand, Variable, What, name};
    use crate::model::services::plan::Condition;

    fn service(word: &str, from: &str, needs: &[&str]) -> Proposal {
        let mut made = Proposal::new(name(word).unwrap(), from.to_owned(), What::Run("x".to_owned()));
        made.depends_on = needs.iter().map(|needs| (name(needs).unwrap(), Condition::Healthy)).collect();
        made
    }

    fn source(words: &[&str], from: &str) -> FileProposal {
        let of = |word: &&str| ProposedCommand { command: (*word).to_owned(), from: from.to_owned() };
        let carry = |word: &&str| ProposedCarry { pattern: (*word).to_owned(), from: from.to_owned() };
        let variable = |word: &&str| Variable {
            variable: (*word).to_owned(),
            value: String::new(),
            from: from.to_owned(),
            is_suggestion: false,
        };
        FileProposal {
            setup: words.iter().map(of).collect(),
            teardown: words.iter().map(of).collect(),
            carry: words.iter().map(carry).collect(),
            variables: words.iter().map(variable).collect(),
            env_file: Some((from.to_owned(), String::new())),
            ..FileProposal::default()
        }
    }

    #[test]
    fn what_two_files_propose_is_proposed_once_as_the_first_says_it() {
        let combined = combine(vec![source(&["a", "b"], "one"), source(&["b", "c"], "two")]);
        let expected = [("a", "one"), ("b", "one"), ("c", "two")];
        let commands = |all: &[ProposedCommand]| {
            all.iter().map(|one| (one.command.clone(), one.from.clone())).collect::<Vec<_>>()
        };
        let expected: Vec<(String, String)> =
            expected.iter().map(|(word, from)| ((*word).to_owned(), (*from).to_owned())).collect();
        assert_eq!(commands(&combined.setup), expected);
        assert_eq!(commands(&combined.teardown), expected);
        let carried = combined.carry.into_iter().map(|one| (one.pattern, one.from));
        assert_eq!(carried.collect::<Vec<_>>(), expected);
        let variables = combined.variables.into_iter().map(|one| (one.variable, one.from));
        assert_eq!(variables.collect::<Vec<_>>(), expected);
        assert_eq!(combined.env_file.map(|(file, _)| file).as_deref(), Some("one"));
        let second = FileProposal { env_file: None, ..source(&[], "one") };
        let combined = combine(vec![second, source(&[], "two")]);
        assert_eq!(combined.env_file.map(|(file, _)| file).as_deref(), Some("two"));
    }

    #[test]
    fn a_service_is_the_first_files_and_waits_only_for_what_is_there() {
        let one = FileProposal {
            services: vec![service("web", "Procfile: web", &["db", "gone"])],
            ..FileProposal::default()
        };
        let mut db = service("db", "compose.yaml: db", &[]);
        db.extra_ports = vec![name("web").unwrap(), name("admin").unwrap(), name("admin").unwrap()];
        let two = FileProposal {
            services: vec![service("web", "compose.yaml: web", &[]), service("web", "Makefile", &[]), db],
            ..FileProposal::default()
        };
        let combined = combine(vec![one, two]);
        let names: Vec<&str> = combined.services.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["web", "db"]);
        let needs: Vec<&str> = combined.services[0].depends_on.keys().map(ServiceName::as_str).collect();
        assert_eq!(needs, ["db"]);
        assert_eq!(combined.services[0].notes, ["It waited for `gone`, which is not here."]);
        assert_eq!(combined.services[1].extra_ports, [name("admin").unwrap()]);
        let left = |from: &str, key: &str| NotProposed {
            from: from.to_owned(),
            key: key.to_owned(),
            reason: "`web` is from Procfile: web".to_owned(),
        };
        assert_eq!(combined.left_out, [left("compose.yaml", "web"), left("Makefile", "")]);
    }

    #[test]
    fn a_circle_is_taken_apart_at_its_first_need() {
        let services = vec![service("a", "x", &["b"]), service("b", "x", &["c"]), service("c", "x", &["a"])];
        let combined = combine(vec![FileProposal { services, ..FileProposal::default() }]);
        let said: Vec<(usize, &[String])> =
            combined.services.iter().map(|one| (one.depends_on.len(), &one.notes[..])).collect();
        let note = "It waited for `b`, and that one for it: taken out here.".to_owned();
        assert_eq!(said, [(0, &[note][..]), (1, &[]), (1, &[])]);
    }

    #[test]
    fn two_services_never_carry_their_ports_in_one_variable() {
        let with = |word: &str, env: &[&str]| {
            let mut made = service(word, "x", &[]);
            made.env = env.iter().map(ToString::to_string).collect();
            made
        };
        for (first, second, expected) in [
            (&["HTTP"][..], &["HTTP"][..], [&["HTTP"][..], &[]]),
            (&["HTTP"], &["OTHER"], [&["HTTP"], &["OTHER"]]),
            (&["PORT"], &["OTHER"], [&[], &["OTHER"]]),
            (&["WEB_PORT"], &[], [&["WEB_PORT"], &[]]),
            (&["API_PORT"], &[], [&[], &[]]),
            (&["MORE_PORT"], &[], [&[], &[]]),
            (&["ONE", "API_PORT"], &["ONE"], [&[], &["ONE"]]),
        ] {
            let mut api = with("api", second);
            api.extra_ports = vec![name("more").unwrap()];
            let services = vec![with("web", first), api];
            let combined = combine(vec![FileProposal { services, ..FileProposal::default() }]);
            for (made, (expected, before)) in
                combined.services.iter().zip(expected.iter().zip([first, second]))
            {
                assert_eq!(made.env, *expected, "{first:?} {second:?}");
                let own = format!("{}_PORT", made.name.as_str().to_ascii_uppercase());
                let note = (made.env.len() < before.len()).then(|| {
                    format!(
                        "Its port was in {}, which another service may want: now in {own}.",
                        before.join(", ")
                    )
                });
                assert_eq!(made.notes, note.into_iter().collect::<Vec<_>>(), "{first:?} {second:?}");
            }
        }
    }
}
