//! What was done to the settings of coding agents' programs, and how they stand, in words.

use super::session::Session;
use crate::error::Result;
use crate::ops::agent::{self, AgentsStatus, InstallReport};
use crate::ui::escape;
use crate::ui::table::{self, TableRow};

/// Shows what became of a file.
///
/// # Errors
///
/// Fails when stdout cannot be written to.
pub fn edited(session: &Session<'_>, done: &str, not: &str, report: &InstallReport) -> Result<u8> {
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(report)?;
        return Ok(0);
    }
    let (title, path) = (report.program.title(), report.path.to_string_lossy());
    let path = escape::line(&path);
    let text =
        if report.changed { format!("{done} {title}: {path}") } else { format!("{title} {not}: {path}") };
    ui.answer(&text)?;
    if let Some(backup) = &report.backup {
        ui.say(&format!("the file of before is kept as {}", escape::line(backup)));
    }
    report.todo.iter().for_each(|todo| ui.hint(todo));
    Ok(0)
}

/// Shows how all of them stand.
///
/// # Errors
///
/// Fails when stdout cannot be written to.
pub fn status(session: &Session<'_>, status: &AgentsStatus) -> Result<u8> {
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(status)?;
        return Ok(0);
    }
    let rows: Vec<TableRow> = status
        .programs
        .iter()
        .map(|program| {
            let state = match (&program.reason, program.installed, program.outdated) {
                (Some(reason), ..) => reason.clone(),
                (None, true, true) => {
                    format!("outdated: `{}` renews it", agent::installing(program.program, program.scope))
                }
                (None, true, false) => "installed".to_owned(),
                (None, false, _) => "-".to_owned(),
            };
            let path = program.path.to_string_lossy().into_owned();
            TableRow::plain(vec![
                program.program.as_str().to_owned(),
                program.scope.as_str().to_owned(),
                state,
                path,
            ])
        })
        .collect();
    ui.answer(&table::render(ui, &["PROGRAM", "SCOPE", "STATE", "FILE"], &rows, &["FILE"]))?;
    Ok(0)
}
