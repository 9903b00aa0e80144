//! All that the doctor looks at: the machine by its context, the registry once, and what stood in the way.

use std::sync::Arc;

use super::trouble::DoctorTrouble;
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::registry::table::Registry;

/// What the doctor's checks are handed.
pub struct DoctorSight<'a> {
    pub context: &'a Context,
    pub trouble: &'a DoctorTrouble,
    /// The registry, or why it cannot be read.
    pub registry: Result<Arc<Registry>>,
}

impl<'a> DoctorSight<'a> {
    /// Reads the registry once.
    #[must_use]
    pub fn of(context: &'a Context, trouble: &'a DoctorTrouble) -> Self {
        Self { context, trouble, registry: context.store().and_then(|store| store.read()) }
    }

    /// Returns the registry, an empty one where it cannot be read.
    #[must_use]
    pub fn known(&self) -> Arc<Registry> {
        self.registry.as_ref().map(Arc::clone).unwrap_or_default()
    }

    /// Returns the repository that is stood in, unless something keeps it from being opened.
    #[must_use]
    pub fn repository(&self) -> Option<&'a Repository> {
        self.context.repository.as_ref().filter(|_| self.trouble.repository.is_none())
    }
}
