//! What several tools' files say, as one: the first that says what makes a worktree ready counts, before the lockfiles too.

use crate::model::import::proposal::{FileProposal, ProposedCommand};

/// Combines what the tools' files propose; `apps` loses its setup where a tool says one, `runs` names what starts services
/// already.
#[must_use]
pub fn choose(tools: Vec<FileProposal>, runs: Option<&str>, apps: &mut FileProposal) -> FileProposal {
    let mut chosen = FileProposal::default();
    for mut tool in tools {
        chosen.left_out.append(&mut tool.left_out);
        let (setup, teardown) = (std::mem::take(&mut tool.setup), std::mem::take(&mut tool.teardown));
        let rest = take(&mut chosen.setup, setup);
        leave(&mut chosen, rest, true);
        let rest = take(&mut chosen.teardown, teardown);
        leave(&mut chosen, rest, false);
        for one in tool.carry {
            if chosen.carry.iter().all(|known| known.pattern != one.pattern) {
                chosen.carry.push(one);
            }
        }
        for proposal in tool.services {
            let before = chosen.services.first().map(|known| known.from.clone());
            match runs.map(str::to_owned).or(before) {
                None => chosen.services.push(proposal),
                Some(other) if other.split(": ").next() == proposal.from.split(": ").next() => {
                    chosen.services.push(proposal);
                }
                Some(other) => {
                    let (file, key) = proposal.from.split_once(": ").unwrap_or((&proposal.from, ""));
                    chosen.leave(file, key, format!("{other} says what runs"));
                }
            }
        }
    }
    if !chosen.setup.is_empty() {
        let steps = std::mem::take(&mut apps.setup);
        let rest = take(&mut chosen.setup, steps);
        leave(&mut chosen, rest, true);
    }
    chosen
}

/// Takes the steps where there are none yet; returns those that are not among the ones there.
fn take(known: &mut Vec<ProposedCommand>, new: Vec<ProposedCommand>) -> Vec<ProposedCommand> {
    if known.is_empty() {
        *known = new;
        return Vec::new();
    }
    new.into_iter().filter(|step| known.iter().all(|known| known.command != step.command)).collect()
}

fn leave(chosen: &mut FileProposal, steps: Vec<ProposedCommand>, is_setup: bool) {
    let steps_there = if is_setup { &chosen.setup } else { &chosen.teardown };
    let said = steps_there.first().map(|step| step.from.split(": ").next().unwrap_or_default().to_owned());
    let what = if is_setup { "makes a worktree ready" } else { "is taken back" };
    for step in steps {
        let (file, key) = step.from.split_once(": ").unwrap_or((&step.from, ""));
        let said = said.as_deref().unwrap_or_default();
        chosen.leave(file, key, format!("`{}`: {said} says what {what}", step.command));
    }
}
