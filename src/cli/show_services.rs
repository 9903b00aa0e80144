//! Services in words: a table for eyes, lines for programs.

use std::time::Duration;

use crate::model::services::protocol::ServiceFacts;
use crate::model::services::state::State;
use crate::ops::services::contact::Listener;
use crate::ops::services::report::ServiceView;
use crate::ui::output::Ui;
use crate::ui::paint::Paint;
use crate::ui::table::{self, Row};

/// Returns one line for each service: name, state, port, pid, uptime, restarts, processor, memory, reason.
#[must_use]
pub fn table(ui: &Ui, services: &[ServiceView]) -> String {
    let is_for_eyes = ui.width().is_some();
    let rows: Vec<Row> = services.iter().map(|service| row(ui.paint(), service, is_for_eyes)).collect();
    let heads = ["SERVICE", "STATE", "PORT", "PID", "UPTIME", "RESTARTS", "CPU", "MEMORY", "REASON"];
    table::render(ui, if is_for_eyes { &heads } else { &[] }, &rows, &[])
}

fn row(paint: Paint, service: &ServiceView, is_for_eyes: bool) -> Row {
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
    let state = if is_for_eyes { painted(paint, service.state) } else { service.state.to_string() };
    Row::plain(vec![
        service.service.to_string(),
        state,
        service.port.map(|port| port.to_string()).unwrap_or_default(),
        service.pid.map(|pid| pid.to_string()).unwrap_or_default(),
        uptime,
        service.restarts.to_string(),
        cpu.unwrap_or_default(),
        memory,
        service.reason.clone().unwrap_or_default(),
    ])
}

fn painted(paint: Paint, state: State) -> String {
    match state {
        State::Ready | State::Completed => paint.done(state),
        State::Failed | State::Unhealthy => paint.error(state),
        State::Starting | State::Backoff => paint.warning(state),
        State::Stopped => paint.faint(state),
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

/// Says what happens while services start or stop: a line for each change of one.
#[derive(Debug)]
pub struct Teller<'a> {
    ui: &'a Ui,
    known: Vec<ServiceFacts>,
}

impl<'a> Teller<'a> {
    /// Nothing was said yet.
    #[must_use]
    pub fn new(ui: &'a Ui) -> Self {
        Self { ui, known: Vec::new() }
    }
}

impl Listener for Teller<'_> {
    fn services(&mut self, services: &[ServiceFacts]) {
        for now in services {
            let before = self.known.iter().find(|before| before.service == now.service);
            // That nothing listens yet goes without saying.
            let reason = now.reason.as_deref().filter(|reason| !reason.starts_with("nothing listens"));
            let is_news = match before {
                Some(before) => {
                    before.state != now.state || (before.reason != now.reason && reason.is_some())
                }
                // What rested before anything was asked is no news.
                None => !now.state.is_resting(),
            };
            if !is_news {
                continue;
            }
            let port = now.port.map(|port| format!(" on {port}")).unwrap_or_default();
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            self.ui.say(&format!("{}{port} {}{reason}", now.service, now.state));
        }
        self.known = services.to_vec();
    }

    fn note(&mut self, text: &str) {
        self.ui.warn(text);
    }
}
