//! Wishes that wait for their ports, one at a time: what the first one holds the next one finds held.

use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::host::services::hold::PortHold;
use crate::host::services::signals::Bell;
use crate::model::services::batch::BatchId;
use crate::model::services::machine::MachineEvent;
use crate::model::services::plan::ServicePlan;
use crate::ops::services::supervise::refusal::PortsRefusal;

pub(super) type HoldsOrRefusal = Result<Vec<PortHold>, PortsRefusal>;

/// A wish, and what is to be told the machine once its ports are held.
#[derive(Debug)]
pub(super) struct WaitingBatch {
    pub batch: BatchId,
    pub plans: Vec<ServicePlan>,
    pub event: MachineEvent,
}

/// All that wait. One at a time: what the first one holds the next one finds held.
#[derive(Debug)]
pub(super) struct WaitingBatches {
    pub bell: Bell,
    pub ringer: UnixStream,
    pub sender: Sender<(BatchId, HoldsOrRefusal)>,
    pub results: Receiver<(BatchId, HoldsOrRefusal)>,
    pub waiting: VecDeque<WaitingBatch>,
    pub is_asked: bool,
}

impl WaitingBatches {
    pub fn new() -> std::io::Result<Self> {
        let (bell, ringer) = Bell::with_ringer()?;
        let (sender, results) = channel();
        Ok(Self { bell, ringer, sender, results, waiting: VecDeque::new(), is_asked: false })
    }

    /// Returns what rings when ports are held, or refused.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}
