//! The promises, one after the other: each begins where the one before it ended.

use super::lab::{Lab, TrialResult, difference, expect, folder, is_free};
use crate::host::trial::{TrialChild, kill};

/// What a check leaves to the next ones.
#[derive(Default)]
pub(super) struct State {
    stranger: Option<TrialChild>,
}

/// A promise, and how it is tried out.
pub(super) type TrialCheck = (&'static str, fn(&Lab<'_>, &mut State) -> TrialResult);

pub(super) const ALL: [TrialCheck; 11] = [
    ("create", create),
    ("conflict refused", conflict_refused),
    ("retry", retry),
    ("kill", end_holder),
    ("up", up),
    ("crash and restart", crash_and_restart),
    ("graceful stop", graceful_stop),
    ("resolve", resolve),
    ("cleanup", cleanup),
    ("remove and restore", remove_and_restore),
    ("undo after kill -9", undo_after_kill),
];

fn create(lab: &Lab<'_>, _: &mut State) -> TrialResult {
    lab.wt(&["create", "one", "--ports"], 0)?;
    let got = lab.port_of("feature-one")?;
    expect(got == Some(lab.port(0)), &format!("port {}", lab.port(0)), &format!("{got:?}"))?;
    let block = format!("{}/.env", folder("one"));
    let line = format!("PORT={}", lab.port(0));
    expect(lab.trial.says(&block, &line), &format!("{line} in .env"), "it is not there")
}

fn conflict_refused(lab: &Lab<'_>, state: &mut State) -> TrialResult {
    state.stranger = Some(lab.hold("home", lab.port(1))?);
    let answer = lab.wt(&["create", "two", "--ports"], 1)?;
    let code = answer["error"]["code"].as_str().unwrap_or_default();
    expect(code == "port_conflict", "port_conflict", code)?;
    let pid = state.stranger.as_ref().map_or(0, TrialChild::pid).to_string();
    let said = answer.to_string();
    expect(said.contains(&pid), &format!("pid {pid} is named"), &said)?;
    expect(lab.is_untouched("two")?, "nothing is made", "something of feature-two is there")
}

fn retry(lab: &Lab<'_>, _: &mut State) -> TrialResult {
    lab.wt(&["create", "two", "--ports", "--on-conflict", "retry"], 0)?;
    let got = lab.port_of("feature-two")?;
    expect(got == Some(lab.port(2)), &format!("port {}", lab.port(2)), &format!("{got:?}"))
}

fn end_holder(lab: &Lab<'_>, state: &mut State) -> TrialResult {
    let port = lab.port(1).to_string();
    // Without consent a stranger stays.
    lab.wt(&["ports", "kill", &port], 1)?;
    expect(!is_free(lab.port(1)), "the stranger stays until somebody agrees", "it was ended")?;
    lab.wt(&["ports", "kill", &port, "--yes"], 0)?;
    expect(is_free(lab.port(1)), &format!("port {port} is free"), "it is held")?;
    state.stranger = None;
    Ok(())
}

fn up(lab: &Lab<'_>, _: &mut State) -> TrialResult {
    lab.wt(&["up", "--worktree", "feature-one"], 0)?;
    let (found, _) = lab.web()?;
    expect(found == "ready", "ready", &found)?;
    let health = lab.wt(&["health", "--worktree", "feature-one"], 0)?;
    let healthy = &health["summary"]["healthy"];
    expect(*healthy == 1, "1 healthy service", &healthy.to_string())
}

fn crash_and_restart(lab: &Lab<'_>, _: &mut State) -> TrialResult {
    let (_, before) = lab.web()?;
    kill(before);
    let is_back =
        lab.trial.until(|| lab.web().is_ok_and(|(state, pid)| state == "ready" && pid != before && pid > 0));
    expect(is_back, "ready with another pid", &format!("{:?}", lab.web().map_err(|found| found.got)))
}

fn graceful_stop(lab: &Lab<'_>, _: &mut State) -> TrialResult {
    lab.wt(&["down", "--worktree", "feature-one"], 0)?;
    expect(
        is_free(lab.port(0)) || lab.trial.until(|| is_free(lab.port(0))),
        "its port is free",
        "it is held",
    )?;
    let (found, _) = lab.web()?;
    expect(found == "stopped", "stopped", &found)
}

fn resolve(lab: &Lab<'_>, state: &mut State) -> TrialResult {
    state.stranger = Some(lab.hold("home", lab.port(0))?);
    lab.wt(&["ports", "resolve", "--strategy", "conservative", "--yes"], 0)?;
    let got = lab.port_of("feature-one")?;
    let has_moved = got.is_some_and(|port| port != lab.port(0));
    expect(has_moved, "another port", &format!("{got:?}"))?;
    let line = format!("PORT={}", got.unwrap_or_default());
    expect(
        lab.trial.says(&format!("{}/.env", folder("one")), &line),
        &format!("{line} in .env"),
        "it is not there",
    )?;
    let holds = state.stranger.as_mut().is_some_and(|stranger| !stranger.has_ended());
    expect(holds, "the stranger is left alone", "it was ended")?;
    state.stranger = None;
    Ok(())
}

fn cleanup(lab: &Lab<'_>, _: &mut State) -> TrialResult {
    lab.wt(&["create", "three", "--ports"], 0)?;
    let port = lab.port_of("feature-three")?.ok_or_else(|| difference("a port", "none"))?;
    let mut stray = lab.hold(&folder("three"), port)?;
    lab.trial
        .delete(&folder("three"))
        .map_err(|error| difference("the folder is deleted", &error.to_string()))?;
    lab.wt(&["ports", "cleanup", "--yes"], 0)?;
    expect(lab.trial.until(|| stray.has_ended()), "the stray is ended", "it runs")?;
    expect(is_free(port), &format!("port {port} is free"), "it is held")
}

fn remove_and_restore(lab: &Lab<'_>, _: &mut State) -> TrialResult {
    let file = format!("{}/README", folder("two"));
    lab.trial
        .put(&file, "changed, and not committed\n")
        .map_err(|error| difference("a change", &error.to_string()))?;
    let refused = lab.wt(&["remove", "feature-two"], 1)?;
    let code = refused["error"]["code"].as_str().unwrap_or_default();
    expect(code == "dirty", "dirty", code)?;
    lab.wt(&["remove", "feature-two", "--force"], 0)?;
    lab.wt(&["restore", "feature-two"], 0)?;
    expect(lab.trial.says(&file, "not committed"), "the change is back", "it is lost")
}

fn undo_after_kill(lab: &Lab<'_>, _: &mut State) -> TrialResult {
    for round in 0..20 {
        let name = format!("late-{round}");
        let words = ["create", &name, "--ports", "--quiet"];
        let mut begun =
            lab.trial.start("shop", &words).map_err(|error| difference("a create", &error.to_string()))?;
        let caught =
            lab.trial.until(|| begun.has_ended() || lab.trial.says("state/wt/registry.json", "\"creating\""));
        let was_caught = caught && !begun.has_ended();
        begun.kill();
        let whole = lab.port_of(&format!("feature-{name}"))?.is_some();
        if !whole {
            expect(lab.is_untouched(&name)?, "nothing is left of it", "something is")?;
            if was_caught {
                return Ok(());
            }
        }
    }
    // Each was quicker than the look at it, and each was whole.
    Ok(())
}
