//! The reports behind `/api`: each is what the command beside it answers, asked for in the same words. Nothing is healed,
//! checked or recorded for a page that looks.

use hyper::StatusCode;

use super::reply::report;
use super::route::Ask;
use super::site::ServerSite;
use crate::error::{Code, Failure, Result};
use crate::model;
use crate::model::event::EventKind;
use crate::model::event::filter::EventFilter;
use crate::model::health::state::Health;
use crate::model::history;
use crate::model::port::Port;
use crate::model::service::ServiceName;
use crate::ops::health::ports;
use crate::ops::metrics::metrics as ops_metrics;
use crate::ops::ports::conflicts;
use crate::ops::report as ops_report;
use crate::ops::services::contact::Deaf;
use crate::ops::services::logs::{self, Lines};
use crate::ops::services::status::Looker;
use crate::ops::{discovery, events, list, team, validate};

/// Answers with the status and the bytes of the report.
///
/// # Errors
///
/// Those of the operation; `usage` for a parameter that is none.
pub fn answer(site: &ServerSite, ask: &Ask) -> Result<(StatusCode, Vec<u8>)> {
    let command = ask.command();
    let fine = |bytes| (StatusCode::OK, bytes);
    match ask {
        Ask::Worktrees => {
            let (context, _) = site.everywhere()?;
            report(
                command,
                &list::list(
                    &context,
                    list::Request { all: true, status: true, size: false, remembers: false },
                )?,
            )
            .map(fine)
        }
        Ask::Worktree { repository, name } => {
            let context = site.at(repository)?.0;
            let mut looker = Looker::new(&context, Some(name), Vec::new())?.only_looking();
            report(command, &looker.ask(&context, &mut Deaf)?).map(fine)
        }
        Ask::Logs { repository, name, service, tail } => {
            let context = site.at(repository)?.0.of_worktree(Some(name));
            let request = logs::Request {
                services: service.as_deref().map(service_name).transpose()?.into_iter().collect(),
                tail: Some(tail.as_deref().map_or(Ok(TAIL), count)?),
                ..logs::Request::default()
            };
            let mut logs = logs::open(&context, request)?;
            let mut all = Lines { lines: Vec::new() };
            loop {
                let lines = logs.next_lines()?;
                if lines.is_empty() {
                    return report(command, &all).map(fine);
                }
                all.lines.extend(lines);
            }
        }
        Ask::Conflicts => {
            let (context, _) = site.everywhere()?;
            report(command, &conflicts::conflicts(&context)?).map(fine)
        }
        Ask::Findings => {
            let (context, config_problems) = site.everywhere()?;
            let request =
                validate::Request { verify_ports: true, all: true, leave_stale: false, config_problems };
            report(command, &validate::validate(&context, &request)?).map(fine)
        }
        Ask::Events { since, kind } => {
            let (context, _) = site.everywhere()?;
            let usage = |problem| Failure::new(Code::Usage, problem);
            let filter = EventFilter {
                since: since
                    .as_deref()
                    .map(|text| history::moment(text, context.now()).map_err(usage))
                    .transpose()?,
                kinds: kind.as_deref().map_or(Ok(Vec::new()), kinds)?,
                ..EventFilter::default()
            };
            report(command, &events::events(&context, &filter)?).map(fine)
        }
        Ask::PortHealth => {
            let found = ports::all(&site.everywhere()?.0)?;
            Ok((status(found.summary.by_state.unhealthy > 0), report(command, &found)?))
        }
        Ask::PortHealthOf(port) => {
            let port: Port = port.parse().map_err(|problem| Failure::new(Code::Usage, problem))?;
            let found = ports::one(&site.everywhere()?.0, port)?;
            Ok((status(found.health == Health::Unhealthy), report(command, &found)?))
        }
        Ask::Report { since } => {
            let (context, _) = site.everywhere()?;
            let since = history::moment(since.as_deref().unwrap_or(ops_report::PERIOD), context.now())
                .map_err(|problem| Failure::new(Code::Usage, problem))?;
            report(command, &ops_report::report(&context, since)?).map(fine)
        }
        Ask::Team if site.shown.team => {
            report(command, &team::running(&site.everywhere()?.0, true)?).map(fine)
        }
        Ask::Team => Err(Failure::new(Code::NotAllowed, "this server shows its own host alone")
            .hint("start it with `wt serve --team` to see the others of the team")),
        Ask::PortTotals => report(command, &ports::totals(&site.everywhere()?.0)?).map(fine),
    }
}

/// Returns the metrics of every repository, as `wt metrics --all` prints them.
///
/// # Errors
///
/// Those of the operation.
pub fn metrics(site: &ServerSite) -> Result<String> {
    let (context, config_problems) = site.everywhere()?;
    let report = ops_metrics(&context, config_problems)?;
    let text = model::metrics::text(&report.families);
    // A line that is a comment to whoever scrapes.
    Ok(report.warning.map(|said| format!("# {}\n", said.replace(char::is_control, " "))).unwrap_or_default()
        + &text)
}

/// Returns what Prometheus' service discovery over HTTP is answered: the services that show metrics.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub fn discovery(site: &ServerSite) -> Result<Vec<u8>> {
    let targets = discovery::discover(&site.everywhere()?.0)?;
    serde_json::to_vec(&targets)
        .map_err(|error| Failure::new(Code::Internal, format!("the targets cannot be written: {error}")))
}

/// How many lines of a log are shown where nobody says.
const TAIL: usize = 200;

/// The most lines of a log that one request gets.
const LONGEST_TAIL: usize = 10_000;

fn status(is_unhealthy: bool) -> StatusCode {
    if is_unhealthy { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

fn kinds(text: &str) -> Result<Vec<EventKind>> {
    let kinds =
        text.split(',').map(|word| word.parse().map_err(|problem| Failure::new(Code::Usage, problem)));
    kinds.collect()
}

fn service_name(text: &str) -> Result<ServiceName> {
    text.parse().map_err(|problem| Failure::new(Code::Usage, problem))
}

fn count(text: &str) -> Result<usize> {
    let number = text.parse().ok().filter(|number| *number <= LONGEST_TAIL);
    number.ok_or_else(|| {
        Failure::new(Code::Usage, format!("`tail` is a number of lines, at most {LONGEST_TAIL}"))
    })
}
