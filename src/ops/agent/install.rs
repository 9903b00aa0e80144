//! Has a coding agent's program call us: its settings get our entries, or lose them; every other byte stays.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::installed::{Done, InstalledMemory};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::settings_file::{SettingsFile, remove_folders};
use crate::model::advised::wt;
use crate::model::agent::program::Program;
use crate::model::agent::settings::edit::{self, SettingsState};
use crate::model::agent::settings::places::{self, SettingsScope};
use crate::model::agent::settings::tree::SettingsFault;

/// How often it is tried again when somebody else edits the file meanwhile.
const TRIES: usize = 2;

/// What was done to a program's settings.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Report {
    pub program: Program,
    pub scope: SettingsScope,
    #[schemars(with = "String")]
    #[serde(serialize_with = "crate::model::view::as_text")]
    pub path: PathBuf,
    /// Whether the file was changed.
    pub changed: bool,
    /// Where the bytes of before are kept; `null` where there were none.
    pub backup: Option<String>,
    /// What a person must still do.
    pub todo: Vec<String>,
}

/// How a program's settings stand.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ProgramStatus {
    pub program: Program,
    pub scope: SettingsScope,
    #[schemars(with = "String")]
    #[serde(serialize_with = "crate::model::view::as_text")]
    pub path: PathBuf,
    pub installed: bool,
    /// Whether what is installed is not what would be installed now.
    pub outdated: bool,
    /// Why that cannot be told.
    pub reason: Option<String>,
}

/// How all of them stand.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct AgentsStatus {
    pub programs: Vec<ProgramStatus>,
}

/// The file of a program.
struct Target {
    program: Program,
    scope: SettingsScope,
    path: PathBuf,
    memory: InstalledMemory,
    /// Whose repository it is: what it links to must not lead out of it.
    root: Option<PathBuf>,
}

impl Target {
    fn of(context: &Context, program: Program, scope: SettingsScope) -> Result<Self> {
        let place = places::place(program);
        let (path, root) = match scope {
            SettingsScope::Project => {
                let repository = context.require_repository()?;
                let current = repository.current().ok_or_else(|| {
                    Failure::new(Code::BareUnsupported, "a bare repository has no files for `--project`")
                        .hint("change to one of its worktrees")
                })?;
                (current.path.join(place.project), Some(current.path.clone()))
            }
            SettingsScope::User => {
                let own = place.home.variable.and_then(|name| context.host.environment.find_folder(name));
                let own = own.map(|folder| folder.join(place.home.within));
                let home = || Some(context.host.home()?.join(place.home.usual));
                let folder = own.or_else(home).ok_or_else(|| {
                    Failure::new(Code::Usage, "HOME is not set, so there are no settings of a user")
                        .hint("set HOME, or write the repository's: `--project`")
                })?;
                (folder.join(place.file), None)
            }
        };
        let memory = InstalledMemory::of(context, program, &path)?;
        Ok(Self { program, scope, path, memory, root })
    }

    fn file(&self) -> Result<SettingsFile> {
        let file = SettingsFile::read(&self.path)?;
        if let Some(root) = &self.root {
            file.require_below(root)?;
        }
        Ok(file)
    }

    fn unfit(&self, why: &str) -> Failure {
        Failure::new(Code::SettingsInvalid, format!("{} is left as it is: {why}", self.path.display()))
            .hint("mend the file, or move it away, then try again")
            .detail("path", self.path.display().to_string())
    }

    /// A new file of the user's is theirs alone.
    fn mode(&self) -> u32 {
        if self.scope == SettingsScope::User { 0o600 } else { 0o644 }
    }

    fn report(&self, changed: bool) -> Report {
        Report {
            program: self.program,
            scope: self.scope,
            path: self.path.clone(),
            changed,
            backup: None,
            todo: Vec::new(),
        }
    }
}

/// Installs.
///
/// # Errors
///
/// `settings_invalid` for a file that is not understood, or that somebody edits at the same time; `permission`, `disk_full`. The
/// file is untouched then.
pub fn install(
    context: &Context,
    program: Program,
    scope: SettingsScope,
    status_line: bool,
) -> Result<Report> {
    let target = Target::of(context, program, scope)?;
    let before = target.memory.find(&target.path);
    for _ in 0..TRIES {
        let file = target.file()?;
        let text = file.text().ok_or_else(|| target.unfit("it is no text"))?;
        let (new, pieces) = match wanted(&target, text, file.exists(), status_line) {
            Ok(Some(wanted)) => wanted,
            Ok(None) => return Ok(told(context, target.report(false))),
            Err(SettingsFault(why)) => return Err(target.unfit(&why)),
        };
        let folders = file.make_folders()?;
        let folders: Vec<String> = folders.into_iter().map(|folder| folder.display().to_string()).collect();
        let done = Done { path: target.path.clone(), made: !file.exists(), folders: folders.clone(), pieces };
        // What we made once is ours also when it is installed anew.
        let done = match &before {
            Some(before) if file.exists() => {
                Done { made: before.made, folders: before.folders.clone(), ..done }
            }
            _ => done,
        };
        let put = put(&target, &file, &done, &new);
        if let Ok(Some(backup)) = put {
            let backup = backup.map(|path| path.display().to_string());
            return Ok(told(context, Report { backup, ..target.report(true) }));
        }
        // The file is as it was: so is what is known of it.
        target.memory.restore(before.as_ref());
        remove_folders(&folders);
        put?;
    }
    Err(target.unfit("somebody else edits it at the same time"))
}

/// Remembers what is done, then does it: a file that is changed is never one of which nothing is known. Returns where the bytes
/// of before are kept; `None` where somebody else edited the file meanwhile.
#[expect(clippy::option_option, reason = "a file that was not there has nothing that could be kept")]
fn put(target: &Target, file: &SettingsFile, done: &Done, text: &str) -> Result<Option<Option<PathBuf>>> {
    let backup = if file.exists() { Some(target.memory.keep(file.bytes())?) } else { None };
    target.memory.write(done)?;
    Ok(file.replace(text, target.mode())?.then_some(backup))
}

/// The text that is to stand there, with what is inserted for it; `None` where it does.
fn wanted(
    target: &Target,
    text: &str,
    exists: bool,
    status_line: bool,
) -> Result<Option<(String, Vec<String>)>, SettingsFault> {
    let program = target.program;
    if !places::place(program).is_own {
        let edited = edit::installed(text, &places::wish(program, status_line))?;
        return Ok(edited.map(|edited| (edited.text, edited.pieces)));
    }
    let own = places::own(program);
    if exists && !text.trim().is_empty() && !places::is_own(program, text) {
        return Err(SettingsFault("it is not ours".to_owned()));
    }
    Ok((own != text).then(|| (own.clone(), vec![own])))
}

/// Adds what a person must still do.
fn told(context: &Context, mut report: Report) -> Report {
    let program = report.program;
    report.todo.extend(places::todo(program).map(str::to_owned));
    if context.host.environment.find_program("git-wt").is_none() {
        report.todo.push("put `git-wt` on PATH: that is what the hooks call".to_owned());
    }
    if report.scope == SettingsScope::Project {
        report.todo.push(format!("commit {}", report.path.display()));
    }
    let other = match program {
        Program::Claude => Some(Program::Cursor),
        Program::Cursor => Some(Program::Claude),
        _ => None,
    };
    let is_there =
        |other| status_of(context, other, SettingsScope::User).is_ok_and(|status| status.installed);
    if other.is_some_and(is_there) {
        report.todo.push(
            "Cursor also reads the settings of Claude Code: a session calls twice then, which changes nothing".to_owned(),
        );
    }
    report
}

/// Uninstalls.
///
/// # Errors
///
/// As [`install`].
pub fn uninstall(context: &Context, program: Program, scope: SettingsScope) -> Result<Report> {
    let target = Target::of(context, program, scope)?;
    let done = target.memory.find(&target.path).unwrap_or_default();
    for _ in 0..TRIES {
        let file = target.file()?;
        if !file.exists() {
            target.memory.forget();
            return Ok(target.report(false));
        }
        let text = file.text().ok_or_else(|| target.unfit("it is no text"))?;
        let rest = match without(&target, text, &done) {
            Ok(Some(rest)) => rest,
            Ok(None) => {
                target.memory.forget();
                return Ok(target.report(false));
            }
            Err(SettingsFault(why)) => return Err(target.unfit(&why)),
        };
        let is_ours = done.made || places::place(program).is_own;
        let is_gone = if is_ours && rest.trim().is_empty() {
            let is_gone = file.remove()?;
            if is_gone {
                remove_folders(&done.folders);
            }
            is_gone
        } else {
            file.replace(&rest, target.mode())?
        };
        if is_gone {
            target.memory.forget();
            return Ok(target.report(true));
        }
    }
    Err(target.unfit("somebody else edits it at the same time"))
}

/// The text without what is ours; `None` where nothing is.
fn without(target: &Target, text: &str, done: &Done) -> Result<Option<String>, SettingsFault> {
    let program = target.program;
    if !places::place(program).is_own {
        return edit::uninstalled(text, &places::wish(program, false), &done.pieces);
    }
    if text == places::own(program) || done.pieces.iter().any(|piece| piece == text) {
        return Ok(Some(String::new()));
    }
    if places::is_own(program, text) {
        return Err(SettingsFault("it is ours, and somebody changed it: delete it yourself".to_owned()));
    }
    Ok(None)
}

/// Tells how the settings of all programs stand: the user's, and the repository's where we stand in one.
#[must_use]
pub fn status(context: &Context) -> AgentsStatus {
    let has_worktree = context.repository.as_ref().is_some_and(|repository| repository.current().is_some());
    let scopes = [Some(SettingsScope::User), has_worktree.then_some(SettingsScope::Project)];
    let each = Program::ALL
        .into_iter()
        .flat_map(|program| scopes.into_iter().flatten().map(move |scope| (program, scope)));
    AgentsStatus {
        programs: each.filter_map(|(program, scope)| status_of(context, program, scope).ok()).collect(),
    }
}

fn status_of(context: &Context, program: Program, scope: SettingsScope) -> Result<ProgramStatus> {
    let target = Target::of(context, program, scope)?;
    let (installed, outdated, reason) = match standing(&target) {
        Ok(standing) => (standing != SettingsState::Absent, standing == SettingsState::Outdated, None),
        Err(failure) => (false, false, Some(failure.message().to_owned())),
    };
    Ok(ProgramStatus { program, scope, path: target.path, installed, outdated, reason })
}

fn standing(target: &Target) -> Result<SettingsState> {
    let file = target.file()?;
    let text = file.text().ok_or_else(|| target.unfit("it is no text"))?;
    let program = target.program;
    if places::place(program).is_own {
        let is_own = file.exists() && places::is_own(program, text);
        return Ok(match is_own {
            false => SettingsState::Absent,
            true if text == places::own(program) => SettingsState::Current,
            true => SettingsState::Outdated,
        });
    }
    edit::standing(text, &places::wish(program, false)).map_err(|SettingsFault(why)| target.unfit(&why))
}

/// Returns the command that installs once more.
#[must_use]
pub fn installing(program: Program, scope: SettingsScope) -> String {
    wt("agent install {}", &[&program.as_str()]).to_string()
        + if scope == SettingsScope::Project { " --project" } else { "" }
}
