//! Ctrl-C, SIGTERM and SIGHUP as a flag that work looks at, so that it can undo what it began.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::error::{Code, Failure, Result};

/// Whether the user wants us to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on the three signals raise the flag instead of ending the process.
    ///
    /// # Errors
    ///
    /// `internal` when the system refuses the handler.
    pub fn install(&self) -> Result<()> {
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&self.0))
                .map_err(|error| Failure::from_io(error, Code::Internal, "signals cannot be caught"))?;
        }
        Ok(())
    }

    /// Raises it without a signal: what looks at it is not wanted any more.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Answers whether a signal came.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Answers whether a signal came since this was asked last.
    #[must_use]
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
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
