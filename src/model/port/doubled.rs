//! Who keeps a port that two worktrees have: the one rule, for whatever command tells of it or settles it. Pure.

use crate::model::advised::wt;
use crate::model::port::tenant::Tenant;
use crate::model::service::ServiceName;

/// How a doubled port is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeping<'a> {
    /// One keeps it for this reason, and the others move, once each.
    Moves { keeper: &'a Tenant, why: &'static str, movers: Vec<&'a Tenant> },
    /// Nobody may be moved: a person must choose.
    Person { why: String },
}

/// Decides about the claims to one port.
///
/// Of claims that may move the one whose own server runs on the port keeps it, else the oldest. One that is pinned or
/// locked keeps the port, and the others move while their servers are down.
#[must_use]
pub fn keeping(claims: &[Tenant]) -> Keeping<'_> {
    let mut ordered: Vec<&Tenant> = claims.iter().collect();
    ordered.sort_by_key(|claim| (claim.allocated_at, claim.sequence));
    let fixed: Vec<usize> = (0..ordered.len()).filter(|at| ordered[*at].immovable().is_some()).collect();
    let (at, why) = match fixed[..] {
        [] => match ordered.iter().position(|claim| claim.runs) {
            Some(at) => (at, "its server runs on it"),
            None => (0, "it is the older one"),
        },
        [at] => {
            let mut others = ordered.iter().enumerate().filter(|(other, _)| *other != at);
            if let Some((_, other)) = others.find(|(_, other)| other.runs) {
                let fixed = ordered[at];
                let why = format!(
                    "that of {} {}, and the server of {} runs on it",
                    fixed.worktree.name,
                    fixed.immovable().unwrap_or_default(),
                    other.worktree.name
                );
                return Keeping::Person { why };
            }
            (at, ordered[at].immovable().unwrap_or_default())
        }
        _ => {
            let named = fixed.iter().map(|at| {
                let claim = ordered[*at];
                format!("that of {} {}", claim.worktree.name, claim.immovable().unwrap_or_default())
            });
            return Keeping::Person { why: named.collect::<Vec<_>>().join(", ") };
        }
    };
    let why = match why {
        "is pinned" => "it is pinned",
        "belongs to a locked worktree" => "its worktree is locked",
        why => why,
    };
    let keeper = ordered.remove(at);
    Keeping::Moves { keeper, why, movers: ordered }
}

/// Answers whether that claim is one of those that move.
#[must_use]
pub fn moves(claims: &[Tenant], sequence: u64, service: &ServiceName) -> bool {
    match keeping(claims) {
        Keeping::Moves { movers, .. } => {
            movers.iter().any(|claim| claim.sequence == sequence && claim.service == *service)
        }
        Keeping::Person { .. } => false,
    }
}

/// Returns the commands of which a person runs one, each giving up one claim. `repository` says where another
/// repository's commands are run; `None` for the one that we stand in.
#[must_use]
pub fn choices(claims: &[Tenant], repository: impl Fn(&Tenant) -> Option<String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for claim in claims {
        let release = wt("ports release {} --worktree {}", &[&claim.port, &claim.worktree.name]);
        let release = match repository(claim) {
            Some(path) => release.at(path),
            None => release,
        };
        let command = release.to_string();
        if !found.contains(&command) {
            found.push(command);
        }
    }
    found
}

/// Returns what a person is told: `a person must choose who gives it up: …`.
#[must_use]
pub fn asked(choices: &[String]) -> String {
    let quoted: Vec<String> = choices.iter().map(|command| format!("`{command}`")).collect();
    format!("a person must choose who gives it up: {}", quoted.join(" or "))
}

/// Returns who has the port and who keeps it, in words.
#[must_use]
pub fn told(claims: &[Tenant], settlement: &Keeping<'_>) -> String {
    let named: Vec<String> =
        claims.iter().map(|claim| format!("`{}` ({})", claim.worktree.name, claim.service)).collect();
    let both = named.join(" and to ");
    match settlement {
        Keeping::Moves { keeper, why, movers } => {
            let movers: Vec<String> =
                movers.iter().map(|claim| format!("`{}`", claim.worktree.name)).collect();
            let verb = if movers.len() == 1 { "moves" } else { "move" };
            let movers = movers.join(" and ");
            format!(
                "allocated to {both}: `{}` keeps it, since {why}, and {movers} {verb}",
                keeper.worktree.name
            )
        }
        Keeping::Person { why } => format!("allocated to {both}, and nobody may be moved: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::sample::claim;

    fn outcome(claims: &[Tenant]) -> (String, Vec<String>) {
        match keeping(claims) {
            Keeping::Moves { keeper, movers, .. } => (
                keeper.worktree.name.clone(),
                movers.iter().map(|claim| claim.worktree.name.clone()).collect(),
            ),
            Keeping::Person { why } => (format!("person: {why}"), Vec::new()),
        }
    }

    fn kept(claims: &[Tenant], keeper: &str, movers: &[&str]) {
        let (found, moved) = outcome(claims);
        assert_eq!((found.as_str(), moved), (keeper, movers.iter().map(ToString::to_string).collect()));
    }

    #[test]
    fn the_one_whose_server_runs_keeps_the_port_else_the_oldest() {
        let (old, young) = (claim("old", 5000, 1), claim("young", 5000, 9));
        let runs = |claim: &Tenant| Tenant { runs: true, ..claim.clone() };
        kept(&[young.clone(), old.clone()], "old", &["young"]);
        kept(&[runs(&young), old.clone()], "young", &["old"]);
        kept(&[young.clone(), runs(&old)], "old", &["young"]);
        kept(&[runs(&young), runs(&old)], "old", &["young"]);
    }

    #[test]
    fn the_only_pinned_or_locked_one_keeps_the_port_while_the_others_are_down() {
        let old = claim("old", 5000, 1);
        let pinned = Tenant { pinned: true, ..claim("young", 5000, 9) };
        let locked = Tenant { locked: true, ..claim("young", 5000, 9) };
        for fixed in [&pinned, &locked] {
            kept(&[old.clone(), fixed.clone()], "young", &["old"]);
            let running = Tenant { runs: true, ..old.clone() };
            let (found, moved) = outcome(&[running, fixed.clone()]);
            assert!(found.starts_with("person: ") && found.contains("server of old runs"), "{found}");
            assert!(moved.is_empty());
        }
        let other = Tenant { locked: true, ..old };
        assert!(outcome(&[other, pinned]).0.starts_with("person: "), "two that are never moved");
    }

    #[test]
    fn a_person_gets_a_command_for_either_choice() {
        let claims = [claim("old", 5000, 1), claim("young", 5000, 9)];
        let here = choices(&claims, |_| None);
        assert_eq!(here, ["wt ports release 5000 --worktree old", "wt ports release 5000 --worktree young"]);
        let there = choices(&claims[..1], |_| Some("/my work".to_owned()));
        assert_eq!(there, ["wt -C '/my work' ports release 5000 --worktree old"]);
        assert!(asked(&here).starts_with("a person must choose"));
    }

    #[test]
    fn only_the_very_claim_of_a_mover_moves() {
        let (old, young) = (claim("old", 5000, 1), claim("young", 5000, 9));
        let web = "web".parse().unwrap();
        let api: ServiceName = "api".parse().unwrap();
        let claims = [old.clone(), young.clone()];
        for (sequence, service, expected) in
            [(9, &web, true), (9, &api, false), (1, &web, false), (1, &api, false), (7, &web, false)]
        {
            assert_eq!(moves(&claims, sequence, service), expected, "{sequence} {service}");
        }
        let pinned = claims.map(|claim| Tenant { pinned: true, ..claim });
        assert!(!moves(&pinned, 9, &web), "a person must choose");
    }

    #[test]
    fn who_keeps_a_port_is_told_with_the_reason() {
        let (old, young, third) = (claim("old", 5000, 1), claim("young", 5000, 9), claim("third", 5000, 10));
        let locked = Tenant { locked: true, ..young.clone() };
        let pinned = Tenant { pinned: true, ..old.clone() };
        let runs = Tenant { runs: true, ..young.clone() };
        let said = |claims: &[Tenant]| told(claims, &keeping(claims));
        let both = "allocated to `old` (web) and to `young` (web)";
        for (claims, expected) in [
            (
                vec![old.clone(), young.clone()],
                format!("{both}: `old` keeps it, since it is the older one, and `young` moves"),
            ),
            (
                vec![old.clone(), runs],
                format!("{both}: `young` keeps it, since its server runs on it, and `old` moves"),
            ),
            (
                vec![pinned.clone(), young.clone()],
                format!("{both}: `old` keeps it, since it is pinned, and `young` moves"),
            ),
            (
                vec![old.clone(), locked.clone()],
                format!("{both}: `young` keeps it, since its worktree is locked, and `old` moves"),
            ),
            (
                vec![old, young, third],
                format!(
                    "{both} and to `third` (web): `old` keeps it, since it is the older one, and `young` and `third` move"
                ),
            ),
            (
                vec![pinned, locked],
                format!(
                    "{both}, and nobody may be moved: that of old is pinned, that of young belongs to a locked worktree"
                ),
            ),
        ] {
            assert_eq!(said(&claims), expected);
        }
    }
}
