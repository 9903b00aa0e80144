//! How an operation lets others see how far it is, without knowing who looks.

/// Told about the progress of long work; called often, from several threads.
pub trait Watch: Sync {
    /// `done` of `total` files are written.
    fn files(&self, done: usize, total: usize);
}
