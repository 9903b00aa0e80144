//! What a record says of its worktree, and how it is written down.

use super::*;
use crate::model::checks::sample;

#[test]
fn a_block_lies_in_the_usual_file_unless_others_are_named() {
    let mut entry = sample::entry("a", 0, &[]);
    assert_eq!(entry.block_files(), [".env"]);
    entry.name_block_files(&["server/.env".to_owned()]);
    assert_eq!(entry.block_files(), ["server/.env"]);
    entry.name_block_files(&[".env".to_owned()]);
    assert!(entry.env_files.is_empty(), "an earlier wt reads the usual one too");
    assert_eq!(entry.block_files(), [".env"]);
    entry.env = false;
    assert!(entry.block_files().is_empty(), "it has no block");
}

fn named(entry: &Entry) -> Vec<String> {
    entry.services().iter().map(|(service, port)| format!("{service}:{port}")).collect()
}

#[test]
fn a_port_that_is_given_stands_before_those_that_the_order_names_later() {
    let order = ["web", "api", "db"].map(|name| name.parse().unwrap());
    for (service, expected) in [
        ("web", ["web:5001", "api:5000", "mail:5002"]),
        ("db", ["api:5000", "mail:5002", "db:5001"]),
        ("other", ["api:5000", "mail:5002", "other:5001"]),
    ] {
        let mut entry = sample::entry("a", 0, &[]);
        let allocation = |service: &str, port| {
            Allocation::new(sample::port(port), service.parse().unwrap(), entry.created_at)
        };
        let given = [allocation("api", 5000), allocation("mail", 5002), allocation(service, 5001)];
        for allocation in given {
            entry.give(allocation, &order);
        }
        assert_eq!(named(&entry), expected, "{service}");
        let ports: Vec<String> = entry.ports().map(|port| port.to_string()).collect();
        assert_eq!(ports, expected.map(|said| said.split_once(':').unwrap().1));
    }
}

#[test]
fn each_state_is_written_with_its_companions_and_read_back() {
    let process = ProcessId { pid: 7, started: 1, boot: String::new(), namespace: String::new() };
    let journal: Journal = serde_json::from_str(r#"{"token":"t","commit":"c"}"#).unwrap();
    let trash: Trash = serde_json::from_str(
        r#"{"token":"t","folder":"/t","admin":"/a","removed_at":"1970-01-01T00:00:00Z","until":"1970-01-02T00:00:00Z"}"#,
    )
    .unwrap();
    for (state, word, companions, is_living, may_run) in [
        (
            EntryState::Creating { process: process.clone(), journal },
            "creating",
            &["process", "journal"][..],
            true,
            true,
        ),
        (EntryState::Active, "active", &[], true, true),
        (
            EntryState::Removing { process, trash: trash.clone() },
            "removing",
            &["process", "trash"],
            true,
            false,
        ),
        (EntryState::Removed { trash }, "removed", &["trash"], false, false),
    ] {
        let entry = Entry { state, ..sample::entry("a", 3, &[5000]) };
        assert_eq!((entry.is_living(), entry.may_run()), (is_living, may_run), "{word}");
        let written = serde_json::to_value(&entry).unwrap();
        assert_eq!(written["state"], word);
        for key in ["process", "journal", "trash"] {
            assert_eq!(written.get(key).is_some(), companions.contains(&key), "{word} {key}");
        }
        assert_eq!(serde_json::from_value::<Entry>(written.clone()).unwrap(), entry, "{word}");
        for key in companions {
            let mut lacking = written.clone();
            lacking.as_object_mut().unwrap().remove(*key);
            assert!(serde_json::from_value::<Entry>(lacking).is_err(), "{word} without {key}");
        }
    }
}

#[test]
fn facts_of_a_worktree_are_told_from_its_record() {
    let mut entry = sample::entry("a", 3, &[]);
    assert!(!entry.is_main());
    entry.notes.main.write(&true);
    assert!(entry.is_main());
    entry.notes.main.write(&false);
    assert!(!entry.is_main());
    assert_eq!(entry.kept_under(), Path::new("r/3-3"));
}
