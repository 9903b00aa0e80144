//! The bases of deltas, kept for the deltas that come next; all threads share them, and their bytes are bounded.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::entry::ObjectKind;

/// Which object: the number of its pack, and its offset in it.
pub(super) type ObjectKey = (usize, u64);

/// A base.
#[derive(Clone)]
pub(super) struct PackBase {
    pub(super) kind: ObjectKind,
    pub(super) bytes: Arc<Vec<u8>>,
}

/// What is kept.
pub(super) struct Bases {
    /// Bytes at most.
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    bases: HashMap<ObjectKey, (PackBase, bool)>,
    /// The oldest first.
    order: VecDeque<ObjectKey>,
    bytes: usize,
}

impl Bases {
    pub(super) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    /// Finds a base; one that is found lives longer.
    pub(super) fn find(&self, key: ObjectKey) -> Option<PackBase> {
        let mut kept = self.lock();
        let (base, was_found) = kept.bases.get_mut(&key)?;
        *was_found = true;
        Some(base.clone())
    }

    /// Keeps a base, for which the oldest make room; one of more than a quarter of the room is not kept.
    pub(super) fn keep(&self, key: ObjectKey, base: PackBase) {
        let size = base.bytes.len();
        if size > self.most / 4 {
            return;
        }
        let mut kept = self.lock();
        if kept.bases.insert(key, (base, false)).is_some() {
            // Another thread was as quick, with the same bytes.
            return;
        }
        kept.order.push_back(key);
        kept.bytes += size;
        while kept.bytes > self.most {
            kept.drop_oldest();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn drop_oldest(&mut self) {
        let Some(oldest) = self.order.pop_front() else {
            self.bytes = 0;
            return;
        };
        match self.bases.get_mut(&oldest) {
            Some((_, was_found)) if *was_found => {
                *was_found = false;
                self.order.push_back(oldest);
            }
            Some((base, _)) => {
                self.bytes = self.bytes.saturating_sub(base.bytes.len());
                self.bases.remove(&oldest);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(size: usize) -> PackBase {
        PackBase { kind: ObjectKind::Blob, bytes: Arc::new(vec![0; size]) }
    }

    #[test]
    fn the_oldest_that_nobody_asked_for_makes_room() {
        let bases = Bases::new(100);
        for at in 0..4 {
            bases.keep((0, at), base(25));
        }
        assert!(bases.find((0, 0)).is_some());
        bases.keep((0, 9), base(25));
        assert!(bases.find((0, 1)).is_none());
        assert!(bases.find((0, 0)).is_some() && bases.find((0, 9)).is_some());
    }

    #[test]
    fn what_is_kept_never_exceeds_the_room() {
        let bases = Bases::new(100);
        for at in 0..1000 {
            bases.keep((0, at % 37), base(usize::try_from(at * 7 % 30).unwrap()));
            let kept = bases.lock();
            let bytes: usize = kept.bases.values().map(|(base, _)| base.bytes.len()).sum();
            assert!(bytes <= 100 && kept.bytes == bytes, "{bytes} {}", kept.bytes);
        }
    }

    #[test]
    fn one_that_would_push_out_all_others_is_not_kept() {
        let bases = Bases::new(100);
        bases.keep((0, 0), base(26));
        assert!(bases.find((0, 0)).is_none());
    }
}
