//! The supervisor of one worktree's services: one loop that sleeps until something happens, tells the machine, and does
//! what the machine decides. It reads no configuration, and ends when nothing is left to supervise.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::caller::Caller;
use super::door::Door;
use super::ground::{Footing, Ground};
use super::journal::Journal;
use super::ports::Ports;
use super::reaping::Reaping;
use super::registrar::Registrar;
use super::running::ServiceRun;
use super::sampled::Sampling;
use super::team_told::TeamTold;
use super::waiting::WaitingBatches;
use crate::error::Result;
use crate::host::machine::Host;
use crate::host::process::identity;
use crate::host::process::open_files::{self, SoftLimit};
use crate::host::process::stop::Running;
use crate::host::services::kin::KinSight;
use crate::host::services::record_file::OwnLog;
use crate::host::services::signals::Bell;
use crate::host::services::waiting::{self, Asker};
use crate::host::services::{reaper, record_file};
use crate::host::store::Stamp;
use crate::model::process::ProcessId;
use crate::model::service::ServiceName;
use crate::model::services::batch::BatchId;
use crate::model::services::machine::{Fleet, MachineAction, MachineEvent};
use crate::model::services::protocol::{Cause, ServiceFacts};
use crate::model::services::quiet::Quiet;
use crate::model::services::service::SupervisedService;
use crate::model::services::state::ServiceState;
use crate::ops::services::contact;
use crate::ops::services::place::ServicesPlace;
use crate::ops::services::wish::SupervisorWish;

/// How often everything is looked after that tells nobody when it changes: the worktree's folder, the socket, the logs.
const ROUND: Duration = Duration::from_secs(1);

/// How long it stays without anything to do before the first caller came.
const LONELY: Duration = Duration::from_secs(10);

/// How long it waits at its end for checks that were given up.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Which look an answer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub service: ServiceName,
    pub number: u64,
}

#[derive(Debug)]
pub(super) struct Supervisor<'a> {
    pub wish: &'a SupervisorWish,
    pub host: &'a Host,
    pub ourselves: ProcessId,
    pub begun: Instant,
    pub fleet: Fleet,
    pub runs: BTreeMap<ServiceName, ServiceRun>,
    /// Orphans that we, or a supervisor before us, adopted, beside those that are known to be a service's.
    pub adopted: Vec<ProcessId>,
    /// The last look at all processes, as long as it may stand for a new one.
    pub sight: Option<KinSight>,
    pub ports: Ports,
    pub asker: Asker<Asked>,
    /// Wishes that wait for their ports.
    pub claims: WaitingBatches,
    pub callers: Vec<Caller>,
    pub registrar: Registrar,
    /// Since when nobody is connected to services that sleep then.
    pub quiet: BTreeMap<ServiceName, Quiet>,
    /// The registry as it was when the ports of those that sleep were looked up in it.
    pub seen_registry: Option<Stamp>,
    /// Why services could not be started.
    pub causes: BTreeMap<ServiceName, Cause>,
    /// Those that were last refused a start for somebody else had their port.
    pub refused_ports: BTreeSet<ServiceName>,
    /// Those that slept until their port was given up or moved.
    pub lost_ports: BTreeSet<ServiceName>,
    /// The rows and columns of services' terminals.
    pub size: (u16, u16),
    /// How everything stood when it was told last.
    pub told: Vec<ServiceFacts>,
    /// Said to whoever calls first.
    pub news: Vec<String>,
    pub events: VecDeque<MachineEvent>,
    pub last_batch: BatchId,
    pub last_run: u64,
    pub journal: Journal,
    /// How the services stood when that was written down last.
    pub chronicled: Vec<(ServiceName, ServiceState)>,
    pub own_log: OwnLog,
    /// How many files what we start may have open: we may have more.
    pub open_files: SoftLimit,
    door: Door,
    pub ground: Ground,
    has_worked: bool,
    /// When the health of what runs is recorded anew.
    pub next_health: Instant,
    next_round: Instant,
    pub beats: TeamTold,
    reaping: Reaping,
    /// What services take.
    pub sampling: Sampling,
}

/// Supervises until nothing is left to supervise.
///
/// # Errors
///
/// What keeps it from beginning: another supervisor is no error, it has the seat.
pub fn supervise(host: &Host, wish: SupervisorWish) -> Result<()> {
    let ServicesPlace { wish, endpoint } = &ServicesPlace::of_wish(host.dirs()?.state(), wish)?;
    let failed = crate::ops::services::internal::internal("the services cannot be supervised");
    reaper::leave_session().map_err(&failed)?;
    contact::require_open_files()?;
    let open_files = open_files::raise();
    let Some(_seat) = record_file::SupervisorSeat::take(&wish.folder).map_err(&failed)? else {
        return Ok(());
    };
    reaper::adopt_orphans().map_err(&failed)?;
    let children = Bell::of_children().map_err(&failed)?;
    let mut endings = Bell::of_endings().map_err(&failed)?;
    let ourselves = identity::current()?;
    let journal = Journal::open(wish.folder.clone(), wish.sequence, host.clock);
    // Whoever calls from now on waits until everything was taken over.
    let door = Door::open(endpoint, &mut || endings.rang()).map_err(&failed)?;
    let now = host.clock.instant();
    let mut supervisor = Supervisor {
        wish,
        host,
        ourselves,
        begun: now,
        fleet: Fleet::default(),
        runs: BTreeMap::new(),
        adopted: Vec::new(),
        sight: None,
        ports: Ports::default(),
        asker: Asker::new().map_err(&failed)?,
        claims: WaitingBatches::new().map_err(&failed)?,
        callers: Vec::new(),
        registrar: Registrar::start(host, wish.sequence)?,
        quiet: BTreeMap::new(),
        seen_registry: None,
        causes: BTreeMap::new(),
        refused_ports: BTreeSet::new(),
        lost_ports: BTreeSet::new(),
        size: super::supervisor::SIZE,
        told: Vec::new(),
        news: Vec::new(),
        events: VecDeque::new(),
        last_batch: 0,
        last_run: 0,
        journal,
        chronicled: Vec::new(),
        own_log: OwnLog::open(&wish.folder),
        open_files,
        door,
        ground: Ground::find(&wish.worktree),
        has_worked: false,
        next_health: now,
        next_round: now + ROUND,
        beats: TeamTold::new(now),
        reaping: Reaping::default(),
        sampling: Sampling::default(),
    };
    supervisor.take_the_seat().map_err(&failed)?;
    supervisor.work();
    supervisor.keep();
    let ended = supervisor.run(children, endings);
    supervisor.leave();
    ended.map_err(&failed)
}

impl Supervisor<'_> {
    /// Says who we are, and takes over what an earlier supervisor left.
    fn take_the_seat(&mut self) -> std::io::Result<()> {
        let former = self.journal.former().map(|former| former.pid);
        self.log(&match former {
            Some(pid) => format!(
                "pid {} supervises; pid {pid} did before, and ended without a word",
                self.ourselves.pid
            ),
            None => format!("pid {} supervises", self.ourselves.pid),
        });
        let before: BTreeMap<ServiceName, ServiceState> =
            self.journal.services().iter().map(|kept| (kept.plan.name.clone(), kept.state)).collect();
        self.take_over()?;
        // One that rests by now and did not when it was seen last ended while nobody watched.
        let known = |service: &SupervisedService| match before.get(&service.plan.name) {
            Some(state) if service.is_resting() => *state,
            _ => service.state(),
        };
        self.chronicled =
            self.fleet.services().iter().map(|(name, service)| (name.clone(), known(service))).collect();
        self.chronicle();
        for news in self.news.clone() {
            self.log(&news);
        }
        Ok(())
    }

    fn run(&mut self, mut children: Bell, mut endings: Bell) -> std::io::Result<()> {
        loop {
            self.sleep(&children, &endings)?;
            if endings.rang() {
                self.log("told to end by a signal: everything is stopped");
                self.stop_everything();
            }
            if children.rang() {
                self.reaping.note_end(self.host.clock.instant());
            }
            self.hear_callers();
            self.read_terminals();
            self.see_ends();
            self.hear_answers();
            self.hear_claims();
            self.hear_clients_of_sleepers();
            self.look_at_services();
            self.events.push_back(MachineEvent::Tick);
            self.work();
            self.go_round();
            self.keep();
            self.send_waiting();
            if self.is_over() {
                return Ok(());
            }
        }
    }

    /// Time since the machine began.
    pub fn now(&self) -> Duration {
        self.host.clock.since(self.begun)
    }

    fn sleep(&self, children: &Bell, endings: &Bell) -> std::io::Result<()> {
        let now = self.host.clock.instant();
        let mut until = self.next_round;
        let of_runs = self.runs.values().filter_map(|run| match &run.ending {
            Some(ending) => Some(ending.deadline),
            None if run.look.is_asked || run.is_setup => None,
            None => Some(run.look.due),
        });
        let of_machine = self.fleet.next_deadline().map(|deadline| self.begun + deadline);
        for due in of_runs.chain(of_machine).chain(self.reaping.due()) {
            until = until.min(due);
        }
        let mut readable: Vec<BorrowedFd<'_>> =
            vec![children.as_fd(), endings.as_fd(), self.asker.as_fd(), self.claims.as_fd()];
        readable.extend(self.door.as_fd());
        readable.extend(self.runs.values().flat_map(ServiceRun::descriptors));
        readable.extend(self.sleepers().map(|(_, socket)| socket.as_fd()));
        readable.extend(self.callers.iter().map(Caller::as_fd));
        let writable: Vec<BorrowedFd<'_>> =
            self.callers.iter().filter(|caller| caller.has_waiting()).map(Caller::as_fd).collect();
        // The machine's times are compared in whole: a wake-up that comes a hair too early would be for nothing.
        let time = until.saturating_duration_since(now) + Duration::from_micros(100);
        waiting::sleep(&readable, &writable, time)
    }

    fn hear_callers(&mut self) {
        while let Some(stream) = self.door.find_caller() {
            self.has_worked = true;
            self.let_in(stream);
        }
        self.hear();
    }

    /// Tells the machine everything that happened, and does what it decides.
    pub fn work(&mut self) {
        while let Some(events) = self.next_events() {
            let now = self.now();
            let actions = self.fleet.step_all(events, now);
            // Each change is told, also one that does not last: what is done about it may change it again.
            self.tell_changes();
            self.chronicle();
            self.sight = None;
            for action in actions {
                match action {
                    MachineAction::SetUp(service) => self.launch(&service, true),
                    MachineAction::Launch(service) => self.launch(&service, false),
                    MachineAction::Stop(service) => self.begin_end(&service),
                    MachineAction::Settled { batch, outcome } => self.tell_outcome(batch, outcome),
                }
            }
            // One that a request woke has its process now.
            self.chronicle();
        }
    }

    /// Takes the next event, and with it those behind it that are about ends and looks of other services: many that end at
    /// once are decided about, told and written down at once.
    fn next_events(&mut self) -> Option<Vec<MachineEvent>> {
        let mut events = vec![self.events.pop_front()?];
        let mut about: BTreeSet<ServiceName> = events.iter().filter_map(of_one).cloned().collect();
        if about.is_empty() {
            return Some(events);
        }
        while let Some(next) = self.events.front().and_then(of_one) {
            if !about.insert(next.clone()) {
                break;
            }
            events.extend(self.events.pop_front());
        }
        Some(events)
    }

    pub fn new_batch(&mut self) -> BatchId {
        self.last_batch += 1;
        self.last_batch
    }

    pub fn stop_everything(&mut self) {
        self.stop_all_but(&[]);
    }

    pub fn stop_all_but(&mut self, spared: &[ServiceName]) {
        let others = self.fleet.services().keys().filter(|name| !spared.contains(name));
        let services: Vec<ServiceName> =
            if spared.is_empty() { Vec::new() } else { others.cloned().collect() };
        if !spared.is_empty() && services.is_empty() {
            return;
        }
        self.withdraw_all(&services);
        let batch = self.new_batch();
        self.events.push_back(MachineEvent::Stop { batch, services });
        self.has_worked = true;
    }

    fn go_round(&mut self) {
        let now = self.host.clock.instant();
        let of_run = |run: &ServiceRun| {
            let child = run.child.as_ref().map(|child| child.id.pid);
            child.into_iter().chain(run.others.iter().map(Running::pid)).collect::<Vec<_>>()
        };
        let runs = &self.runs;
        self.reaping.reap(now, self.asker.is_idle(), || runs.values().flat_map(of_run).collect());
        if now < self.next_round {
            return;
        }
        self.next_round = now + ROUND;
        self.note_adopted();
        self.journal.write_again();
        self.renew_health();
        self.sample_idle();
        self.let_sleep();
        self.give_up_lost_ports();
        self.beat();
        self.forget_past_conflicts();
        if self.ground.footing() == Footing::Lost {
            self.stop_everything();
            self.work();
        }
        self.door.mend();
        for log in self.runs.values().filter_map(|run| run.log.as_ref()) {
            // A full disk is the service's own trouble, and a hole that cannot be made is only a long file.
            let _ = log.give_back_head();
        }
    }

    fn is_over(&self) -> bool {
        let is_waited_for = self.callers.iter().any(|caller| !caller.is_idle());
        let was_lonely = self.has_worked || self.host.clock.since(self.begun) > LONELY;
        // What the record does not say only we can tell.
        let is_needed = self.journal.is_needed() && !self.ground.is_deleted();
        self.fleet.is_idle() && self.runs.is_empty() && !is_waited_for && was_lonely && !is_needed
    }

    fn leave(&mut self) {
        // Whoever is asked by a command ends it only while we live.
        self.asker.finish(LAST_ANSWERS);
        self.log("nothing is left to supervise");
        self.journal.end();
        self.beat_last();
        self.registrar.record(Vec::new());
        self.registrar.finish();
        if self.ground.is_deleted() {
            let _ = record_file::forget(&self.wish.folder);
        }
    }
}

/// The service whose end, or the look at which, an event tells of.
fn of_one(event: &MachineEvent) -> Option<&ServiceName> {
    match event {
        MachineEvent::Ended { service, .. } | MachineEvent::Seen { service, .. } => Some(service),
        _ => None,
    }
}

/// The size that a service sees whose output goes into a pipe, in rows and columns.
pub(super) const SIZE: (u16, u16) = (24, 120);
