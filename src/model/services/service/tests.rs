//! What the phase of one service means to those that need it, and what an end or a look makes of it.

use super::*;
use crate::model::services::plan::Restarting;
use crate::model::services::sample::plan;

const AT: Duration = Duration::from_secs(5);

fn in_phase(phase: Phase) -> SupervisedService {
    let mut service = SupervisedService::new(plan("web", &[]), false);
    service.phase = phase;
    service
}

fn phases() -> [Phase; 11] {
    [
        Phase::Stopped,
        Phase::Waiting,
        Phase::SettingUp,
        Phase::Starting { since: AT },
        Phase::Ready { since: AT },
        Phase::Unhealthy { since: AT },
        Phase::Stopping { then: NextPhase::Stopped },
        Phase::Backoff { until: AT },
        Phase::Failed,
        Phase::Completed,
        Phase::Asleep,
    ]
}

fn restarting(policy: RestartPolicy, max: u32) -> ServicePlan {
    let usual = plan("web", &[]);
    ServicePlan { restart: Restarting { policy, max, ..usual.restart }, ..usual }
}

#[test]
fn a_need_is_met_by_what_came_as_far_as_its_condition_says() {
    for (condition, critical, expected) in [
        (Condition::Healthy, true, ["ready", "completed"].as_slice()),
        (Condition::Started, true, &["starting", "ready", "unhealthy", "completed"]),
        (Condition::Completed, true, &["completed"]),
        (Condition::Healthy, false, &["ready", "unhealthy", "failed", "completed"]),
        (Condition::Started, false, &["starting", "ready", "unhealthy", "failed", "completed"]),
        (Condition::Completed, false, &["failed", "completed"]),
    ] {
        let meets = phases().into_iter().filter(|phase| {
            let mut service = in_phase(*phase);
            service.plan.critical = critical;
            service.meets(condition)
        });
        let mut words: Vec<&str> = meets.map(|phase| in_phase(phase).state().as_str()).collect();
        words.dedup();
        assert_eq!(words, expected, "{condition:?} {critical}");
    }
}

#[test]
fn only_what_nothing_under_way_changes_is_waited_for_in_vain() {
    let unhealthy = Phase::Unhealthy { since: AT };
    let ready = Phase::Ready { since: AT };
    let server = "which is to complete, and is a server that goes on";
    for (phase, condition, expected) in [
        (unhealthy, Condition::Healthy, Some("which is unhealthy")),
        (unhealthy, Condition::Started, None),
        (unhealthy, Condition::Completed, None),
        (ready, Condition::Completed, Some(server)),
        (ready, Condition::Healthy, None),
        (Phase::Starting { since: AT }, Condition::Completed, None),
        (Phase::Backoff { until: AT }, Condition::Healthy, None),
    ] {
        let mut service = in_phase(phase);
        assert_eq!(service.keeps_waiting(condition).as_deref(), expected, "{phase:?} {condition:?}");
        service.leaving = Some(NextPhase::Again);
        assert_eq!(service.keeps_waiting(condition), None, "it is on its way out");
    }
    let mut told = in_phase(unhealthy);
    told.reason = Some("503".to_owned());
    assert_eq!(told.keeps_waiting(Condition::Healthy).as_deref(), Some("which is unhealthy: 503"));
    told.plan = restarting(RestartPolicy::OnFailure, 3);
    assert_eq!(told.keeps_waiting(Condition::Healthy), None, "it is started again");
    let mut job = in_phase(ready);
    job.plan.port = None;
    assert_eq!(job.keeps_waiting(Condition::Completed), None, "it may end");
}

#[test]
fn a_service_that_is_to_leave_does_so_at_once_where_nothing_of_it_runs() {
    for (phase, leaving, after) in [
        (Phase::Stopped, None, Phase::Stopped),
        (Phase::Failed, None, Phase::Failed),
        (Phase::Completed, None, Phase::Completed),
        (Phase::Waiting, None, Phase::Stopped),
        (Phase::Backoff { until: AT }, None, Phase::Stopped),
        (Phase::Asleep, None, Phase::Stopped),
        (Phase::Stopping { then: NextPhase::Again }, None, Phase::Stopping { then: NextPhase::Stopped }),
        (Phase::SettingUp, Some(NextPhase::Stopped), Phase::SettingUp),
        (Phase::Starting { since: AT }, Some(NextPhase::Stopped), Phase::Starting { since: AT }),
        (Phase::Ready { since: AT }, Some(NextPhase::Stopped), Phase::Ready { since: AT }),
        (Phase::Unhealthy { since: AT }, Some(NextPhase::Stopped), Phase::Unhealthy { since: AT }),
    ] {
        let mut service = in_phase(phase);
        service.leave(NextPhase::Stopped);
        assert_eq!((service.leaving, service.phase), (leaving, after), "{phase:?}");
    }
}

#[test]
fn a_wish_starts_what_rests_and_replaces_what_runs() {
    let other = ServicePlan { words: vec!["new".to_owned()], ..plan("web", &[]) };
    for phase in phases() {
        let mut service = in_phase(phase);
        service.restarts = 3;
        service.reason = Some("503".to_owned());
        service.want(other.clone());
        let rests = matches!(phase, Phase::Stopped | Phase::Failed | Phase::Completed | Phase::Asleep);
        let is_idle = rests || matches!(phase, Phase::Waiting | Phase::Backoff { .. });
        let words = if is_idle { "new" } else { "web" };
        assert_eq!((service.restarts, service.reason.as_deref()), (0, None), "{phase:?}");
        assert_eq!(service.plan.words, [words], "{phase:?}");
        assert_eq!(service.next.is_some(), !is_idle, "{phase:?}");
        assert_eq!(service.phase == Phase::Waiting, is_idle, "{phase:?}");
    }
}

#[test]
fn an_end_means_what_the_phase_makes_of_it() {
    let (well, bad) = (ServiceExit::Status(0), ServiceExit::Status(3));
    let backoff = Phase::Backoff { until: AT + Duration::from_millis(500) };
    let (starting, ready) = (Phase::Starting { since: AT }, Phase::Ready { since: AT });
    for (policy, phase, exit, after, reason) in [
        (RestartPolicy::No, Phase::SettingUp, well, Phase::Waiting, None),
        (RestartPolicy::No, Phase::SettingUp, bad, Phase::Failed, Some("its setup ended with status 3")),
        (
            RestartPolicy::No,
            starting,
            well,
            Phase::Failed,
            Some("ended with status 0 before it listened on 5000"),
        ),
        (RestartPolicy::No, starting, bad, Phase::Failed, Some("ended with status 3")),
        (RestartPolicy::No, ready, well, Phase::Completed, None),
        (RestartPolicy::No, ready, bad, Phase::Failed, Some("ended with status 3")),
        (RestartPolicy::OnFailure, ready, well, Phase::Completed, None),
        (RestartPolicy::OnFailure, ready, bad, backoff, Some("ended with status 3")),
        (RestartPolicy::Always, ready, well, backoff, Some("ended with status 0")),
        (RestartPolicy::Always, Phase::Unhealthy { since: AT }, bad, backoff, Some("ended with status 3")),
        (RestartPolicy::No, Phase::Stopping { then: NextPhase::Stopped }, bad, Phase::Stopped, None),
        (RestartPolicy::No, Phase::Stopping { then: NextPhase::Again }, bad, Phase::Waiting, None),
        (RestartPolicy::No, Phase::Stopping { then: NextPhase::Asleep }, bad, Phase::Asleep, None),
        (
            RestartPolicy::No,
            Phase::Stopping { then: NextPhase::Judged },
            bad,
            Phase::Failed,
            Some("it was not well"),
        ),
        (RestartPolicy::No, Phase::Failed, bad, Phase::Failed, None),
        (RestartPolicy::No, Phase::Waiting, bad, Phase::Waiting, None),
    ] {
        let mut service = in_phase(phase);
        service.plan = restarting(policy, 3);
        service.end(exit, AT);
        assert_eq!(
            (service.phase, service.reason.as_deref()),
            (after, reason),
            "{policy:?} {phase:?} {exit}"
        );
        assert_eq!(service.is_set_up, phase == Phase::SettingUp && exit == well);
    }
}

#[test]
fn what_was_seen_last_is_told_with_the_end_of_a_start() {
    for (seen, expected) in [
        ("held by node", "ended with status 3; held by node"),
        ("nothing listens on 5000", "ended with status 3"),
    ] {
        let mut service = in_phase(Phase::Starting { since: AT });
        service.reason = Some(seen.to_owned());
        service.end(ServiceExit::Status(3), AT);
        assert_eq!(service.reason.as_deref(), Some(expected));
        assert_eq!(service.crash(), Some(ServiceExit::Status(3)));
    }
}

#[test]
fn restarts_in_a_row_end_at_their_limit_and_a_run_that_lasted_counts_them_anew() {
    for (max, expected) in
        [(1, "x; 1 restart in a row did not help"), (2, "x; 2 restarts in a row did not help")]
    {
        let mut service = in_phase(Phase::Ready { since: AT });
        service.plan = restarting(RestartPolicy::OnFailure, max);
        for _ in 0..max {
            service.judge("x".to_owned(), AT);
            assert!(matches!(service.phase, Phase::Backoff { .. }));
        }
        service.judge("x".to_owned(), AT);
        assert_eq!((service.phase, service.reason.as_deref()), (Phase::Failed, Some(expected)));
    }
    for (lasted, streak) in [(STABLE, 1), (STABLE.checked_sub(Duration::from_millis(1)).unwrap(), 3)] {
        let mut service = in_phase(Phase::Ready { since: AT });
        service.plan = restarting(RestartPolicy::OnFailure, 9);
        service.streak = 2;
        service.end(ServiceExit::Signal(9), AT + lasted);
        assert_eq!(service.streak, streak, "{lasted:?}");
    }
}

#[test]
fn as_many_looks_in_a_row_as_its_patience_says_change_a_service() {
    let unwell = || LookResult::Unwell("503".to_owned());
    let mut service = in_phase(Phase::Starting { since: AT });
    service.launched = Some(AT);
    service.plan.patience.successes = 2;
    assert!(!service.see(unwell(), AT));
    assert_eq!(service.reason.as_deref(), Some("503"));
    service.see(LookResult::Well, AT * 3);
    assert_eq!((service.phase, service.took), (Phase::Ready { since: AT * 3 }, Some(AT * 2)));
    for said in ["503 (1 of 3 in a row)", "503 (2 of 3 in a row)"] {
        assert!(!service.see(unwell(), AT * 4));
        assert_eq!(service.reason.as_deref(), Some(said));
    }
    service.see(LookResult::Well, AT * 4);
    assert_eq!(service.reason, None, "the count begins anew");
    (0..3).for_each(|_| assert!(!service.see(unwell(), AT * 5)));
    assert_eq!(service.phase, Phase::Unhealthy { since: AT * 3 });
    service.see(LookResult::Well, AT * 6);
    service.see(unwell(), AT * 6);
    service.see(LookResult::Well, AT * 6);
    assert_eq!(service.phase, Phase::Unhealthy { since: AT * 3 }, "twice in a row is needed");
    service.see(LookResult::Well, AT * 7);
    assert_eq!(service.phase, Phase::Ready { since: AT * 7 });
    service.plan = ServicePlan { patience: service.plan.patience, ..restarting(RestartPolicy::Always, 3) };
    let seen: Vec<bool> = (0..3).map(|_| service.see(unwell(), AT * 8)).collect();
    assert_eq!(seen, [false, false, true], "it is stopped for that, and started again");
    service.leaving = Some(NextPhase::Stopped);
    assert!(!service.see(unwell(), AT * 9));
}

#[test]
fn a_start_that_takes_too_long_says_how_long_and_why() {
    let mut service = in_phase(Phase::Starting { since: AT });
    service.reason = Some("503".to_owned());
    service.give_up();
    assert_eq!(
        service.reason.as_deref(),
        Some(format!("not ready within {}: 503", spoken(Duration::from_mins(1))).as_str())
    );
    let mut silent = in_phase(Phase::Starting { since: AT });
    silent.give_up();
    assert_eq!(silent.reason, Some(format!("not ready within {}", spoken(Duration::from_mins(1)))));
}

#[test]
fn what_was_wrong_is_forgotten_at_a_stop_unless_it_is_stopped_for_that() {
    for (then, reason) in [
        (NextPhase::Stopped, None),
        (NextPhase::Again, None),
        (NextPhase::Asleep, None),
        (NextPhase::Judged, Some("503")),
    ] {
        let mut service = in_phase(Phase::Unhealthy { since: AT });
        service.reason = Some("503".to_owned());
        service.leaving = Some(then);
        service.begin_stop(then);
        assert_eq!((service.leaving, service.reason.as_deref()), (None, reason), "{then:?}");
        assert_eq!(service.phase, Phase::Stopping { then });
    }
}

#[test]
fn a_sleep_that_was_in_vain_pauses_twice_as_long_each_time_up_to_a_minute() {
    let mut service = in_phase(Phase::Failed);
    service.is_called = true;
    let pauses: Vec<u64> = (0..8)
        .map(|_| {
            service.sleep_on(AT);
            let pause = (0..100).find(|second| !service.is_pausing(AT + Duration::from_secs(*second)));
            pause.unwrap()
        })
        .collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!((service.phase, service.is_called), (Phase::Asleep, false));
}

#[test]
fn what_rests_or_is_stopped_for_good_is_called_off() {
    let stopping = |then| Phase::Stopping { then };
    for (phase, leaving, expected) in [
        (Phase::Stopped, None, true),
        (Phase::Failed, None, true),
        (Phase::Completed, None, true),
        (Phase::Asleep, None, false),
        (Phase::Ready { since: AT }, None, false),
        (Phase::Ready { since: AT }, Some(NextPhase::Stopped), true),
        (Phase::Ready { since: AT }, Some(NextPhase::Again), false),
        (stopping(NextPhase::Stopped), None, true),
        (stopping(NextPhase::Again), None, false),
        (stopping(NextPhase::Asleep), None, false),
    ] {
        let mut service = in_phase(phase);
        service.leaving = leaving;
        assert_eq!(service.is_called_off(), expected, "{phase:?} {leaving:?}");
    }
}
