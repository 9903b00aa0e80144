//! One look at services: who is on their ports, and what those of ours answer, all at once.

use crate::context::Context;
use crate::error::Result;
use crate::host::net::check::ask::{self, Question};
use crate::host::net::owner::attribute;
use crate::model::health::check::{Check, CheckKind, Outcome};
use crate::model::health::judgement::{self, Judgement, judge};
use crate::model::health::occupancy::{Occupancy, occupancy};
use crate::model::port::Port;

use super::gather::{Gathered, Subject};

/// Looks at every service that was gathered, and returns what it amounts to, in the same order.
///
/// # Errors
///
/// Fails when the machine cannot be asked who listens; `interrupted`.
pub fn look(context: &Context, gathered: &Gathered) -> Result<Vec<Judgement>> {
    let ports: Vec<Port> = gathered.subjects.iter().map(|subject| subject.port).collect();
    let busy = attribute(&ports, &gathered.registry)?;
    let occupied = gathered.subjects.iter().zip(&busy);
    let occupied: Vec<Occupancy> =
        occupied.map(|(subject, busy)| occupancy(&busy.listeners, &subject.key)).collect();
    let mut questions: Vec<Question> = Vec::new();
    let mut asked: Vec<usize> = Vec::new();
    let mut outcomes: Vec<Option<Outcome>> = vec![None; gathered.subjects.len()];
    for (index, (subject, occupied)) in gathered.subjects.iter().zip(&occupied).enumerate() {
        match question(subject, occupied) {
            Ask::Nothing => {}
            Ask::Question(question) => {
                questions.push(question);
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
    let judged = gathered.subjects.iter().zip(&occupied).zip(outcomes);
    Ok(judged.map(|((subject, occupied), outcome)| judgement_of(subject, occupied, outcome)).collect())
}

enum Ask {
    Nothing,
    Question(Question),
    Told(Outcome),
}

fn question(subject: &Subject, occupied: &Occupancy) -> Ask {
    let Occupancy::Ours { addresses, beside: None, .. } = occupied else { return Ask::Nothing };
    let check = match &subject.check {
        Ok(check) => check,
        Err(reason) => {
            let action = Some(format!("wt config show service.{}", subject.service));
            return Ask::Told(Outcome::NotAsked { reason: reason.clone(), action });
        }
    };
    if let CheckKind::Command(_) = check.kind {
        let reason = "not trusted: `wt trust`".to_owned();
        return Ask::Told(Outcome::NotAsked { reason, action: Some("wt trust".to_owned()) });
    }
    Ask::Question(Question {
        addresses: addresses.clone(),
        port: subject.port,
        check: check.kind.clone(),
        timeout: subject.timeout,
        command: None,
    })
}

fn judgement_of(subject: &Subject, occupied: &Occupancy, outcome: Option<Outcome>) -> Judgement {
    let usual = Check::default();
    let about = judgement::Subject {
        port: subject.port,
        check: &subject.check.as_ref().unwrap_or(&usual).kind,
        folder: &subject.folder.to_string_lossy(),
        run: subject.run.as_deref(),
    };
    judge(about, occupied, outcome)
}
