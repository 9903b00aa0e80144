//! How an operation lets others see how far it is, without knowing who looks.

/// Told about the progress of long work; called often, from several threads.
pub trait Watch: Sync {
    /// `done` of `total` files are written.
    fn files(&self, done: usize, total: usize);
    /// The setup's command number `index` of `total` runs, and wrote `said` last.
    fn command(&self, _index: usize, _total: usize, _command: &str, _said: Option<&str>) {}

    /// `done` of `total` files are carried.
    fn carried(&self, _done: usize, _total: usize) {}
}
