//! The record on disk of how the services stand: what was written last, and since when it is behind.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::host::clock::Clock;
use crate::host::services::record_file;
use crate::model::process::ProcessId;
use crate::model::services::record::{KeptService, ServicesRecord};

/// How long the supervisor stays for a record that cannot be written, as on a full disk.
const UNWRITTEN: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    clock: Clock,
    written: ServicesRecord,
    /// Since when the record on disk is behind: it cannot be written.
    unwritten: Option<Instant>,
}

impl Journal {
    /// Opens it with what an earlier supervisor left.
    pub fn open(folder: PathBuf, sequence: u64, clock: Clock) -> Self {
        let written = record_file::find(&folder, sequence).unwrap_or_default();
        Self { folder, clock, written, unwritten: None }
    }

    /// Returns who supervised before.
    pub fn former(&self) -> Option<&ProcessId> {
        self.written.supervisor.as_ref()
    }

    /// Returns how the services stood.
    pub fn services(&self) -> &[KeptService] {
        &self.written.services
    }

    /// Hands out the services and the adopted orphans of an earlier supervisor, which are then ours to write down.
    pub fn take_over(&mut self) -> (Vec<KeptService>, Vec<ProcessId>) {
        (std::mem::take(&mut self.written.services), std::mem::take(&mut self.written.adopted))
    }

    /// Answers whether that is written already.
    pub fn has(&self, record: &ServicesRecord) -> bool {
        *record == self.written
    }

    /// Writes the record down. A full disk keeps nobody from being supervised.
    pub fn write(&mut self, record: ServicesRecord) {
        self.written = record;
        self.try_to_write();
    }

    /// Writes down what could not be written before: the disk may have room again.
    pub fn write_again(&mut self) {
        if self.unwritten.is_some() {
            self.try_to_write();
        }
    }

    /// Answers whether only we can tell how things stand, and are to stay for that.
    pub fn is_needed(&self) -> bool {
        self.unwritten.is_some_and(|since| self.clock.since(since) < UNWRITTEN) && self.folder.exists()
    }

    /// Says that nobody supervises any more.
    pub fn end(&mut self) {
        self.written.supervisor = None;
        let _ = record_file::write(&self.folder, &self.written);
    }

    fn try_to_write(&mut self) {
        match record_file::write(&self.folder, &self.written) {
            Ok(()) => self.unwritten = None,
            Err(_) => drop(self.unwritten.get_or_insert(self.clock.instant())),
        }
    }
}
