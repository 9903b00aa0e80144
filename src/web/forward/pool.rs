//! Connections to services that wait for the next request. Each was proven once, and none is used again once the process
//! behind it has ended: nobody else can have it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::SendRequest;

use crate::host::process::stop::Running;
use crate::model::port::Port;
use crate::ops::forwarding::NamedTarget;
use crate::web::reply::Body;

/// How many wait for one service at most.
const KEPT: usize = 64;

/// How long one waits, at least; at most twice as long. A server that answers one connection at a time keeps everybody else
/// waiting meanwhile.
const PATIENCE: Duration = Duration::from_millis(500);

/// A connection to a service, and the process that was proven to be behind it.
pub struct Upstream {
    pub sender: SendRequest<Body>,
    /// `None` where nobody can hold on to it: such a connection is used once.
    pub process: Option<Arc<Running>>,
    /// Whether it waited when the others were looked through the last time.
    pub is_old: bool,
}

type Key = (u64, Port);

/// All that wait, by worktree and port.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    by_target: HashMap<Key, Vec<Upstream>>,
    is_swept: bool,
}

impl Pool {
    /// Takes one that still leads to the process it was proven of.
    #[must_use]
    pub fn take(&self, target: &NamedTarget) -> Option<Upstream> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = kept.by_target.get_mut(&(target.sequence, target.port))?;
        // The youngest: the service may be about to close the others.
        while let Some(upstream) = waiting.pop() {
            let is_ended = upstream.process.as_ref().is_none_or(|process| process.is_ended());
            if is_ended {
                waiting.clear();
                return None;
            }
            if upstream.sender.is_ready() && !upstream.sender.is_closed() {
                return Some(upstream);
            }
        }
        None
    }

    /// Keeps it for the next request.
    pub fn put(&self, target: &NamedTarget, upstream: Upstream) {
        if upstream.process.is_none() {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = kept.by_target.entry((target.sequence, target.port)).or_default();
        if waiting.len() < KEPT {
            waiting.push(Upstream { is_old: false, ..upstream });
        }
        if !std::mem::replace(&mut kept.is_swept, true) {
            tokio::spawn(sweep(self.clone()));
        }
    }

    /// Drops those that waited for long; false once none is left.
    fn age(&self) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for waiting in kept.by_target.values_mut() {
            waiting.retain(|upstream| !upstream.is_old && !upstream.sender.is_closed());
            for upstream in waiting {
                upstream.is_old = true;
            }
        }
        kept.by_target.retain(|_, waiting| !waiting.is_empty());
        kept.is_swept = !kept.by_target.is_empty();
        kept.is_swept
    }
}

/// Runs only while something waits: nothing wakes a server that nobody asks.
async fn sweep(pool: Pool) {
    loop {
        tokio::time::sleep(PATIENCE).await;
        if !pool.age() {
            return;
        }
    }
}
