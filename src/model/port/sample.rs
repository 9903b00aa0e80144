//! Tenants, sockets and holders for the tests of the room.

use std::collections::HashMap;

use super::Port;
use super::holder::{Background, Holder, Relation};
use super::listener::{Listener, Owner, WorktreeKey};
use super::situation::Situation;
use super::tenant::Tenant;
use crate::model::config::settings::{ResolveSettings, Strategy};
use crate::model::registry::repository::RepositoryId;

/// The user that asks.
pub const USER: u32 = 1000;

pub fn key(name: &str) -> WorktreeKey {
    WorktreeKey { repository: RepositoryId("r".to_owned()), name: name.to_owned() }
}

pub fn claim(name: &str, number: u16, age: i64) -> Tenant {
    Tenant {
        sequence: age.unsigned_abs(),
        worktree: key(name),
        service: "web".parse().unwrap(),
        port: Port::new(number).unwrap(),
        allocated_at: jiff::Timestamp::from_second(age).unwrap(),
        pinned: false,
        locked: false,
        settled: true,
        visible: true,
        runs: false,
    }
}

/// A server on 127.0.0.1 of the worktree with that name, or of none.
pub fn socket(of: Option<&str>) -> Listener {
    let owner = Owner {
        pid: 42,
        command: "node".to_owned(),
        folder: None,
        user: Some("me".to_owned()),
        worktree: of.map(ToOwned::to_owned),
        since: None,
        belongs_to: of.map(key),
        started: 7,
        parent: 1,
    };
    Listener {
        port: Port::new(5000).unwrap(),
        address: "127.0.0.1".parse().unwrap(),
        listening: true,
        user: USER,
        inode: 9,
        owners: vec![owner],
    }
}

pub fn situation(tenants: &[Tenant], sockets: &[Listener]) -> Situation {
    let background = Background { user: Some(USER), ..Background::default() };
    Situation::of(Port::new(5000).unwrap(), tenants.to_vec(), sockets, &background)
}

/// The process of a worktree, or a stranger.
pub fn holding(of: Option<&str>) -> Holder {
    let mut seen = situation(&[], &[socket(of)]);
    seen.holders.remove(0)
}

/// A situation with holders that were made up; those of a tenant are its own.
pub fn situation_of(tenants: &[Tenant], holders: &[Holder]) -> Situation {
    let mut made = situation(tenants, &[]);
    for holder in holders {
        let mut holder = holder.clone();
        let is_own = tenants.iter().any(|tenant| holder.is_of(&tenant.worktree));
        if is_own {
            holder.relation = Relation::Own;
        }
        made.holders.push(holder);
    }
    for tenant in &mut made.tenants {
        tenant.runs = made.holders.iter().any(|holder| holder.is_of(&tenant.worktree));
    }
    made
}

pub fn settings() -> ResolveSettings {
    ResolveSettings {
        strategy: Strategy::Intelligent,
        allow_move: true,
        preserve_foreign: true,
        is_foreign_bound: false,
        max_alternatives: 10,
        confirm: true,
        is_killing_barred: false,
    }
}

pub fn strays(pid: u32, of: &str) -> HashMap<u32, String> {
    HashMap::from([(pid, of.to_owned())])
}
