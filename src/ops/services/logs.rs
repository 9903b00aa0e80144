//! What the services of a worktree have written: their logs, run by run, and what is added to them.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::services::log_reader::LogReader;
use crate::host::services::{log_file, log_reader, record_file};
use crate::model::picker::Log;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::ops::{env, setup};

use super::place::{self, ServicesPlace};
use super::{naming, standing};

/// Which lines.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// All that have a log where none is named.
    pub services: Vec<ServiceName>,
    /// What the worktree's own commands wrote, instead of its services.
    pub is_setup: bool,
    /// The runs that still wrote then, instead of the last one alone.
    pub since: Option<Timestamp>,
    /// The last so many lines of each service.
    pub tail: Option<usize>,
    /// Whether lines that come later are wanted too.
    pub follow: bool,
}

/// A line that a service wrote, without its end.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct WrittenLine {
    pub service: ServiceName,
    #[schemars(with = "String")]
    #[serde(rename = "line", serialize_with = "as_words")]
    pub bytes: Vec<u8>,
}

fn as_words<S: Serializer>(bytes: &[u8], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}

/// All lines of the logs at once.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Lines {
    pub lines: Vec<WrittenLine>,
}

/// One run's log.
#[derive(Debug)]
struct Reading {
    service: ServiceName,
    reader: LogReader,
    /// Whether the service's later runs are to be read after it.
    is_last: bool,
}

/// The logs, read step by step.
#[derive(Debug)]
pub struct Logs {
    /// The worktree's name and folder.
    worktree: (String, PathBuf),
    folder: PathBuf,
    request: Request,
    /// What is read, in the order in which it is shown.
    readers: Vec<Reading>,
    /// Those whose last run is being read, or has been.
    begun: BTreeSet<ServiceName>,
    /// Services that were named and have written nothing yet.
    pub silent: Vec<ServiceName>,
    /// What stands where the log of one of them should be, and is no file: it is not shown.
    pub strange: Vec<PathBuf>,
}

/// Opens the logs of the worktree we stand in.
///
/// # Errors
///
/// `not_found` for a worktree that is not recorded and a service that does not exist; `permission`.
pub fn open(context: &Context, mut request: Request) -> Result<Logs> {
    let entry = env::require_entry(context, None)?;
    if let Some((_, there)) = standing::of_shared(context, &entry, &request.services) {
        return open(&there, request);
    }
    let folder = if request.is_setup {
        setup::log_folder(context.host.dirs()?.state(), &entry)
    } else {
        record_file::logs(&ServicesPlace::of(context, &entry)?.wish.folder)
    };
    let there = services_in(&folder);
    if request.is_setup {
        request.services = if there.is_empty() { own_logs()? } else { there.iter().rev().cloned().collect() };
    } else if let Some(unknown) = request
        .services
        .iter()
        .find(|name| !there.contains(name) && !context.config.services.contains_key(name))
    {
        return Err(naming::unknown(context, unknown, there.iter()));
    }
    let worktree = (entry.name, entry.path);
    let mut logs = Logs {
        worktree,
        folder,
        request,
        readers: Vec::new(),
        begun: BTreeSet::new(),
        silent: Vec::new(),
        strange: Vec::new(),
    };
    for service in logs.wanted(&there) {
        if there.contains(&service) {
            let path = log_file::path(&logs.folder, service.as_str());
            logs.strange.extend((!is_file(&path)).then_some(path));
            logs.begin(&service)?;
        } else {
            logs.silent.push(service);
        }
    }
    Ok(logs)
}

/// The log that a worktree has at least once its setup was run.
fn own_logs() -> Result<Vec<ServiceName>> {
    let name = "setup".parse().map_err(|message: String| Failure::new(Code::Internal, message))?;
    Ok(vec![name])
}

/// Returns where the logs of the worktree we stand in are; `None` where it is not recorded.
#[must_use]
pub fn find_folder(context: &Context) -> Option<PathBuf> {
    let entry = env::require_entry(context, None).ok()?;
    Some(record_file::logs(&ServicesPlace::of(context, &entry).ok()?.wish.folder))
}

/// Returns the last line that a service wrote; `None` when there is none.
#[must_use]
pub fn last_words(folder: &Path, service: &ServiceName) -> Option<String> {
    log_reader::last_lines(&log_file::path(folder, service.as_str()), 1).ok()?.pop()
}

/// Returns the last `count` lines of each of a worktree's services, as they wrote them.
#[must_use]
pub fn last_of_all(context: &Context, entry: &Entry, count: usize) -> Vec<Log> {
    let Ok(dirs) = context.host.dirs() else { return Vec::new() };
    let folder = record_file::logs(&place::folder(dirs.state(), entry));
    let last =
        |service: &ServiceName| log_reader::last_lines(&log_file::path(&folder, service.as_str()), count);
    let logs = services_in(&folder)
        .into_iter()
        .filter_map(|service| Some(Log { lines: last(&service).ok()?, service: service.to_string() }));
    logs.filter(|log| !log.lines.is_empty()).collect()
}

impl Logs {
    /// Answers whether nothing of the worktree has been started yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    /// Returns the worktree's name.
    #[must_use]
    pub fn worktree(&self) -> &str {
        &self.worktree.0
    }

    /// Answers whether the worktree is not where it was any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.worktree.1.symlink_metadata().is_err()
    }

    /// Returns the longest name of the services that are shown, in letters; `None` when it is only one that was named.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        if self.request.services.len() == 1 {
            return None;
        }
        let names = self.request.services.iter().chain(self.begun.iter());
        Some(names.map(|name| name.as_str().len()).max().unwrap_or_default())
    }

    /// Returns the next lines, limited in number; none when all that was there when the logs were opened has been read. To
    /// follow, ask again later.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn next_lines(&mut self) -> Result<Vec<WrittenLine>> {
        if self.request.follow {
            self.notice_new()?;
        }
        while let Some(reading) = self.readers.first_mut() {
            let lines = reading.lines()?;
            if !lines.is_empty() {
                return Ok(lines);
            }
            if self.request.follow {
                break;
            }
            if let Some(line) = self.readers.remove(0).unfinished() {
                return Ok(vec![line]);
            }
        }
        self.followed()
    }

    /// Returns one batch of what was added to any of them; those of earlier runs go once they are read.
    fn followed(&mut self) -> Result<Vec<WrittenLine>> {
        let mut lines = Vec::new();
        let mut index = 0;
        while let Some(reading) = self.readers.get_mut(index) {
            // Asked before reading: what is written until the next log begins is read below.
            let is_over = !reading.is_last || reading.reader.is_of_earlier_run();
            let added = reading.lines()?;
            let is_done = is_over && added.is_empty();
            lines.extend(added);
            if is_done {
                let mut done = self.readers.remove(index);
                lines.extend(done.unfinished());
                if done.is_last {
                    let next = self.later_runs(&done)?;
                    self.readers.splice(index..index, next);
                }
            } else {
                // What a run still has to say comes before the later ones of its service.
                let service = reading.service.clone();
                index += 1;
                while self.readers.get(index).is_some_and(|next| next.service == service) {
                    index += 1;
                }
            }
        }
        Ok(lines)
    }

    /// Opens the runs that were begun since `done` ended, oldest first: a service that fails at once has several between
    /// two looks.
    fn later_runs(&self, done: &Reading) -> Result<Vec<Reading>> {
        let runs = log_file::runs(&self.folder, done.service.as_str());
        let position = runs.iter().position(|path| done.reader.is_at(path));
        let from = position.map_or(runs.len().saturating_sub(1), |position| position + 1);
        let mut later = Vec::new();
        for path in &runs[from..] {
            let service = done.service.clone();
            let Some(mut reader) = opened(path, None)? else { continue };
            reader.follow();
            later.push(Reading { service, reader, is_last: false });
        }
        if let Some(last) = later.last_mut() {
            last.reader.follow_as(&log_file::path(&self.folder, done.service.as_str()));
            last.is_last = true;
        }
        Ok(later)
    }

    /// Begins to read logs that have been begun since: of services that start later, and of later runs.
    fn notice_new(&mut self) -> Result<()> {
        for service in self.wanted(&services_in(&self.folder)) {
            let path = log_file::path(&self.folder, service.as_str());
            if !self.begun.contains(&service) && is_file(&path) {
                if let Some(mut reader) = opened(&path, None)? {
                    reader.follow();
                    self.readers.push(Reading { service: service.clone(), reader, is_last: true });
                }
                self.begun.insert(service);
            }
        }
        Ok(())
    }

    fn wanted(&self, there: &BTreeSet<ServiceName>) -> Vec<ServiceName> {
        if self.request.services.is_empty() {
            return there.iter().cloned().collect();
        }
        let mut seen = BTreeSet::new();
        self.request.services.iter().filter(|name| seen.insert(*name)).cloned().collect()
    }

    /// Opens the runs of a service that are asked for, oldest first.
    fn begin(&mut self, service: &ServiceName) -> Result<()> {
        let mut runs = log_file::runs(&self.folder, service.as_str());
        match self.request.since {
            Some(since) => runs.retain(|path| wrote_since(path, since)),
            None => drop(runs.drain(..runs.len().saturating_sub(1))),
        }
        let mut left = self.request.tail;
        let mut readers = Vec::new();
        for path in runs.iter().rev() {
            if left == Some(0) && !readers.is_empty() {
                break;
            }
            let Some(mut reader) = opened(path, left)? else { continue };
            if self.request.follow {
                reader.follow();
            }
            if let Some(count) = &mut left {
                *count = count.saturating_sub(lines_from(path, *count)?);
            }
            let is_last = readers.is_empty();
            readers.push(Reading { service: service.clone(), reader, is_last });
        }
        self.readers.extend(readers.into_iter().rev());
        self.begun.insert(service.clone());
        Ok(())
    }
}

impl Reading {
    fn lines(&mut self) -> Result<Vec<WrittenLine>> {
        let lines = self.reader.next_lines().map_err(|error| unreadable(error, self.service.as_str()))?;
        Ok(lines.into_iter().map(|bytes| WrittenLine { service: self.service.clone(), bytes }).collect())
    }

    fn unfinished(&mut self) -> Option<WrittenLine> {
        let bytes = self.reader.take_unfinished()?;
        Some(WrittenLine { service: self.service.clone(), bytes })
    }
}

/// A link is none, wherever it leads.
fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_file())
}

/// `None` when it was rotated away between look and opening.
fn opened(path: &Path, tail: Option<usize>) -> Result<Option<LogReader>> {
    let found = match tail {
        Some(count) => LogReader::tail(path, count),
        None => LogReader::open(path),
    };
    match found {
        Ok(reader) => Ok(Some(reader)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(error, &path.display().to_string())),
    }
}

/// Returns how many lines a reader of the last `count` finds.
fn lines_from(path: &Path, count: usize) -> Result<usize> {
    let Some(mut reader) = opened(path, Some(count))? else { return Ok(0) };
    let mut found = 0;
    loop {
        let lines = reader.next_lines().map_err(|error| unreadable(error, &path.display().to_string()))?;
        if lines.is_empty() {
            return Ok(found + usize::from(reader.take_unfinished().is_some()));
        }
        found += lines.len();
    }
}

fn wrote_since(path: &Path, since: Timestamp) -> bool {
    let written = path.metadata().and_then(|found| found.modified()).ok();
    let written = written.and_then(|time| Timestamp::try_from(time).ok());
    written.is_none_or(|written| written >= since)
}

/// Returns the services that have a log in the folder.
fn services_in(folder: &Path) -> BTreeSet<ServiceName> {
    let names = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.to_str()?.strip_suffix(".log")?.parse().ok()).collect()
}

fn unreadable(error: std::io::Error, what: &str) -> Failure {
    Failure::from_io(error, Code::Permission, format!("the log of {what} cannot be read"))
}
