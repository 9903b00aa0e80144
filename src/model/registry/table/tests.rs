//! Look-ups over the entries of a registry, and what its changes keep.

use super::*;
use crate::model::checks::sample::{entry, port};
use crate::model::registry::note::Gone;

#[test]
fn conflicts_are_counted_by_kind_purpose_and_service_and_each_is_an_event() {
    let mut registry = Registry::default();
    let purpose: Purpose = "feature".parse().unwrap();
    let services = ["web", "api"].map(|name| name.parse::<ServiceName>().unwrap());
    let ports = [port(5000), port(5001)];
    let met = Met { ports: &ports, holders: &[], policy: "retry", outcome: "passed_over" };
    let at = Timestamp::UNIX_EPOCH;
    for (purpose, service) in [
        (Some(&purpose), &services[0]),
        (Some(&purpose), &services[0]),
        (Some(&purpose), &services[1]),
        (None, &services[0]),
    ] {
        registry.note_conflict((Path::new("/r"), "a"), purpose, service, met, at);
    }
    registry.count_conflict("registry", Some(&purpose), &services[0]);
    let counted: Vec<(&str, Option<&str>, &str, u64)> = registry
        .counters
        .iter()
        .map(|known| {
            let purpose = known.purpose.as_ref().map(Purpose::as_str);
            (known.kind.as_str(), purpose, known.service.as_str(), known.count)
        })
        .collect();
    assert_eq!(
        counted,
        [
            ("system", Some("feature"), "web", 2),
            ("system", Some("feature"), "api", 1),
            ("system", None, "web", 1),
            ("registry", Some("feature"), "web", 1),
        ]
    );
    assert_eq!((registry.events.len(), registry.sequence), (4, 4));
    let expected = Event::new("port_conflict")
        .of("/r", "a")
        .with("conflict_kind", "system")
        .with("purpose", "feature")
        .with("service", "web")
        .with("ports", vec![5000, 5001])
        .with("holders", Value::Array(Vec::new()))
        .with("policy", "retry")
        .with("outcome", "passed_over")
        .numbered(1, at);
    assert_eq!(registry.events[0], expected);
}

#[test]
fn entries_are_found_by_name_place_port_and_number_while_they_live() {
    let mut registry = Registry::default();
    let a = registry.insert(entry("a", 0, &[5000]));
    let b = registry.insert(Entry { repository_id: RepositoryId("s".to_owned()), ..entry("b", 0, &[5001]) });
    assert_eq!((a.sequence, b.sequence, registry.sequence), (1, 2, 2));
    let ids = [&a.repository_id, &b.repository_id];
    let living = |registry: &Registry, id: &RepositoryId| {
        registry.living(id).map(|entry| entry.sequence).collect::<Vec<_>>()
    };
    assert_eq!(ids.map(|id| living(&registry, id)), [[1], [2]]);
    assert_eq!(registry.find_living(ids[0], "a"), Some(&a));
    assert_eq!((registry.find_living(ids[0], "b"), registry.find_living(ids[1], "a")), (None, None));
    assert_eq!((registry.find_at(Path::new("/w/b")), registry.find_at(Path::new("/w/c"))), (Some(&b), None));
    assert_eq!((registry.find_owner(port(5001)), registry.find_owner(port(5002))), (Some(&b), None));
    assert_eq!(registry.find_by_sequence(2).map(|entry| entry.name.clone()).as_deref(), Some("b"));
    assert_eq!(registry.find_by_sequence(3), None);
    let trash = serde_json::json!({
        "token": "t", "folder": "/t", "admin": "/a", "removed_at": Timestamp::UNIX_EPOCH, "until": Timestamp::UNIX_EPOCH,
    });
    for known in registry.entries_mut() {
        let trash = serde_json::from_value(trash.clone()).unwrap();
        known.state = crate::model::registry::entry::EntryState::Removed { trash };
    }
    assert_eq!(ids.map(|id| living(&registry, id)), [[0; 0], []]);
    assert_eq!((registry.find_living(ids[0], "a"), registry.find_at(Path::new("/w/b"))), (None, None));
    assert_eq!(registry.find_owner(port(5001)), None);
}

#[test]
fn what_is_taken_out_is_what_was_meant_and_the_others_keep_their_order() {
    let mut registry = Registry::default();
    for name in ["a", "b", "c", "d"] {
        registry.insert(entry(name, 0, &[]));
    }
    registry.worktrees.insert(1, RegistryRow::Unreadable(Value::from(7)));
    assert_eq!(registry.take(|entry| entry.name == "b").map(|entry| entry.sequence), Some(2));
    assert_eq!(registry.take(|entry| entry.name == "b"), None);
    let taken = registry.take_all(|entry| entry.name != "c");
    assert_eq!(taken.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a", "d"]);
    assert_eq!(registry.worktrees.len(), 2);
    assert_eq!(registry.entries().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["c"]);
}

#[test]
fn a_repository_that_is_seen_again_keeps_what_was_wished_for_it() {
    let record = |path: &str| RepositoryRecord {
        id: RepositoryId("r".to_owned()),
        path: path.into(),
        common_dir: Path::new(path).join(".git"),
        device: 1,
        inode: 1,
        hooks_wanted: false,
        gone: Gone::default(),
        extra: Map::new(),
    };
    let mut registry = Registry::default();
    let (own, other) = (RepositoryId("r".to_owned()), RepositoryId("s".to_owned()));
    registry.want_hooks(&own, true);
    assert!(!registry.wants_hooks(&own), "it is not known");
    registry.remember_repository(record("/r"));
    registry.want_hooks(&other, true);
    assert!(!registry.wants_hooks(&own));
    registry.want_hooks(&own, true);
    assert!(registry.wants_hooks(&own) && !registry.wants_hooks(&other));
    registry.repositories[0].extra.insert("later".to_owned(), Value::from(1));
    registry.repositories[0].gone.gone_since.write(&Timestamp::UNIX_EPOCH);
    let before = registry.repositories[0].clone();
    registry.remember_repository(record("/moved"));
    let moved = RepositoryRecord { path: "/moved".into(), common_dir: "/moved/.git".into(), ..before };
    assert_eq!(registry.repositories[0], moved);
    assert!(registry.wants_hooks(&own));
    let paths: Vec<&Path> = registry.repositories.iter().map(|known| known.path.as_path()).collect();
    assert_eq!(paths, [Path::new("/moved")]);
}

#[test]
fn what_cannot_be_read_is_told_with_its_list_and_taken_out_of_all_but_the_worktrees() {
    let lists = ["repositories", "worktrees", "exclusions", "former", "counters", "debts"];
    let members: serde_json::Map<String, Value> =
        lists.iter().map(|list| ((*list).to_owned(), serde_json::json!([{ "of": list }]))).collect();
    let text = serde_json::to_string(&members).unwrap().replacen('{', "{\"schema\":1,", 1);
    let mut registry: Registry = serde_json::from_str(&text).unwrap();
    let mut told: Vec<(&str, Value)> =
        registry.unreadable_rows().map(|(list, row)| (list, row["of"].clone())).collect();
    told.sort_by_key(|(list, _)| lists.iter().position(|known| known == list));
    assert_eq!(told, lists.map(|list| (list, list.into())));
    let taken: Vec<Value> = registry.take_unreadable_rows().iter().map(|row| row["of"].clone()).collect();
    assert_eq!(taken, ["repositories", "exclusions", "former", "counters", "debts"]);
    assert_eq!(registry.unreadable_rows().map(|(list, _)| list).collect::<Vec<_>>(), ["worktrees"]);
}
