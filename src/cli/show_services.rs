//! Services in words: a table for eyes, lines for programs.

use std::path::PathBuf;
use std::time::Duration;

use crate::context::Context;
use crate::error::Result;
use crate::model::services::news::{ServiceNews, is_obvious};
use crate::model::services::protocol::ServiceFacts;
use crate::model::services::state::ServiceState;
use crate::ops::services::contact::WishListener;
use crate::ops::services::logs;
use crate::ops::services::report::ServiceView;
use crate::ui::live::LiveLines;
use crate::ui::output::Ui;
use crate::ui::table::{self, RowLook, TableRow};

/// The place after the state.
const BESIDE_STATE: usize = 2;

/// Returns one line for each service: name, state, port, pid, uptime, restarts, processor, memory, reason, URL. For eyes the URL
/// stands beside the state.
#[must_use]
pub fn table(ui: &Ui, services: &[ServiceView]) -> String {
    let is_for_eyes = ui.width().is_some();
    let mut rows: Vec<TableRow> = services.iter().map(|service| row(service, is_for_eyes)).collect();
    let mut heads = vec!["SERVICE", "STATE", "PORT", "PID", "UPTIME", "RESTARTS", "CPU", "MEMORY", "REASON"];
    let has_urls = services.iter().any(|service| service.url.is_some());
    if has_urls || !is_for_eyes {
        let place = if is_for_eyes { BESIDE_STATE } else { heads.len() };
        heads.insert(place, "URL");
        for (row, service) in rows.iter_mut().zip(services) {
            row.cells.insert(place, service.url.clone().unwrap_or_default());
        }
    }
    table::render(
        ui,
        if is_for_eyes { &heads } else { &[] },
        &rows,
        &["MEMORY", "CPU", "RESTARTS", "UPTIME", "PID"],
    )
}

fn row(service: &ServiceView, is_for_eyes: bool) -> TableRow {
    let text = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let uptime = match service.uptime_s {
        Some(seconds) if is_for_eyes => age(seconds),
        other => text(other),
    };
    let memory = match service.memory_bytes {
        Some(bytes) if is_for_eyes => format!("{} MiB", bytes.div_ceil(1 << 20)),
        other => text(other),
    };
    let cpu = service.cpu_percent.map(
        |percent| {
            if is_for_eyes { format!("{percent} %") } else { percent.to_string() }
        },
    );
    let cells = vec![
        service.service.to_string(),
        service.state.to_string(),
        service.port.map(|port| port.to_string()).unwrap_or_default(),
        service.pid.map(|pid| pid.to_string()).unwrap_or_default(),
        uptime,
        service.restarts.to_string(),
        cpu.unwrap_or_default(),
        memory,
        reason(service),
    ];
    TableRow { cells, look: row_look(service.state) }
}

/// Why it stands like that, behind how many worktrees use it.
fn reason(service: &ServiceView) -> String {
    let users = service.shared_by.filter(|users| *users > 0).map(|users| format!("shared by {users}"));
    users.into_iter().chain(service.reason.clone()).collect::<Vec<_>>().join("; ")
}

/// What needs somebody stands out; what rests stands back.
fn row_look(state: ServiceState) -> RowLook {
    match state {
        ServiceState::Failed | ServiceState::Unhealthy | ServiceState::Backoff => RowLook::Strong,
        ServiceState::Stopped | ServiceState::Asleep => RowLook::Faint,
        ServiceState::Starting | ServiceState::Ready | ServiceState::Stopping | ServiceState::Completed => {
            RowLook::Plain
        }
    }
}

/// Returns a time as people glance at it: `42s`, `3m`, `5h`, `2d`.
fn age(seconds: u64) -> String {
    match Duration::from_secs(seconds).as_secs() {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..7200 => format!("{}m", seconds / 60),
        seconds @ 7200..172_800 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// Says what happens while services start or stop: a line for each change of one; on a terminal a line for each service,
/// drawn anew again and again.
#[derive(Debug)]
pub struct Teller<'a> {
    ui: &'a Ui,
    context: &'a Context,
    news: ServiceNews,
    live: Option<LiveLines>,
    /// Where the last words are.
    folder: Option<PathBuf>,
}

impl<'a> Teller<'a> {
    /// Nothing was said yet.
    #[must_use]
    pub fn new(ui: &'a Ui, context: &'a Context) -> Self {
        let live = ui.shows_progress().then(LiveLines::default);
        let folder = live.as_ref().and_then(|_| logs::find_folder(context));
        Self { ui, context, news: ServiceNews::default(), live, folder }
    }

    fn draw(&mut self) {
        let Some(live) = &mut self.live else { return };
        let shown: Vec<&ServiceFacts> =
            self.news.known().iter().filter(|facts| facts.state != ServiceState::Stopped).collect();
        let widest = shown.iter().map(|facts| facts.service.as_str().len()).max().unwrap_or(0);
        let now = self.context.now();
        let lines: Vec<String> = shown
            .iter()
            .map(|facts| {
                let port = facts.port.map(|port| port.to_string()).unwrap_or_default();
                let up = facts.since.map(|since| now.duration_since(since).as_secs().max(0).unsigned_abs());
                let up = up.map(age).unwrap_or_default();
                let said = match &facts.reason {
                    Some(reason) if !is_obvious(reason) => reason.clone(),
                    // Before it runs its log is that of the run before.
                    _ => self
                        .folder
                        .as_ref()
                        .filter(|_| facts.pid.is_some())
                        .and_then(|folder| logs::last_words(folder, &facts.service))
                        .unwrap_or_default(),
                };
                let restarts = match facts.restarts {
                    0 => String::new(),
                    count => format!("{count} restarts"),
                };
                let (service, state) = (facts.service.as_str(), facts.state);
                format!("{service:<widest$}  {:<9}  {port:>5}  {up:>4}  {restarts}  {said}", state.as_str())
            })
            .collect();
        live.draw(&lines);
    }
}

impl WishListener for Teller<'_> {
    fn services(&mut self, services: &[ServiceFacts]) {
        let lines = self.news.lines(services);
        if self.live.is_some() {
            return self.draw();
        }
        for (_, line) in &lines {
            self.ui.say(line);
        }
    }

    fn looked_at(&mut self, text: &str) {
        self.ui.say_more(&format!("looked at {text}"));
    }

    fn note(&mut self, text: &str) {
        if let Some(live) = &mut self.live {
            live.clear();
        }
        self.ui.warn(text);
    }

    fn say(&mut self, text: &str) {
        if let Some(live) = &mut self.live {
            live.clear();
        }
        self.ui.say(text);
    }

    fn idle(&mut self) -> Result<()> {
        self.draw();
        Ok(())
    }
}
