//! A processor of its own for each of several threads, from the start. Left alone, the kernel may let all of them begin on
//! the one that started them and part them only at its next look around, some milliseconds later (seen with Linux 6.18
//! in a virtual machine): small work is over by then.

#[cfg(target_os = "linux")]
use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

/// The processors that we may run on, those first on which we are not.
#[derive(Debug)]
pub struct Processors {
    #[cfg(target_os = "linux")]
    allowed: Option<CpuSet>,
    #[cfg(target_os = "linux")]
    order: Vec<usize>,
}

#[cfg(target_os = "linux")]
impl Processors {
    /// Asks which there are for us; called by the thread that starts the others.
    #[must_use]
    pub fn read() -> Self {
        let allowed = sched_getaffinity(None).ok();
        let ours = sched_getcpu();
        let is_allowed = |processor: &usize| allowed.as_ref().is_some_and(|set| set.is_set(*processor));
        let mut order: Vec<usize> = (0..CpuSet::MAX_CPU).filter(is_allowed).collect();
        // The next ones, not the first ones: other checkouts begin elsewhere.
        let after = order.iter().position(|processor| *processor > ours).unwrap_or(0);
        order.rotate_left(after);
        Self { allowed, order }
    }

    /// Moves this thread, the `number`th beside the one that started it, to its processor; where it goes from there is the
    /// kernel's to say again.
    pub fn take(&self, number: usize) {
        let (Some(allowed), false) = (&self.allowed, self.order.len() < 2) else { return };
        let mut one = CpuSet::new();
        one.set(self.order[(number - 1) % self.order.len()]);
        // Both are only about speed.
        if sched_setaffinity(None, &one).is_ok() {
            let _ = sched_setaffinity(None, allowed);
        }
    }
}

/// Elsewhere the kernel is left alone.
#[cfg(not(target_os = "linux"))]
impl Processors {
    /// Asks nothing.
    #[must_use]
    pub fn read() -> Self {
        Self {}
    }

    /// Does nothing.
    pub fn take(&self, _: usize) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_begins_elsewhere_and_may_go_everywhere_afterwards() {
        let processors = Processors::read();
        let allowed = sched_getaffinity(None).unwrap();
        for number in 1..=4 {
            let took = |number| {
                processors.take(number);
                sched_getaffinity(None).unwrap()
            };
            let after = std::thread::scope(|scope| scope.spawn(|| took(number)).join().unwrap());
            assert_eq!(after, allowed);
        }
        assert_eq!(sched_getaffinity(None).unwrap(), allowed);
    }

    #[test]
    fn every_processor_is_taken_once_before_one_is_taken_twice() {
        let Processors { allowed, mut order } = Processors::read();
        assert_eq!(order.len(), allowed.map_or(0, |allowed| allowed.count() as usize));
        order.sort_unstable();
        order.dedup();
        assert_eq!(order.len(), Processors::read().order.len());
    }
}
