//! Every verdict, and what wins where several hold.

use super::*;
use crate::model::port::holder::Background;
use crate::model::port::listener::{Listener, WorktreeKey};
use crate::model::port::sample::{USER, claim};
use crate::model::port::tenant::Tenant;
use crate::model::registry::repository::RepositoryId;

const NOTHING: PortEvidence<'static> =
    PortEvidence { probe: Probe::Free, exclusion: None, traffic: Traffic::None, claim: None };

fn socket(command: &str, of: Option<&str>) -> Listener {
    let mut socket = crate::model::port::sample::socket(of);
    socket.owners[0].command = command.to_owned();
    socket
}

fn tenant(name: &str) -> Tenant {
    claim(name, 5000, 1)
}

fn situation(tenants: &[Tenant], sockets: &[Listener], container: Option<&str>) -> Situation {
    let background = Background { user: Some(USER), container, ..Background::default() };
    Situation::of(Port::new(5000).unwrap(), tenants.to_vec(), sockets, &background)
}

fn ruled(situation: &Situation, evidence: &PortEvidence<'_>) -> PortVerdict {
    let ruling = rule(situation, evidence);
    assert!(!ruling.reason.is_empty());
    ruling.verdict
}

fn held(sockets: &[Listener], tenants: &[Tenant]) -> PortVerdict {
    ruled(&situation(tenants, sockets, None), &PortEvidence { probe: Probe::Busy, ..NOTHING })
}

#[test]
fn what_nobody_holds_is_told_by_the_probe_the_registry_and_the_connections() {
    let busy = PortEvidence { probe: Probe::Busy, ..NOTHING };
    let (nobody, login) = (situation(&[], &[], None), situation(&[tenant("login")], &[], None));
    let published = situation(&[], &[], Some("db"));
    for (situation, evidence, expected) in [
        (&nobody, NOTHING, PortVerdict::Free),
        (&nobody, PortEvidence { traffic: Traffic::Past, ..NOTHING }, PortVerdict::TimeWait),
        (&nobody, PortEvidence { traffic: Traffic::Present, ..NOTHING }, PortVerdict::Free),
        (&login, NOTHING, PortVerdict::Allocated),
        (&login, PortEvidence { exclusion: Some("x"), ..NOTHING }, PortVerdict::Allocated),
        (
            &nobody,
            PortEvidence { exclusion: Some("x"), traffic: Traffic::Past, ..NOTHING },
            PortVerdict::Excluded,
        ),
        (
            &nobody,
            PortEvidence { probe: Probe::Denied, exclusion: Some("x"), ..NOTHING },
            PortVerdict::Privileged,
        ),
        (&nobody, busy, PortVerdict::Bound),
        (&nobody, PortEvidence { traffic: Traffic::Past, ..busy }, PortVerdict::Outgoing),
        (&nobody, PortEvidence { traffic: Traffic::Present, ..busy }, PortVerdict::Outgoing),
        (&published, busy, PortVerdict::Container),
    ] {
        assert_eq!(ruled(situation, &evidence), expected, "{evidence:?}");
    }
}

#[test]
fn a_listener_is_ours_a_siblings_or_a_strangers() {
    let login = [tenant("login")];
    assert_eq!(held(&[socket("node", Some("login"))], &login), PortVerdict::OwnListener);
    assert_eq!(held(&[socket("node", Some("pay"))], &login), PortVerdict::Sibling);
    assert_eq!(held(&[socket("node", Some("pay"))], &[]), PortVerdict::Sibling);
    assert_eq!(held(&[socket("node", None)], &login), PortVerdict::Stranger);
    assert_eq!(held(&[socket("docker-proxy", None)], &login), PortVerdict::Container);
    let other = Listener { user: 0, ..socket("node", None) };
    assert_eq!(held(&[other], &[]), PortVerdict::OtherUser);
}

#[test]
fn a_worktree_of_another_repository_with_the_same_name_is_a_sibling() {
    let mut socket = socket("node", Some("login"));
    socket.owners[0].belongs_to =
        Some(WorktreeKey { repository: RepositoryId("other".to_owned()), name: "login".to_owned() });
    assert_eq!(held(&[socket], &[tenant("login")]), PortVerdict::Sibling);
}

#[test]
fn a_process_out_of_sight_is_not_free_and_its_user_decides() {
    let out_of_sight = |user| Listener { owners: Vec::new(), user, ..socket("", None) };
    assert_eq!(held(&[out_of_sight(0)], &[]), PortVerdict::OtherUser);
    assert_eq!(held(&[out_of_sight(1000)], &[]), PortVerdict::Stranger);
    let sockets = [out_of_sight(0)];
    let published = situation(&[], &sockets, Some("db"));
    assert_eq!(ruled(&published, &PortEvidence { probe: Probe::Busy, ..NOTHING }), PortVerdict::Container);
}

#[test]
fn ours_on_one_address_and_a_stranger_on_another_is_a_strangers_and_says_both() {
    let mut stranger = Listener { address: "::1".parse().unwrap(), ..socket("python3", None) };
    stranger.owners[0].pid = 43;
    for sockets in
        [[socket("node", Some("login")), stranger.clone()], [stranger.clone(), socket("node", Some("login"))]]
    {
        let tenants = [tenant("login")];
        let ruling =
            rule(&situation(&tenants, &sockets, None), &PortEvidence { probe: Probe::Busy, ..NOTHING });
        assert_eq!((ruling.verdict, ruling.owners.len()), (PortVerdict::Stranger, 2));
        assert!(ruling.reason.contains("requests reach either"), "{}", ruling.reason);
    }
}

#[test]
fn several_servers_of_one_worktree_on_one_port_are_its_own() {
    let mut second = socket("node", Some("login"));
    second.owners[0].pid = 43;
    let sockets = [socket("node", Some("login")), second];
    assert_eq!(held(&sockets, &[tenant("login")]), PortVerdict::OwnListener);
}

#[test]
fn a_bound_socket_is_bound_unless_wt_keeps_it_for_its_worktree() {
    let bound = |command, of| Listener { listening: false, ..socket(command, of) };
    assert_eq!(held(&[bound("node", None)], &[]), PortVerdict::Bound);
    assert_eq!(held(&[bound("node", Some("login"))], &[tenant("login")]), PortVerdict::Bound);
    assert_eq!(held(&[bound("wt", Some("login"))], &[tenant("login")]), PortVerdict::Allocated);
    assert_eq!(held(&[bound("wt", Some("pay"))], &[tenant("login")]), PortVerdict::Bound);
    let with_server = [bound("wt", Some("login")), socket("node", Some("login"))];
    assert_eq!(held(&with_server, &[tenant("login")]), PortVerdict::OwnListener);
}

#[test]
fn the_words_are_those_of_the_answers() {
    let all = [
        PortVerdict::Free,
        PortVerdict::Allocated,
        PortVerdict::OwnListener,
        PortVerdict::Sibling,
        PortVerdict::Stranger,
        PortVerdict::OtherUser,
        PortVerdict::Container,
        PortVerdict::Bound,
        PortVerdict::Outgoing,
        PortVerdict::TimeWait,
        PortVerdict::Excluded,
        PortVerdict::Privileged,
    ];
    for verdict in all {
        assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.as_str());
        assert_eq!(verdict.is_free(), ["free", "time_wait"].contains(&verdict.as_str()));
    }
}

#[test]
fn strays_are_called_so_unless_somebody_graver_holds_the_port() {
    let strays = crate::model::port::sample::strays(42, "gone");
    let background = Background { user: Some(USER), strays: Some(&strays), ..Background::default() };
    let busy = PortEvidence { probe: Probe::Busy, ..NOTHING };
    let ruling = |sockets: &[Listener]| {
        rule(&Situation::of(Port::new(5000).unwrap(), Vec::new(), sockets, &background), &busy)
    };
    let mut stranger = Listener { address: "::1".parse().unwrap(), ..socket("python3", None) };
    stranger.owners[0].pid = 43;
    let bound = Listener { listening: false, ..socket("node", None) };
    for (sockets, verdict, is_stray, word) in [
        (&[socket("node", None)][..], PortVerdict::Stranger, true, "stray: "),
        (&[socket("node", None), stranger.clone()], PortVerdict::Stranger, false, "stranger: "),
        (&[stranger], PortVerdict::Stranger, false, "stranger: "),
        (&[bound], PortVerdict::Bound, false, "bound: "),
    ] {
        let ruling = ruling(sockets);
        assert_eq!((ruling.verdict, ruling.is_stray()), (verdict, is_stray), "{sockets:?}");
        assert!(ruling.told().starts_with(word), "{}", ruling.told());
    }
}

#[test]
fn the_reason_says_who_holds_a_port_and_what_it_is_to_whoever_has_it() {
    let login = [tenant("login")];
    let busy = PortEvidence { probe: Probe::Busy, ..NOTHING };
    let reason = |tenants: &[Tenant], sockets: &[Listener], evidence: &PortEvidence<'_>| {
        rule(&situation(tenants, sockets, None), evidence).reason
    };
    let bound = |command, of| Listener { listening: false, ..socket(command, of) };
    let had = situation(&login, &[], None).had_by().unwrap();
    for (sockets, expected) in [
        (bound("wt", Some("login")), format!("{had}, nothing listens; kept for it by wt")),
        (
            bound("node", Some("login")),
            format!("node (pid 42, worktree login) is bound to it and does not listen; {had}"),
        ),
        (
            socket("node", Some("login")),
            format!("{had}, its own server listens: node (pid 42, worktree login)"),
        ),
    ] {
        assert_eq!(reason(&login, &[sockets], &busy), expected);
    }
    assert_eq!(
        reason(&[], &[bound("node", None)], &busy),
        "held by node (pid 42), a stranger; it is bound and does not listen"
    );
    for (tenants, evidence, expected) in [
        (&[][..], NOTHING, "nobody has it".to_owned()),
        (
            &[],
            PortEvidence { traffic: Traffic::Past, ..NOTHING },
            "recently used (TIME_WAIT); free for a server".to_owned(),
        ),
        (&[], PortEvidence { exclusion: Some("ours"), ..NOTHING }, "excluded: ours".to_owned()),
        (&login, NOTHING, format!("{had}, nothing listens")),
        (&login, busy, format!("busy, and the system does not say who has it; {had}")),
        (
            &[],
            PortEvidence { traffic: Traffic::Present, ..busy },
            "used by an outgoing connection".to_owned(),
        ),
        (
            &[],
            PortEvidence { traffic: Traffic::Past, ..busy },
            "kept by a connection that ended a moment ago (TIME_WAIT); free within a minute".to_owned(),
        ),
        (
            &[],
            PortEvidence { probe: Probe::Denied, ..NOTHING },
            "the system does not let this user bind it".to_owned(),
        ),
    ] {
        assert_eq!(reason(tenants, &[], &evidence), expected);
    }
}

#[test]
fn a_verdict_is_told_once_and_with_its_reason() {
    for (verdict, reason, expected) in [
        (PortVerdict::Free, "", "free"),
        (PortVerdict::Free, "nobody has it", "free: nobody has it"),
        (PortVerdict::TimeWait, "recently used", "free: recently used"),
        (PortVerdict::Excluded, "excluded: ours", "excluded: ours"),
        (PortVerdict::OwnListener, "node", "own server: node"),
        (PortVerdict::OtherUser, "node", "another user's: node"),
    ] {
        assert_eq!(verdict.told(reason), expected);
    }
}
