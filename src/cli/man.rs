//! `wt man`: the manual pages, made from the command line itself.

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use super::session::Session;
use super::shell::for_people;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::called::GIT_WT;
use crate::ops::man::{self, ManPage, Page};

/// Print the manual page, or write the pages of all commands into a folder
#[derive(Args, Debug)]
pub struct Arguments {
    /// Where the pages go, `wt.1` and one for each command; `git help wt` finds `git-wt.1` among them
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
///
/// Fails when stdout or the folder cannot be written to.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let whole = for_people(&(session.command_line)());
    let Some(folder) = &arguments.folder else {
        let page = text(session.called.binary(), whole)?;
        if session.ui.is_json() {
            session.ui.answer_json(&ManPage { page })?;
        } else {
            session.ui.answer(&page)?;
        }
        return Ok(0);
    };
    let folder = session.host.current_folder()?.join(folder);
    require_no_command(&whole, arguments.folder.as_deref(), &folder)?;
    let mut pages = vec![Page { name: format!("{GIT_WT}.1"), text: text(GIT_WT, whole.clone())? }];
    collect("wt", whole, &mut pages)?;
    let report = man::write(&folder, &pages)?;
    if session.ui.is_json() {
        session.ui.answer_json(&report)?;
    } else {
        let count = report.pages.len();
        session.ui.answer(&format!("Wrote {count} pages into {}", report.folder.display()))?;
    }
    Ok(0)
}

/// Refuses the name of a command where no folder of that name is: its help was meant.
fn require_no_command(whole: &Command, typed: Option<&Path>, folder: &Path) -> Result<()> {
    let Some(word) = typed.and_then(Path::to_str) else { return Ok(()) };
    if folder.exists() || whole.find_subcommand(word).is_none() {
        return Ok(());
    }
    Err(Failure::new(
        Code::Usage,
        format!("`wt man DIR` writes pages into a folder, and `{word}` is a command"),
    )
    .hint(format!("`{}` explains it; `./{word}` is the folder", wt("{} --help", &[&word]))))
}

/// The page of a command and those of the commands below it, which are called `wt-ports-check`.
fn collect(name: &str, command: Command, pages: &mut Vec<Page>) -> Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        collect(&format!("{name}-{}", below.get_name()), below.clone(), pages)?;
    }
    pages.push(Page { name: format!("{name}.1"), text: text(name, command)? });
    Ok(())
}

fn text(name: &str, command: Command) -> Result<String> {
    let typed = if name == GIT_WT { "git wt".to_owned() } else { name.replace('-', " ") };
    let mut page = Vec::new();
    let command = command.name(name.to_owned()).bin_name(typed).version(env!("CARGO_PKG_VERSION"));
    Man::new(command).render(&mut page).map_err(|error| {
        Failure::new(Code::Internal, format!("the page of {name} cannot be made: {error}")).caused_by(error)
    })?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
