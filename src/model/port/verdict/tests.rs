//! Every verdict, and what wins where several hold.

use super::*;
use crate::model::port::holder::Background;
use crate::model::port::listener::{Listener, WorktreeKey};
use crate::model::port::sample::{USER, claim};
use crate::model::port::tenant::Tenant;
use crate::model::registry::repository::RepositoryId;

const NOTHING: Evidence<'static> =
    Evidence { probe: Probe::Free, exclusion: None, traffic: Traffic::None, claim: None };

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

fn ruled(situation: &Situation, evidence: &Evidence<'_>) -> Verdict {
    let ruling = rule(situation, evidence);
    assert!(!ruling.reason.is_empty());
    ruling.verdict
}

fn held(sockets: &[Listener], tenants: &[Tenant]) -> Verdict {
    ruled(&situation(tenants, sockets, None), &Evidence { probe: Probe::Busy, ..NOTHING })
}

#[test]
fn what_nobody_holds_is_told_by_the_probe_the_registry_and_the_connections() {
    let busy = Evidence { probe: Probe::Busy, ..NOTHING };
    let (nobody, login) = (situation(&[], &[], None), situation(&[tenant("login")], &[], None));
    let published = situation(&[], &[], Some("db"));
    for (situation, evidence, expected) in [
        (&nobody, NOTHING, Verdict::Free),
        (&nobody, Evidence { traffic: Traffic::Past, ..NOTHING }, Verdict::TimeWait),
        (&nobody, Evidence { traffic: Traffic::Present, ..NOTHING }, Verdict::Free),
        (&login, NOTHING, Verdict::Allocated),
        (&login, Evidence { exclusion: Some("x"), ..NOTHING }, Verdict::Allocated),
        (&nobody, Evidence { exclusion: Some("x"), traffic: Traffic::Past, ..NOTHING }, Verdict::Excluded),
        (&nobody, Evidence { probe: Probe::Denied, exclusion: Some("x"), ..NOTHING }, Verdict::Privileged),
        (&nobody, busy, Verdict::Bound),
        (&nobody, Evidence { traffic: Traffic::Past, ..busy }, Verdict::Outgoing),
        (&nobody, Evidence { traffic: Traffic::Present, ..busy }, Verdict::Outgoing),
        (&published, busy, Verdict::Container),
    ] {
        assert_eq!(ruled(situation, &evidence), expected, "{evidence:?}");
    }
}

#[test]
fn a_listener_is_ours_a_siblings_or_a_strangers() {
    let login = [tenant("login")];
    assert_eq!(held(&[socket("node", Some("login"))], &login), Verdict::OwnListener);
    assert_eq!(held(&[socket("node", Some("pay"))], &login), Verdict::Sibling);
    assert_eq!(held(&[socket("node", Some("pay"))], &[]), Verdict::Sibling);
    assert_eq!(held(&[socket("node", None)], &login), Verdict::Stranger);
    assert_eq!(held(&[socket("docker-proxy", None)], &login), Verdict::Container);
    let other = Listener { user: 0, ..socket("node", None) };
    assert_eq!(held(&[other], &[]), Verdict::OtherUser);
}

#[test]
fn a_worktree_of_another_repository_with_the_same_name_is_a_sibling() {
    let mut socket = socket("node", Some("login"));
    socket.owners[0].belongs_to =
        Some(WorktreeKey { repository: RepositoryId("other".to_owned()), name: "login".to_owned() });
    assert_eq!(held(&[socket], &[tenant("login")]), Verdict::Sibling);
}

#[test]
fn a_process_out_of_sight_is_not_free_and_its_user_decides() {
    let out_of_sight = |user| Listener { owners: Vec::new(), user, ..socket("", None) };
    assert_eq!(held(&[out_of_sight(0)], &[]), Verdict::OtherUser);
    assert_eq!(held(&[out_of_sight(1000)], &[]), Verdict::Stranger);
    let sockets = [out_of_sight(0)];
    let published = situation(&[], &sockets, Some("db"));
    assert_eq!(ruled(&published, &Evidence { probe: Probe::Busy, ..NOTHING }), Verdict::Container);
}

#[test]
fn ours_on_one_address_and_a_stranger_on_another_is_a_strangers_and_says_both() {
    let mut stranger = Listener { address: "::1".parse().unwrap(), ..socket("python3", None) };
    stranger.owners[0].pid = 43;
    for sockets in
        [[socket("node", Some("login")), stranger.clone()], [stranger.clone(), socket("node", Some("login"))]]
    {
        let tenants = [tenant("login")];
        let ruling = rule(&situation(&tenants, &sockets, None), &Evidence { probe: Probe::Busy, ..NOTHING });
        assert_eq!((ruling.verdict, ruling.owners.len()), (Verdict::Stranger, 2));
        assert!(ruling.reason.contains("requests reach either"), "{}", ruling.reason);
    }
}

#[test]
fn several_servers_of_one_worktree_on_one_port_are_its_own() {
    let mut second = socket("node", Some("login"));
    second.owners[0].pid = 43;
    let sockets = [socket("node", Some("login")), second];
    assert_eq!(held(&sockets, &[tenant("login")]), Verdict::OwnListener);
}

#[test]
fn a_bound_socket_is_bound_unless_wt_keeps_it_for_its_worktree() {
    let bound = |command, of| Listener { listening: false, ..socket(command, of) };
    assert_eq!(held(&[bound("node", None)], &[]), Verdict::Bound);
    assert_eq!(held(&[bound("node", Some("login"))], &[tenant("login")]), Verdict::Bound);
    assert_eq!(held(&[bound("wt", Some("login"))], &[tenant("login")]), Verdict::Allocated);
    assert_eq!(held(&[bound("wt", Some("pay"))], &[tenant("login")]), Verdict::Bound);
    let with_server = [bound("wt", Some("login")), socket("node", Some("login"))];
    assert_eq!(held(&with_server, &[tenant("login")]), Verdict::OwnListener);
}

#[test]
fn the_words_are_those_of_the_answers() {
    let all = [
        Verdict::Free,
        Verdict::Allocated,
        Verdict::OwnListener,
        Verdict::Sibling,
        Verdict::Stranger,
        Verdict::OtherUser,
        Verdict::Container,
        Verdict::Bound,
        Verdict::Outgoing,
        Verdict::TimeWait,
        Verdict::Excluded,
        Verdict::Privileged,
    ];
    for verdict in all {
        assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.as_str());
        assert_eq!(verdict.is_free(), ["free", "time_wait"].contains(&verdict.as_str()));
    }
}
