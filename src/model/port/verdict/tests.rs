//! Every verdict, and what wins where several hold.

use super::*;
use crate::model::registry::repository::RepositoryId;

fn key(name: &str) -> WorktreeKey {
    WorktreeKey { repository: RepositoryId("r".to_owned()), name: name.to_owned() }
}

fn socket(command: &str, of: Option<&str>) -> Listener {
    let owner = Owner {
        pid: 42,
        command: command.to_owned(),
        folder: None,
        user: Some("me".to_owned()),
        worktree: of.map(ToOwned::to_owned),
        since: None,
        belongs_to: of.map(key),
        started: 7,
        parent: 1,
    };
    Listener {
        port: "5003".parse().unwrap(),
        address: "127.0.0.1".parse().unwrap(),
        listening: true,
        user: 1000,
        inode: 9,
        owners: vec![owner],
    }
}

fn tenant(name: &str) -> Tenant {
    Tenant { worktree: key(name), service: "web".parse().unwrap() }
}

const NOTHING: Evidence<'static> = Evidence {
    probe: Probe::Free,
    sockets: &[],
    tenants: &[],
    exclusion: None,
    traffic: Traffic::None,
    container: None,
    user: 1000,
};

fn verdict(evidence: &Evidence<'_>) -> Verdict {
    let judgement = judge("5003".parse().unwrap(), evidence);
    assert!(!judgement.reason.is_empty());
    judgement.verdict
}

fn held(sockets: &[Listener], tenants: &[Tenant]) -> Verdict {
    verdict(&Evidence { probe: Probe::Busy, sockets, tenants, ..NOTHING })
}

#[test]
fn what_nobody_holds_is_told_by_the_probe_the_registry_and_the_connections() {
    let busy = Evidence { probe: Probe::Busy, ..NOTHING };
    let login = [tenant("login")];
    for (evidence, expected) in [
        (NOTHING, Verdict::Free),
        (Evidence { traffic: Traffic::Past, ..NOTHING }, Verdict::TimeWait),
        (Evidence { traffic: Traffic::Present, ..NOTHING }, Verdict::Free),
        (Evidence { tenants: &login, ..NOTHING }, Verdict::Allocated),
        (Evidence { tenants: &login, exclusion: Some("x"), ..NOTHING }, Verdict::Allocated),
        (Evidence { exclusion: Some("x"), traffic: Traffic::Past, ..NOTHING }, Verdict::Excluded),
        (Evidence { probe: Probe::Denied, exclusion: Some("x"), ..NOTHING }, Verdict::Privileged),
        (busy, Verdict::Bound),
        (Evidence { traffic: Traffic::Past, ..busy }, Verdict::Outgoing),
        (Evidence { traffic: Traffic::Present, ..busy }, Verdict::Outgoing),
        (Evidence { container: Some("db"), ..busy }, Verdict::Container),
    ] {
        assert_eq!(verdict(&evidence), expected, "{evidence:?}");
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
    let published = Evidence { sockets: &sockets, container: Some("db"), ..NOTHING };
    assert_eq!(verdict(&published), Verdict::Container);
}

#[test]
fn ours_on_one_address_and_a_stranger_on_another_is_a_strangers_and_says_both() {
    let stranger = Listener { address: "::1".parse().unwrap(), ..socket("python3", None) };
    for sockets in
        [[socket("node", Some("login")), stranger.clone()], [stranger.clone(), socket("node", Some("login"))]]
    {
        let tenants = [tenant("login")];
        let evidence = Evidence { probe: Probe::Busy, sockets: &sockets, tenants: &tenants, ..NOTHING };
        let judgement = judge("5003".parse().unwrap(), &evidence);
        assert_eq!((judgement.verdict, judgement.owners.len()), (Verdict::Stranger, 2));
        assert!(judgement.reason.contains("requests reach either"), "{}", judgement.reason);
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
