//! Who calls, and from where: what stands on stdin, what was typed, and whose child we are.

use std::path::PathBuf;
use std::time::Duration;

use crate::host::process::{identity, table};
use crate::host::stdin;
use crate::model::agent::ancestor;
use crate::model::agent::input::Input;
use crate::model::agent::marker::CallingAgent;
use crate::model::agent::program::Program;

/// The longest input that is read, in bytes.
const LONGEST: usize = 1024 * 1024;

/// How long the input may take to come.
const LIMIT: Duration = Duration::from_millis(300);

/// What was typed.
#[derive(Clone, Debug, Default)]
pub struct TypedCommand {
    pub program: Option<Program>,
    pub folder: Option<PathBuf>,
    pub pid: Option<u32>,
}

/// What was heard.
#[derive(Clone, Debug)]
pub struct HeardSession {
    /// Where the session works; `None` for the folder that we stand in.
    pub folder: Option<PathBuf>,
    pub caller: CallingAgent,
    pub warnings: Vec<String>,
}

/// Reads what a hook tells on stdin, which may never end; `None` where that is nothing that is understood.
#[must_use]
pub fn told() -> Option<Input> {
    Input::find(&stdin::read_within(LONGEST, LIMIT))
}

/// Hears the caller. What its hook says of the folder goes before what was typed.
#[must_use]
pub fn hear(wish: &TypedCommand) -> HeardSession {
    let input = told().unwrap_or_default();
    let mut warnings = Vec::new();
    let found = match wish.pid {
        Some(pid) => {
            let process = identity::of(pid);
            if process.is_none() {
                warnings.push(format!("there is no process {pid}"));
            }
            process.map(|process| (process, None))
        }
        None => find_agent(),
    };
    let (process, name) = found.map_or((None, None), |(process, name)| (Some(process), name));
    let named = wish.program.map(|program| program.as_str().to_owned()).or(name);
    let caller = CallingAgent {
        program: named.unwrap_or_else(|| "agent".to_owned()),
        session: input.session,
        process,
    };
    HeardSession { folder: input.folder.or_else(|| wish.folder.clone()), caller, warnings }
}

fn find_agent() -> Option<(crate::model::process::ProcessId, Option<String>)> {
    let ancestors = table::named_ancestors(std::process::id());
    let (pid, name) = ancestor::agent(ancestors.iter().map(|(pid, name)| (*pid, name.as_str())))?;
    Some((identity::of(pid)?, Some(name.to_owned())))
}
