//! One look at services: who is on their ports, and what those of ours answer, all at once.

use std::collections::BTreeMap;

use super::gather::{AskedRepository, AskedService, Gathered};
use crate::context::Context;
use crate::error::Result;
use crate::host::net::check::ask::{self, ServiceQuestion};
use crate::host::net::check::calls::OwnCalls;
use crate::host::net::check::command::CommandToRun;
use crate::host::net::owner::attribute;
use crate::model::advised::wt;
use crate::model::health::check::{CheckKind, CheckOutcome, HealthCheck};
use crate::model::health::judgement::{self, Judgement, judge};
use crate::model::port::Port;
use crate::model::port::dispute::DisputeTrouble;
use crate::model::port::occupancy::{Occupancy, occupancy};
use crate::model::service::ServiceName;
use crate::model::services::command::{self, Values};
use crate::model::services::record::KeptService;
use crate::model::services::state::ServiceState;
use crate::model::variables;
use crate::ops::ports::advice::Adviser;
use crate::ops::ports::containers;
use crate::ops::ports::disputes;
use crate::ops::services::status;
use crate::ops::services::supervision;
use crate::ops::trust::{self, Trust};
use crate::ops::{env, foreign};

/// Looks at every service that was gathered, and returns what it amounts to, in the same order.
///
/// # Errors
///
/// Fails when the machine cannot be asked who listens; `interrupted`.
pub fn judge_all(context: &Context, gathered: &Gathered) -> Result<Vec<Judgement>> {
    let ports: Vec<Port> = gathered.subjects.iter().map(|subject| subject.port).collect();
    let busy = attribute(&ports, &gathered.registry)?;
    let trust = Trust::read(context);
    let occupied = gathered.subjects.iter().zip(&busy).map(|(subject, busy)| {
        let repository = gathered.sites.get(subject.site).and_then(|site| site.repository(context));
        containers::own(repository, &subject.entry, busy, occupancy(&busy.listeners, &subject.key))
    });
    let occupied: Vec<Occupancy> = occupied.collect();
    let on_demand = on_demand(context, gathered);
    let mut questions: Vec<ServiceQuestion> = Vec::new();
    let mut asked: Vec<usize> = Vec::new();
    let mut outcomes: Vec<Option<CheckOutcome>> = vec![None; gathered.subjects.len()];
    let subjects = gathered.subjects.iter().zip(&occupied).zip(&on_demand).enumerate();
    for (index, ((subject, occupied), kept)) in subjects {
        let Some(site) = gathered.sites.get(subject.site) else { continue };
        // Whoever asks would wake it, or keep it awake.
        if kept.as_ref().is_some_and(KeptService::is_left_alone) {
            continue;
        }
        match question(context, subject, site, occupied, &trust) {
            Ask::Nothing => {}
            Ask::Question(question) => {
                questions.push(*question);
                asked.push(index);
            }
            Ask::Told(outcome) => outcomes[index] = Some(outcome),
        }
    }
    let answers = ask::ask_all(&questions, &context.host.interrupt);
    context.host.interrupt.check()?;
    for (index, answer) in asked.into_iter().zip(answers) {
        outcomes[index] = Some(answer);
    }
    let remedies = remedies(context, gathered, &occupied, &outcomes)?;
    let judged = gathered.subjects.iter().zip(&occupied).zip(outcomes).zip(&remedies);
    let judged = judged
        .map(|(((subject, occupied), outcome), help)| judgement_of(subject, occupied, outcome, help))
        .collect();
    let judged = with_failures(context, gathered, judged).into_iter().zip(on_demand);
    let judged = judged.map(|(seen, kept)| match kept {
        Some(kept) => by_supervisor(seen, kept),
        None => seen,
    });
    Ok(judged.collect())
}

/// Returns those that start on demand, in the order of what was gathered.
fn on_demand(context: &Context, gathered: &Gathered) -> Vec<Option<KeptService>> {
    let mut known: BTreeMap<u64, BTreeMap<ServiceName, KeptService>> = BTreeMap::new();
    let subjects = gathered.subjects.iter().map(|subject| {
        let entry = &subject.entry;
        let kept = known.entry(entry.sequence).or_insert_with(|| supervision::on_demand(context, entry));
        kept.get(&subject.service).filter(|kept| !kept.state.is_resting()).cloned()
    });
    subjects.collect()
}

/// What is said of a service that starts on demand.
fn by_supervisor(seen: Judgement, kept: KeptService) -> Judgement {
    match kept.state {
        ServiceState::Asleep => judgement::asleep(seen),
        ServiceState::Ready => judgement::watched(seen, None),
        ServiceState::Unhealthy => judgement::watched(seen, Some(kept.reason.unwrap_or_default())),
        ServiceState::Starting | ServiceState::Stopping => judgement::under_way(seen, kept.state.as_str()),
        _ => seen,
    }
}

/// What their supervisors have given up is not merely not running.
fn with_failures(context: &Context, gathered: &Gathered, judged: Vec<Judgement>) -> Vec<Judgement> {
    let mut failed: BTreeMap<u64, BTreeMap<ServiceName, String>> = BTreeMap::new();
    for AskedService { entry, .. } in &gathered.subjects {
        failed.entry(entry.sequence).or_insert_with(|| status::failed(context, entry));
    }
    let pairs = gathered.subjects.iter().zip(judged);
    let judged = pairs.map(|(subject, seen)| {
        let reason = failed.get(&subject.entry.sequence).and_then(|failed| failed.get(&subject.service));
        let folder = subject.folder.to_string_lossy();
        match reason {
            Some(reason) => judgement::given_up(&folder, subject.service.as_str(), seen, reason),
            None => seen,
        }
    });
    judged.collect()
}

/// What helps a service that somebody else is in the way of, or that hangs.
#[derive(Default)]
struct Help {
    remedy: Option<String>,
    held: Option<String>,
}

fn remedies(
    context: &Context,
    gathered: &Gathered,
    occupied: &[Occupancy],
    outcomes: &[Option<CheckOutcome>],
) -> Result<Vec<Help>> {
    let is_disputed = |occupied: &Occupancy| {
        matches!(occupied, Occupancy::Theirs(_) | Occupancy::Ours { beside: Some(_), .. })
    };
    let disputes = if occupied.iter().any(is_disputed) {
        disputes::all(context, &gathered.registry)?
    } else {
        Vec::new()
    };
    let adviser = Adviser::new(context, &gathered.registry);
    let help = |((subject, occupied), outcome): ((&AskedService, &Occupancy), &Option<CheckOutcome>)| {
        let (entry, port) = (&subject.entry, subject.port);
        if is_disputed(occupied) {
            let Some(dispute) = disputes.iter().find(|one| one.port == port) else { return Help::default() };
            let seen = dispute.situation.seen_from(&subject.key);
            let doubled =
                matches!(dispute.trouble, DisputeTrouble::Doubled { .. }).then(|| seen.had_by()).flatten();
            let held = seen.held_by_others().map(|held| match doubled {
                Some(doubled) => format!("{held}; {doubled}"),
                None => held,
            });
            return Help { remedy: Some(adviser.remedy(dispute).words()), held };
        }
        let hangs = matches!(outcome, Some(CheckOutcome::NotAccepting));
        let stop = || adviser.stop(entry, &subject.service, port).or_else(|| adviser.end(port));
        Help { remedy: if hangs { stop() } else { None }, held: None }
    };
    Ok(gathered.subjects.iter().zip(occupied).zip(outcomes).map(help).collect())
}

enum Ask {
    Nothing,
    Question(Box<ServiceQuestion>),
    Told(CheckOutcome),
}

fn question(
    context: &Context,
    subject: &AskedService,
    site: &AskedRepository,
    occupied: &Occupancy,
    trust: &Result<Trust>,
) -> Ask {
    let Occupancy::Ours { addresses, beside: None, .. } = occupied else { return Ask::Nothing };
    let check = match &subject.check {
        Ok(check) => check,
        Err(reason) => {
            let action = Some(wt("config show service.{}", &[&subject.service]).to_string());
            return Ask::Told(CheckOutcome::NotAsked { reason: reason.clone(), action });
        }
    };
    let command = match &check.kind {
        CheckKind::Command(written) => match command(context, subject, site, trust, written) {
            Ok(run) => Some(run),
            Err(told) => return Ask::Told(told),
        },
        _ => None,
    };
    Ask::Question(Box::new(ServiceQuestion {
        addresses: addresses.clone(),
        port: subject.port,
        check: check.kind.clone(),
        timeout: subject.timeout,
        command,
        calls: OwnCalls::default(),
    }))
}

/// Returns what is to be run for a command check; an outcome where it may not be.
fn command(
    context: &Context,
    subject: &AskedService,
    site: &AskedRepository,
    trust: &Result<Trust>,
    written: &str,
) -> Result<CommandToRun, CheckOutcome> {
    let told = |reason: String, action: Option<&str>| CheckOutcome::NotAsked {
        reason,
        action: action.map(str::to_owned),
    };
    let Some(repository) = site.repository(context) else {
        return Err(told("its repository cannot be reached".to_owned(), None));
    };
    if foreign::is_foreign(repository, &subject.entry) {
        let action = wt("trust --here", &[]).at(subject.folder.display()).to_string();
        return Err(told("not trusted: the code is a stranger's".to_owned(), Some(&action)));
    }
    let key = format!("service.{}.health.command", subject.service);
    match trust {
        Ok(trust) if trust.allows(&subject.key.repository, &site.config, &key) => {}
        Ok(_) => {
            let action = wt("trust", &[]).at(repository.root().display()).to_string();
            let action = if site.is_here() { trust::allowing(context) } else { action };
            return Err(told("not trusted: `wt trust` shows its command".to_owned(), Some(&action)));
        }
        Err(failure) => return Err(told(format!("not trusted: {failure}"), None)),
    }
    let facts = env::facts_of(context, repository, &subject.entry);
    let filled = variables::url(&site.config, &facts, &subject.service, subject.port).and_then(|url| {
        let urls = variables::urls(&site.config, &facts)?;
        let values = Values {
            facts: &facts,
            service: Some(&subject.service),
            port: Some(subject.port),
            url: url.as_deref(),
            urls: &urls,
            path: &subject.folder.to_string_lossy(),
            repo_path: &repository.root().to_string_lossy(),
        };
        command::words(&key, written, &values)
    });
    let ready = filled.and_then(|words| Ok((words, variables::variables(&site.config, &facts)?)));
    let (words, mut variables) = ready.map_err(|failure| told(failure.to_string(), None))?;
    // What a check leaves behind is no service of ours, and our own environment decides which programs are found.
    variables.retain(|(name, _)| context.host.environment.find(name).is_none());
    let words = words.into_iter().map(Into::into).collect();
    Ok(CommandToRun { words, folder: subject.folder.clone(), variables, open_files: None })
}

fn judgement_of(
    subject: &AskedService,
    occupied: &Occupancy,
    outcome: Option<CheckOutcome>,
    help: &Help,
) -> Judgement {
    let usual = HealthCheck::default();
    let about = judgement::ActionSubject {
        port: subject.port,
        check: &subject.check.as_ref().unwrap_or(&usual).kind,
        folder: &subject.folder.to_string_lossy(),
        runnable: subject.is_runnable.then_some(subject.service.as_str()),
        is_named: subject.is_named,
        remedy: help.remedy.as_deref(),
        held: help.held.as_deref(),
    };
    judge(about, occupied, outcome)
}
