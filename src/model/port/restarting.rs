//! Whether a worktree's own server that no `wt up` started is ended and started as the service.

use super::choice::Choice;
use super::dispute::Level;
use super::matter::Matter;
use super::own_server::OwnServer;
use super::resolution::{BARRED, DisputeAction, ResolutionStep};
use crate::model::config::settings::{ResolveSettings, Strategy};

/// Returns what the strategy does about it; `None` where that is nothing.
#[must_use]
pub fn step(server: &OwnServer, strategy: Strategy, settings: ResolveSettings) -> Option<ResolutionStep> {
    match strategy {
        // It only moves.
        Strategy::Conservative | Strategy::Command => None,
        Strategy::Aggressive | Strategy::Intelligent => Some(restarted(server, settings)),
    }
}

/// Returns what a command chose for it.
#[must_use]
pub fn chosen(server: &OwnServer, choice: Choice, settings: ResolveSettings) -> ResolutionStep {
    match choice {
        Choice::Restart => restarted(server, settings),
        Choice::Leave => left(server, "the command left it"),
        Choice::Move | Choice::Terminate => {
            left(server, "a server of the worktree itself is restarted, or left")
        }
    }
}

/// Returns the step that leaves it.
#[must_use]
pub fn left(server: &OwnServer, why: &str) -> ResolutionStep {
    as_step(server, DisputeAction::Leave { why: why.to_owned() })
}

fn restarted(server: &OwnServer, settings: ResolveSettings) -> ResolutionStep {
    match &server.spared {
        Some(why) => left(server, why),
        None if settings.is_killing_barred => left(server, BARRED),
        None => as_step(
            server,
            DisputeAction::Restart { server: server.clone(), needs_agreement: settings.confirm },
        ),
    }
}

fn as_step(server: &OwnServer, action: DisputeAction) -> ResolutionStep {
    ResolutionStep {
        port: server.port,
        level: Level::Low,
        reason: server.told(),
        matter: Matter::of_own(server),
        action,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::sample::settings;

    #[test]
    fn it_is_restarted_with_agreement_by_all_but_the_conservative_and_one_that_is_spared_is_told_of() {
        let one = OwnServer {
            sequence: 1,
            worktree: "a".to_owned(),
            service: "web".parse().unwrap(),
            port: "5000".parse().unwrap(),
            pid: 42,
            spared: None,
        };
        let spared = OwnServer { spared: Some("`wt run` runs it".to_owned()), ..one.clone() };
        assert_eq!(step(&one, Strategy::Conservative, settings()), None);
        for strategy in [Strategy::Aggressive, Strategy::Intelligent] {
            for confirm in [true, false] {
                let step = step(&one, strategy, ResolveSettings { confirm, ..settings() }).unwrap();
                assert_eq!(
                    step.action,
                    DisputeAction::Restart { server: one.clone(), needs_agreement: confirm }
                );
                assert_eq!(step.level, Level::Low);
            }
            let left = step(&spared, strategy, settings()).unwrap();
            assert!(matches!(left.action, DisputeAction::Leave { why } if why.contains("wt run")));
        }
        let does = |choice| matches!(chosen(&one, choice, settings()).action, DisputeAction::Restart { .. });
        let done = [Choice::Move, Choice::Leave, Choice::Restart, Choice::Terminate].map(does);
        assert_eq!(done, [false, false, true, false]);
    }
}
