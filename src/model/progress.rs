//! How long work tells how far it is, without knowing who listens.

/// Hears how far a piece of work is; called from several threads.
pub trait Progress: Sync {
    /// Begins a piece of work of `total` steps; 0 when nobody knows.
    fn begin(&self, what: &str, total: u64);

    /// Says how many steps are done.
    fn advance(&self, done: u64);

    /// Ends the piece of work.
    fn end(&self);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _total: u64) {}

    fn advance(&self, _done: u64) {}

    fn end(&self) {}
}
