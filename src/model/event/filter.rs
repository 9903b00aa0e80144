//! Which events are asked for.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{Event, EventKind};

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// The root of a repository; events that belong to none are everybody's. `None` for all.
    pub repository: Option<PathBuf>,
    pub worktree: Option<String>,
    /// Any of these; empty for all.
    pub kinds: Vec<EventKind>,
    pub since: Option<Timestamp>,
}

impl EventFilter {
    /// Answers whether `event` is among what is asked for.
    #[must_use]
    pub fn admits(&self, event: &Event) -> bool {
        self.repository.as_ref().is_none_or(|root| event.concerns(root))
            && self.worktree.as_ref().is_none_or(|name| event.worktree.as_ref() == Some(name))
            && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.since.is_none_or(|since| event.at >= since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wish_must_admit_an_event_and_no_wish_admits_all() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let event = Event::new("created").of("/r", "w").numbered(1, at(100));
        let of_all = Event::new("port_excluded").numbered(2, at(100));
        let all = EventFilter::default();
        assert!(all.admits(&event) && all.admits(&of_all));
        let here = EventFilter { repository: Some("/r".into()), ..EventFilter::default() };
        let there = EventFilter { repository: Some("/s".into()), ..EventFilter::default() };
        assert!(here.admits(&event) && !there.admits(&event) && there.admits(&of_all));
        let worktree = EventFilter { worktree: Some("w".to_owned()), ..EventFilter::default() };
        assert!(worktree.admits(&event) && !worktree.admits(&of_all));
        let kinds = EventFilter { kinds: vec![EventKind::Port, EventKind::Setup], ..EventFilter::default() };
        assert!(!kinds.admits(&event) && kinds.admits(&of_all));
        let since = |second| EventFilter { since: Some(at(second)), ..EventFilter::default() };
        assert!(since(100).admits(&event) && !since(101).admits(&event));
    }
}
