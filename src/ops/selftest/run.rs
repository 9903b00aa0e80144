//! Runs the checks, and takes everything away again, also when the user gives up.

use std::ffi::OsString;

use schemars::JsonSchema;
use serde::Serialize;

use super::checks::{ALL, State};
use super::lab::{Difference, Lab};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::machine::Host;
use crate::host::process::ask::ask;
use crate::host::process::spawn::{self, SpawnWish};
use crate::host::trial::Trial;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    pub checks: Vec<Tried>,
    pub passed: usize,
    pub failed: usize,
}

/// A promise that was tried out.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Tried {
    pub name: String,
    pub ok: bool,
    pub ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
}

/// Tries every promise out. `tell` hears of each as it comes.
///
/// # Errors
///
/// `interrupted`; `internal` where no place can be made for it.
pub fn selftest(context: &Context, mut tell: impl FnMut(&Tried) -> Result<()>) -> Result<Report> {
    let host = &context.host;
    host.interrupt.install()?;
    let program = host.program()?;
    let shown = program.display().to_string();
    let internal = |error| Failure::from_io(error, Code::Internal, "no place can be made for the test");
    let trial =
        Trial::begin(&host.environment, program, host.clock, host.interrupt.clone()).map_err(internal)?;
    let mut report = Report::default();
    let mut note = |report: &mut Report, tried: Tried| {
        if tried.ok {
            report.passed += 1;
        } else {
            report.failed += 1;
        }
        let told = tell(&tried);
        report.checks.push(tried);
        told
    };
    let began = host.clock.instant();
    let lab = match Lab::prepare(&trial, &shown) {
        Ok(lab) => lab,
        Err(found) => {
            let tried = tried("a place of its own", began, host, Err(found));
            end(trial)?;
            note(&mut report, tried)?;
            return Ok(report);
        }
    };
    let mut state = State::default();
    let mut told = Ok(());
    for (name, check) in ALL {
        if host.interrupt.is_raised() || told.is_err() {
            break;
        }
        let began = host.clock.instant();
        let outcome = check(&lab, &mut state);
        if !host.interrupt.is_raised() {
            told = note(&mut report, tried(name, began, host, outcome));
        }
    }
    drop(state);
    let began = host.clock.instant();
    let stopped = lab.leave();
    let left = end(trial)?;
    host.interrupt.check()?;
    told?;
    let outcome =
        stopped.and_then(|()| super::lab::expect(left == 0, "no process is left", &format!("{left} were")));
    note(&mut report, tried("nothing left behind", began, host, outcome))?;
    Ok(report)
}

fn end(trial: Trial) -> Result<usize> {
    trial
        .end()
        .map_err(|error| Failure::from_io(error, Code::Internal, "the folder of the test cannot be deleted"))
}

fn tried(
    name: &str,
    began: std::time::Instant,
    host: &Host,
    outcome: std::result::Result<(), Difference>,
) -> Tried {
    let ms = u64::try_from(host.clock.since(began).as_millis()).unwrap_or(u64::MAX);
    let (expected, got) = outcome.err().map(|found| (found.expected, found.got)).unzip();
    Tried { name: name.to_owned(), ok: expected.is_none(), ms, expected, got }
}

/// Runs our own program with these words once more in a network namespace of its own, where that is allowed. Returns its exit
/// status; `None` where it is not allowed.
#[must_use]
pub fn enter_namespace(host: &Host, words: &[OsString]) -> Option<u8> {
    let unshare = host.environment.find_program("unshare")?;
    let program = host.program().ok()?;
    let script = "(ip link set lo up || ifconfig lo up) >/dev/null 2>&1";
    let folder = host.current_folder().ok()?;
    let words_of = |flags: &[&str], rest: &[OsString]| -> Vec<OsString> {
        flags.iter().map(OsString::from).chain(rest.iter().cloned()).collect()
    };
    let quietly: [OsString; 3] = ["sh".into(), "-c".into(), script.into()];
    let ways: [&[&str]; 2] = [&["--net"], &["--net", "--map-root-user"]];
    let is_allowed =
        |flags: &&[&str]| ask(&unshare, &words_of(flags, &quietly), &folder, &[], &host.interrupt).is_ok();
    let flags = ways.into_iter().find(is_allowed)?;
    let mut rest: Vec<OsString> =
        vec!["sh".into(), "-c".into(), format!("{script}; exec \"$@\"").into(), "sh".into(), program.into()];
    rest.extend(words.iter().cloned());
    let arguments = words_of(flags, &rest);
    let wish = SpawnWish {
        program: unshare.as_os_str(),
        arguments: &arguments,
        folder: &folder,
        variables: &[],
        stdout_to_stderr: false,
    };
    spawn::run(&wish).ok().map(|exit| exit.code)
}
