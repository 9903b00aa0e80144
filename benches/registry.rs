//! What one transaction over the registry costs: `cargo bench --bench registry`. Lock, read, parse, change, write, fsync,
//! rename, beside writing and syncing a file of the same size alone.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]

use std::time::{Duration, Instant};

use jiff::Timestamp;
use wt::door::{
    Allocation, Dirs, Entry, EntryState, Environment, Interrupt, Notes, Port, Registry, RepositoryId, Store,
    files,
};

const ROUNDS: usize = 51;

fn main() {
    println!("{:>11}  {:>12}  {:>12}  {:>12}", "allocations", "transaction", "read", "plain write");
    for worktrees in [1, 100, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let variable = ("WT_STATE_DIR".into(), folder.path().as_os_str().to_owned());
        let dirs = Dirs::find(&Environment::from_iter([variable])).unwrap();
        let store: Store<Registry> = Store::open(dirs, Duration::from_secs(10), Interrupt::default());
        store
            .update(|registry| {
                (0..worktrees).for_each(|number| drop(registry.insert(entry(number))));
                Ok(())
            })
            .unwrap();
        let bytes = std::fs::read(store.path()).unwrap();
        let plain = folder.path().join("plain");
        let transaction = median(|| {
            store
                .update(|registry| {
                    registry.sequence += 1;
                    Ok(())
                })
                .unwrap();
        });
        let read = median(|| drop(store.read().unwrap()));
        let write = median(|| files::replace(&plain, &bytes, 0o600).unwrap());
        println!("{:>11}  {transaction:>12.2?}  {read:>12.2?}  {write:>12.2?}", worktrees * 10);
    }
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

/// A worktree with ten allocations.
fn entry(number: u16) -> Entry {
    let name = format!("feature-{number}");
    let port = |offset: u16| Port::new(1024 + (number * 10 + offset) % 60000).unwrap();
    let service = |offset: u16| format!("service-{offset}").parse().unwrap();
    Entry {
        repository: "/home/you/shop".into(),
        repository_id: RepositoryId("0123456789abcdef0123456789abcdef".to_owned()),
        admin: name.clone(),
        path: format!("/home/you/shop.worktrees/{name}").into(),
        branch: Some(format!("feature/{number}")),
        purpose: "feature".parse().ok(),
        identifier: number.to_string(),
        name,
        state: EntryState::Active,
        created_at: Timestamp::UNIX_EPOCH,
        created_by: "wt".to_owned(),
        host: "here".to_owned(),
        place: None,
        sequence: 0,
        env: true,
        env_files: Vec::new(),
        allocations: (0..10)
            .map(|offset| Allocation::new(port(offset), service(offset), Timestamp::UNIX_EPOCH))
            .collect(),
        notes: Notes::default(),
        extra: serde_json::Map::new(),
    }
}
