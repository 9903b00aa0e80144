//! Ctrl-C, SIGTERM and SIGHUP as a flag that work looks at, so that it can undo what it began. A second one ends at once
//! what holds nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

use crate::error::{Code, Failure, Result};

const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// The exit status of who is interrupted.
const INTERRUPTED: i32 = 130;

/// Whether the user wants us to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    raised: Arc<AtomicBool>,
    second: Arc<Second>,
}

/// What a second signal does.
#[derive(Debug, Default)]
struct Second {
    /// Whether the next signal ends the process.
    is_armed: Arc<AtomicBool>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_installed: bool,
    holders: usize,
    /// What arms, one for each signal; none while something is held.
    arming: Vec<SigId>,
}

impl Interrupt {
    /// From now on the three signals raise the flag instead of ending the process, and a second one ends it where nothing
    /// is [held](Interrupt::hold).
    ///
    /// # Errors
    ///
    /// `internal` when the system refuses the handler.
    pub fn install(&self) -> Result<()> {
        let mut state = self.second.state();
        if state.is_installed {
            return Ok(());
        }
        let refused = |error| Failure::from_io(error, Code::Internal, "signals cannot be caught");
        for signal in SIGNALS {
            // In this order: what the first signal arms only the second one meets.
            flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&self.second.is_armed))
                .and_then(|_| flag::register(signal, Arc::clone(&self.raised)))
                .map_err(refused)?;
        }
        state.is_installed = true;
        if state.holders == 0 {
            state.arm(&self.second.is_armed).map_err(refused)?;
        }
        Ok(())
    }

    /// Until the answer is dropped no signal ends the process: what was begun is finished or taken back.
    #[must_use = "dropping it lets go at once"]
    pub fn hold(&self) -> Hold {
        let mut state = self.second.state();
        state.holders += 1;
        for action in state.arming.drain(..) {
            low_level::unregister(action);
        }
        self.second.is_armed.store(false, Ordering::SeqCst);
        Hold { interrupt: self.clone() }
    }

    /// Raises it without a signal: what looks at it is not wanted any more.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::Relaxed);
    }

    /// Returns the flag, for whoever may not know this room.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.raised)
    }

    /// Answers whether a signal came.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    /// Answers whether a signal came since this was asked last.
    #[must_use]
    pub fn take(&self) -> bool {
        self.second.is_armed.store(false, Ordering::SeqCst);
        self.raised.swap(false, Ordering::Relaxed)
    }

    /// Returns what answers whether a signal came after this call. One that came before is being heeded already: whoever takes
    /// back what was begun asks git too.
    pub fn from_now(&self) -> impl Fn() -> bool + Sync + use<> {
        let (raised, is_old) = (self.flag(), self.is_raised());
        move || !is_old && raised.load(Ordering::Relaxed)
    }

    /// Fails once a signal came.
    ///
    /// # Errors
    ///
    /// `interrupted`.
    pub fn check(&self) -> Result<()> {
        if self.is_raised() { Err(Failure::new(Code::Interrupted, "interrupted")) } else { Ok(()) }
    }
}

impl Second {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked with it left numbers that are right.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn arm(&mut self, is_armed: &Arc<AtomicBool>) -> std::io::Result<()> {
        for signal in SIGNALS {
            self.arming.push(flag::register(signal, Arc::clone(is_armed))?);
        }
        Ok(())
    }
}

/// Something is being done that must be finished or taken back.
#[derive(Debug)]
pub struct Hold {
    interrupt: Interrupt,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let second = &self.interrupt.second;
        let mut state = second.state();
        state.holders -= 1;
        if state.holders > 0 || !state.is_installed {
            return;
        }
        // Who was asked to stop meanwhile is asked once more only.
        second.is_armed.store(self.interrupt.is_raised(), Ordering::SeqCst);
        // Where the system refuses, every signal goes on raising the flag.
        let _ = state.arm(&second.is_armed);
    }
}
