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
