//! The place of the one monitor, and what it waits for: a change that others make, or the end of the interval.

use std::path::PathBuf;
use std::time::Duration;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::monitor_seat;
use crate::host::serve::change::StateWatch;
use crate::host::service_manager::ServiceManager;
use crate::host::sole_seat::SoleSeat;
use crate::ops::recorded_repositories::others;

/// The shortest time between two looks, however much changes.
const LEAST: Duration = Duration::from_secs(1);

/// How long the kernel is asked to wait at once: a signal may come just before.
const SLICE: Duration = Duration::from_secs(1);

/// Who stands watch.
#[derive(Debug)]
pub struct Stand {
    seat: SoleSeat,
    changes: StateWatch,
    manager: Option<ServiceManager>,
}

impl Stand {
    /// Takes the place.
    ///
    /// # Errors
    ///
    /// `already_running` where another one watches.
    pub fn take(context: &Context) -> Result<Self> {
        let dirs = context.host.dirs()?;
        let state = dirs.require_state()?;
        context.host.interrupt.install()?;
        let Some(seat) = monitor_seat::take(state)? else {
            let pid = monitor_seat::find(state);
            let who = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
            let failure = Failure::new(Code::AlreadyRunning, format!("`wt monitor` runs already{who}"));
            let failure = failure.hint("`wt monitor --once` looks once beside it");
            return Err(match pid {
                Some(pid) => failure.detail("pid", pid),
                None => failure,
            });
        };
        let changes = StateWatch::watch(state)
            .map_err(|error| Failure::from_io(error, Code::Internal, "changes cannot be watched"))?;
        Ok(Self { seat, changes, manager: ServiceManager::find(&context.host.environment) })
    }

    /// Says that it watches now.
    pub fn is_ready(&self) {
        if let Some(manager) = &self.manager {
            manager.tell("READY=1");
        }
    }

    /// Waits until something changes that others made, at most for `interval`.
    ///
    /// # Errors
    ///
    /// `interrupted`.
    pub fn wait(&mut self, context: &Context, interval: Duration) -> Result<()> {
        self.changes.also(admin_folders(context));
        // What the look itself wrote is no reason for the next one.
        while self.changes.has_changed() {}
        let clock = context.host.clock;
        let began = clock.instant();
        let mut is_due = false;
        let mut beaten: Option<std::time::Instant> = None;
        loop {
            context.host.interrupt.check()?;
            let passed = clock.since(began);
            if passed >= interval || is_due && passed >= LEAST {
                return Ok(());
            }
            if let Some((manager, beat)) = self.manager.as_ref().and_then(|one| Some((one, one.beat()?)))
                && beaten.is_none_or(|then| clock.since(then) >= beat.saturating_sub(SLICE))
            {
                manager.tell("WATCHDOG=1");
                beaten = Some(clock.instant());
            }
            let left = if is_due { LEAST } else { interval }.saturating_sub(passed);
            self.changes.wait(left.min(SLICE), is_due);
            is_due |= self.changes.has_changed();
        }
    }

    /// Gives the place up.
    pub fn leave(self) {
        if let Some(manager) = &self.manager {
            manager.tell("STOPPING=1");
        }
        self.seat.leave();
    }
}

/// The folders in which git keeps its records of worktrees, and the folders that hold those.
fn admin_folders(context: &Context) -> Vec<PathBuf> {
    let Ok(registry) = context.store().and_then(|store| store.read()) else { return Vec::new() };
    let known = others(context, &registry);
    let opened = known.iter().filter_map(|known| known.open(context));
    opened
        .flat_map(|found| [found.common_dir().join("worktrees"), found.common_dir().to_path_buf()])
        .collect()
}
