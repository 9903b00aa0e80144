//! The worktrees of other hosts: all are asked at once, and one that is dead costs its time limit only.

use schemars::JsonSchema;
use serde::Serialize;

use super::known::reached;
use super::worktree::{self, FarWorktree};
use crate::context::Context;
use crate::error::{Code, Failure, Result};

/// Whose worktrees are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    All,
    Named(Vec<String>),
}

/// What the hosts answered.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub hosts: Vec<HostAnswer>,
}

/// What one host answered.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct HostAnswer {
    pub host: String,
    pub address: String,
    /// Why there is no answer; absent where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub worktrees: Vec<FarWorktree>,
}

/// Asks the hosts.
///
/// # Errors
///
/// `not_found` for a name that is none, and where none is known; `host_unreachable` where none answered; `interrupted`.
pub fn list(context: &Context, whose: &Whose) -> Result<Report> {
    let names = match whose {
        Whose::All => &[][..],
        Whose::Named(names) => names,
    };
    let hosts = reached(context, names)?;
    if hosts.is_empty() {
        return Err(Failure::new(Code::NotFound, "no other host is known")
            .hint("`wt team hosts add NAME ssh://HOST` makes one known"));
    }
    let (within, interrupt) = (context.config.team.timeout, &context.host.interrupt);
    let answers: Vec<Result<Vec<FarWorktree>>> = std::thread::scope(|scope| {
        let asked: Vec<_> =
            hosts.iter().map(|ssh| scope.spawn(move || worktree::ask(ssh, within, interrupt))).collect();
        let lost = || Err(Failure::new(Code::Internal, "the question to a host was lost"));
        asked.into_iter().map(|answer| answer.join().unwrap_or_else(|_| lost())).collect()
    });
    interrupt.check()?;
    let mut failed = None;
    let mut report = Report { hosts: Vec::new() };
    for (ssh, answer) in hosts.iter().zip(answers) {
        let (error, worktrees) = match answer {
            Ok(worktrees) => (None, worktrees),
            Err(failure) => {
                let message = failure.message().to_owned();
                failed = Some(failure);
                (Some(message), Vec::new())
            }
        };
        report.hosts.push(HostAnswer {
            host: ssh.name.clone(),
            address: ssh.address.written(),
            error,
            worktrees,
        });
    }
    match failed {
        Some(failure) if report.hosts.iter().all(|host| host.error.is_some()) => Err(failure),
        _ => Ok(report),
    }
}
