//! What is proposed is valid: a piece that the configuration would refuse is left out, and said with the reason.

use super::proposal::FileProposal;
use crate::model::config::layers::{Layer, Source};
use crate::model::config::merge::merge_leniently;
use crate::model::config::problem::Problem;

/// Takes out what makes `text` of it invalid, one piece after the other.
pub fn fit(found: &mut FileProposal, text: impl Fn(&mut FileProposal) -> String) {
    // Each round takes something out, or the last one takes all.
    for _ in 0..=pieces(found) {
        let written = text(found);
        let Some(problem) = problem(&written) else { return };
        if !take_out(found, &problem) {
            break;
        }
    }
    let written = text(found);
    if let Some(problem) = problem(&written) {
        let left_out = std::mem::take(&mut found.left_out);
        *found = FileProposal { left_out, ..FileProposal::default() };
        found.leave(".wt.toml", "", format!("nothing is proposed: {}", problem.message));
    }
}

fn pieces(found: &FileProposal) -> usize {
    found.services.len()
        + found.setup.len()
        + found.teardown.len()
        + found.carry.len()
        + found.variables.len()
        + 1
}

fn problem(text: &str) -> Option<Problem> {
    let layer = Layer { path: ".wt.toml".to_owned(), text: text.to_owned(), source: Source::User };
    merge_leniently(std::slice::from_ref(&layer), &[]).1.into_iter().next()
}

fn take_out(found: &mut FileProposal, problem: &Problem) -> bool {
    let Some(key) = &problem.key else { return false };
    let before = pieces(found);
    let mut parts = key.splitn(3, '.');
    let (section, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match section {
        "service" => found.services.retain(|proposal| proposal.name.as_str() != name),
        "env" if name == "set" => {
            let variable = parts.next().unwrap_or_default();
            found.variables.retain(|one| one.variable != variable);
        }
        "env" => found.env_file = None,
        "worktree" if name.starts_with("setup") => found.setup.clear(),
        "worktree" => found.teardown.clear(),
        "carry" => found.carry.clear(),
        _ => {}
    }
    found.leave(".wt.toml", key, problem.message.clone());
    pieces(found) < before || section == "env"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::origin::Origin;
    use crate::model::import::proposal::{Proposal, ProposedCarry, ProposedCommand, Variable, What, name};

    fn full() -> FileProposal {
        let service =
            |word: &str| Proposal::new(name(word).unwrap(), String::new(), What::Run("x".to_owned()));
        let step = |word: &str| ProposedCommand { command: word.to_owned(), from: String::new() };
        let variable = |word: &str| Variable {
            variable: word.to_owned(),
            value: String::new(),
            from: String::new(),
            is_suggestion: false,
        };
        FileProposal {
            services: vec![service("web"), service("db")],
            setup: vec![step("make")],
            teardown: vec![step("dropdb"), step("rm x")],
            carry: vec![ProposedCarry { pattern: "/a".to_owned(), from: String::new() }],
            variables: vec![variable("A"), variable("B")],
            env_file: Some((".env.local".to_owned(), String::new())),
            left_out: Vec::new(),
        }
    }

    fn at(key: Option<&str>) -> Problem {
        Problem {
            origin: Origin::BuiltIn,
            key: key.map(str::to_owned),
            message: "is wrong".to_owned(),
            hint: None,
        }
    }

    #[test]
    fn the_piece_that_the_problem_is_about_goes_and_is_told() {
        let mut whole = full();
        assert_eq!(pieces(&whole), 9);
        for (key, left, is_out) in [
            ("service.web.run", FileProposal { services: full().services.split_off(1), ..full() }, true),
            ("service.mail.run", full(), false),
            ("env.set.A", FileProposal { variables: full().variables.split_off(1), ..full() }, true),
            ("env.set.C", full(), true),
            ("env.file", FileProposal { env_file: None, ..full() }, true),
            ("worktree.setup", FileProposal { setup: Vec::new(), ..full() }, true),
            ("worktree.setup_timeout", FileProposal { setup: Vec::new(), ..full() }, true),
            ("worktree.teardown", FileProposal { teardown: Vec::new(), ..full() }, true),
            ("carry.copy", FileProposal { carry: Vec::new(), ..full() }, true),
            ("ports.web", full(), false),
        ] {
            let mut found = full();
            assert_eq!(take_out(&mut found, &at(Some(key))), is_out, "{key}");
            let mut expected = left;
            expected.leave(".wt.toml", key, "is wrong");
            assert_eq!(found, expected, "{key}");
        }
        assert!(!take_out(&mut whole, &at(None)));
        assert_eq!(whole, full());
    }

    #[test]
    fn what_cannot_be_mended_piece_by_piece_is_not_proposed_at_all() {
        let mut found = full();
        fit(&mut found, |_| "[".to_owned());
        assert!(found.is_empty());
        assert_eq!(found.left_out.len(), 1);
        assert_eq!((found.left_out[0].from.as_str(), found.left_out[0].key.as_str()), (".wt.toml", ""));
        assert!(found.left_out[0].reason.starts_with("nothing is proposed: "));
        let mut fine = full();
        fit(&mut fine, |_| String::new());
        assert_eq!(fine, full());
    }
}
