//! What becomes of services, in words: one line for each change of one, said once.

use std::collections::BTreeMap;

use super::protocol::ServiceFacts;
use super::service::{Phase, SupervisedService};
use super::state::{ServiceExit, ServiceState, spoken};
use crate::model::service::ServiceName;

/// Answers whether a reason goes without saying: a service that starts does not listen yet.
#[must_use]
pub fn is_obvious(reason: &str) -> bool {
    reason.starts_with("nothing listens")
}

/// Returns what goes on with a service of `fleet`, as it is said when it begins: `ready after 1.2s`.
#[must_use]
pub fn said(service: &SupervisedService, fleet: &BTreeMap<ServiceName, SupervisedService>) -> String {
    let state = service.state();
    let because = || match service.reason.as_deref().filter(|reason| !is_obvious(reason)) {
        Some(reason) => format!("{state}: {reason}"),
        None => state.to_string(),
    };
    match service.phase {
        Phase::Waiting => match missing(service, fleet) {
            Some(missing) => format!("waiting for {missing}"),
            None => state.to_string(),
        },
        Phase::SettingUp => format!("{state}: its setup runs"),
        Phase::Ready { .. } => match service.took {
            Some(took) => format!("{state} after {}", spoken(took)),
            None => state.to_string(),
        },
        Phase::Backoff { .. } => {
            let reason = service.reason.clone().unwrap_or_default();
            let what = service.crash.map_or_else(|| reason.clone(), |exit| crashed(exit, &reason));
            format!("{what}, {}", again(service))
        }
        Phase::Stopped | Phase::Completed | Phase::Asleep => state.to_string(),
        Phase::Starting { .. } | Phase::Unhealthy { .. } | Phase::Stopping { .. } | Phase::Failed => {
            because()
        }
    }
}

/// Returns why a service stands as it does, as the status shows it beside its state.
#[must_use]
pub fn reason(
    service: &SupervisedService,
    fleet: &BTreeMap<ServiceName, SupervisedService>,
) -> Option<String> {
    match service.phase {
        Phase::Waiting => missing(service, fleet).map(|missing| format!("waiting for {missing}")),
        Phase::SettingUp => Some("its setup runs".to_owned()),
        Phase::Backoff { .. } => {
            let reason = service.reason.clone().unwrap_or_default();
            Some(format!("{reason}; {}", again(service)))
        }
        _ => service.reason.clone(),
    }
}

fn again(service: &SupervisedService) -> String {
    let pause = spoken(service.plan.wait_before(service.streak));
    format!("again in {pause} ({} of {})", service.streak, service.plan.restart.max)
}

fn crashed(exit: ServiceExit, reason: &str) -> String {
    // What was seen besides the end itself may be its cause: a stranger on the port.
    let more = reason.strip_prefix(&exit.to_string()).unwrap_or_default();
    let word = if exit.is_success() { "ended" } else { "crashed" };
    match exit {
        ServiceExit::Unknown => format!("ended{more}"),
        exit => format!("{word} ({}{more})", exit.short()),
    }
}

/// The dependencies that have not come far enough.
fn missing(service: &SupervisedService, fleet: &BTreeMap<ServiceName, SupervisedService>) -> Option<String> {
    let needs = service.plan.needs.iter();
    let missing: Vec<String> = needs
        .filter(|(name, condition)| fleet.get(*name).is_none_or(|need| !need.meets(**condition)))
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    (!missing.is_empty()).then(|| missing.join(", "))
}

/// Turns how everything stands, told again and again, into what is new.
#[derive(Clone, Debug, Default)]
pub struct ServiceNews {
    known: Vec<ServiceFacts>,
}

impl ServiceNews {
    /// Returns how everything stood when it was told last.
    #[must_use]
    pub fn known(&self) -> &[ServiceFacts] {
        &self.known
    }

    /// Returns the services with which something new goes on, each with a line about it: `web on 5001 ready after 1.2s`.
    pub fn lines<'a>(&mut self, services: &'a [ServiceFacts]) -> Vec<(&'a ServiceFacts, String)> {
        let before = std::mem::replace(&mut self.known, services.to_vec());
        let find = |name: &ServiceName| before.iter().find(|known| known.service == *name);
        let mut new: Vec<&ServiceFacts> =
            services.iter().filter(|now| is_new(find(&now.service), now)).collect();
        new.sort_by_key(|now| is_consequence(now));
        new.into_iter().map(|now| (now, line(now))).collect()
    }
}

fn is_new(before: Option<&ServiceFacts>, now: &ServiceFacts) -> bool {
    // How it stood before anything was asked for is no news, but what is just going on is.
    let Some(before) = before else {
        return matches!(now.state, ServiceState::Starting | ServiceState::Stopping | ServiceState::Backoff);
    };
    if before.state != now.state {
        return true;
    }
    let is_told_by_state =
        matches!(now.state, ServiceState::Ready | ServiceState::Unhealthy | ServiceState::Stopping);
    let is_only_less = now.news == now.state.as_str() && before.news.starts_with(now.state.as_str());
    before.news != now.news && !is_told_by_state && !is_only_less
}

/// Of what is told at once, an end comes before what it made begin or fail.
fn is_consequence(now: &ServiceFacts) -> bool {
    matches!(now.state, ServiceState::Starting | ServiceState::Stopping)
        || now.news.starts_with("failed: needs `")
}

fn line(now: &ServiceFacts) -> String {
    let port = now.port.map(|port| format!(" on {port}")).unwrap_or_default();
    let news = if now.news.is_empty() { now.state.as_str() } else { &now.news };
    format!("{}{port} {news}", now.service)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(name: &str, state: ServiceState, news: &str) -> ServiceFacts {
        ServiceFacts {
            service: name.parse().unwrap(),
            state,
            port: crate::model::port::Port::new(5001),
            pid: None,
            pids: Vec::new(),
            since: None,
            restarts: 0,
            reason: None,
            news: news.to_owned(),
            samples: Vec::new(),
        }
    }

    #[test]
    fn each_change_is_said_once_and_how_it_stood_before_is_none() {
        let mut news = ServiceNews::default();
        let ready = facts("db", ServiceState::Ready, "ready after 1s");
        assert!(news.lines(std::slice::from_ref(&ready)).is_empty());
        for (state, said, expected) in [
            (ServiceState::Starting, "waiting for `db`", vec!["web on 5001 waiting for `db`"]),
            (ServiceState::Starting, "starting", vec!["web on 5001 starting"]),
            (ServiceState::Starting, "starting", vec![]),
            (
                ServiceState::Starting,
                "starting: its setup runs",
                vec!["web on 5001 starting: its setup runs"],
            ),
            (ServiceState::Starting, "starting", vec![]),
            (ServiceState::Ready, "ready after 2s", vec!["web on 5001 ready after 2s"]),
            (ServiceState::Unhealthy, "unhealthy: 503", vec!["web on 5001 unhealthy: 503"]),
            (ServiceState::Unhealthy, "unhealthy: 504", vec![]),
            (ServiceState::Stopping, "stopping", vec!["web on 5001 stopping"]),
            (ServiceState::Stopped, "stopped", vec!["web on 5001 stopped"]),
        ] {
            let all = [ready.clone(), facts("web", state, said)];
            let lines: Vec<String> = news.lines(&all).into_iter().map(|(_, line)| line).collect();
            assert_eq!(lines, expected, "{said}");
            assert_eq!(news.known(), all);
        }
    }

    #[test]
    fn what_just_goes_on_is_news_and_an_end_comes_before_what_it_made_begin() {
        let lines = |all: &[ServiceFacts]| {
            let mut news = ServiceNews::default();
            news.lines(all).into_iter().map(|(_, line)| line).collect::<Vec<_>>()
        };
        for (state, is_told) in [
            (ServiceState::Starting, true),
            (ServiceState::Stopping, true),
            (ServiceState::Backoff, true),
            (ServiceState::Ready, false),
            (ServiceState::Failed, false),
        ] {
            let portless = ServiceFacts { port: None, ..facts("web", state, "") };
            let expected = is_told.then(|| format!("web {state}"));
            assert_eq!(lines(&[portless]), expected.into_iter().collect::<Vec<_>>());
        }
        let mut news = ServiceNews::default();
        let before = ["a", "b", "c"].map(|name| facts(name, ServiceState::Ready, "ready"));
        news.lines(&before);
        let after = [
            facts("a", ServiceState::Failed, "failed: needs `c`"),
            facts("b", ServiceState::Starting, "starting"),
            facts("c", ServiceState::Failed, "failed: ended"),
        ];
        let order: Vec<&str> = news.lines(&after).iter().map(|(now, _)| now.service.as_str()).collect();
        assert_eq!(order, ["c", "a", "b"]);
    }

    #[test]
    fn the_end_of_a_run_is_told_with_its_kind_and_what_was_seen_besides() {
        for (exit, more, expected) in [
            (ServiceExit::Status(3), "; held by node", "crashed (STATUS; held by node)"),
            (ServiceExit::Status(0), "", "ended (STATUS)"),
            (ServiceExit::Unknown, "; x", "ended; x"),
        ] {
            let told = crashed(exit, &format!("{exit}{more}"));
            assert_eq!(told, expected.replace("STATUS", &exit.short()));
            assert_eq!(crashed(exit, "another"), expected.replace("STATUS", &exit.short()).replace(more, ""));
        }
        assert!(is_obvious("nothing listens on 5000") && !is_obvious("503"));
    }
}
