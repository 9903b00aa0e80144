//! `wt up`: every branch runs.

use clap::Args;

use super::endless;
use super::logs::show;
use super::ports::Strategy;
use super::session::Session;
use super::show_services::{self, Teller};
use crate::context::Context;
use crate::error::{Code, Result};
use crate::model::port::Port;
use crate::model::process::killing::{self, Consent};
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::news::ServiceNews;
use crate::model::services::protocol::ServiceFacts;
use crate::ops::arrival::Arrival;
use crate::ops::env;
use crate::ops::ports::kill::Deed;
use crate::ops::services::contact::WishListener;
use crate::ops::services::logs::{self, Logs};
use crate::ops::services::settling::SettlingWish;
use crate::ops::services::up::Request;
use crate::ops::services::{report, shared, taking_over};
use crate::ui::output::Ui;
use crate::ui::{escape, prompt};

/// Start the services of the worktree you stand in, on its ports
#[derive(Args, Debug)]
#[command(
    after_help = "What a service needs is started with it. When one does not start, all that this `wt up` started is stopped\n\
                  again; `wt up SERVICE` starts the others without it.\n\
                  Exit codes: 0 all are ready, 1 one is not."
)]
pub struct Arguments {
    /// Those to start; all that say how they are run, where none is named
    #[arg(value_name = "SERVICE")]
    pub services: Vec<ServiceName>,
    /// Of this worktree instead of the one you stand in
    #[arg(short, long, value_name = "NAME")]
    pub worktree: Option<String>,
    /// Wait until everything has stayed well for a while
    #[arg(long)]
    pub wait: bool,
    /// Stay, show what the services write, and stop all of the worktree on Ctrl-C; what starts gets a terminal of its own
    #[arg(long)]
    pub foreground: bool,
    /// Settle conflicts over the ports first, as `wt ports resolve` does; what has no port yet gets the next free one
    #[arg(long, value_name = "STRATEGY", value_enum)]
    pub resolve: Option<Strategy>,
    /// End what serves this service and no `wt up` started, and start the service; may be given more than once
    #[arg(long, value_name = "SERVICE")]
    pub take_over: Vec<ServiceName>,
    /// Give the one service this port
    #[arg(long, value_name = "PORT")]
    pub port: Option<Port>,
}

/// Runs the command.
///
/// # Errors
///
/// As [`shared::up`].
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_as_it_is()?.of_worktree(arguments.worktree.as_deref());
    session.arrive(&context, Arrival::Start);
    let ui = session.ui;
    session.hint_at_own_configuration_here(&context);
    let is_agreed = session.global.yes;
    let resolve = arguments.resolve.map(|strategy| SettlingWish { strategy: strategy.into(), is_agreed });
    let mut services = arguments.services;
    if !arguments.take_over.is_empty() {
        if !take_over(&context, session, &arguments.take_over)? {
            ui.say("nothing was ended");
            return Ok(1);
        }
        let others = arguments.take_over.into_iter().filter(|name| !services.contains(name));
        let others: Vec<ServiceName> = others.collect();
        services.extend(others);
    }
    let request = Request { services, wait: arguments.wait, port: arguments.port, resolve };
    if arguments.foreground {
        return stay(&context, &request, ui);
    }
    let report = shared::up(&context, &request, &mut Teller::new(ui, &context))?;
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else {
        ui.answer(&show_services::table(ui, &report.services))?;
    }
    Ok(0)
}

/// Ends what serves the services, once that is agreed; false where it is not.
fn take_over(context: &Context, session: &Session<'_>, services: &[ServiceName]) -> Result<bool> {
    let ui = session.ui;
    let plan = taking_over::plan(context, services)?;
    // All of it is proven to be the worktree's own.
    if !plan.is_empty() && killing::consent(true, session.global.yes, ui.is_interactive()) == Consent::Ask {
        plan.lines().iter().for_each(|line| ui.say(&escape::line(line)));
        if !prompt::confirm(ui, "End that, and start the service in its place?")? {
            return Ok(false);
        }
    }
    for said in taking_over::apply(context, &plan, Deed::TakeOver)? {
        ui.say(&escape::line(&said));
    }
    Ok(true)
}

fn stay(context: &Context, request: &Request, ui: &Ui) -> Result<u8> {
    let wish =
        logs::Request { services: Vec::new(), is_setup: false, since: None, tail: Some(0), follow: true };
    let logs = logs::open(context, wish)?;
    let entry = env::require_entry(context, None)?;
    let mut watcher = Watcher { ui, context, entry, logs, news: ServiceNews::default(), told: Vec::new() };
    let how = shared::stay(context, request, &mut watcher);
    if how.as_ref().is_err_and(|failure| failure.code() == Code::Interrupted) {
        ui.say("stopped");
    }
    endless::ended(how)
}

/// Shows what services write, and on stderr what becomes of them.
#[derive(Debug)]
struct Watcher<'a> {
    ui: &'a Ui,
    context: &'a Context,
    entry: Entry,
    logs: Logs,
    news: ServiceNews,
    /// The services of which anything was said.
    told: Vec<ServiceName>,
}

impl Watcher<'_> {
    /// The URL of a service that is ready, as it follows a line about it.
    fn url(&self, facts: &ServiceFacts) -> String {
        let url = report::url(self.context, &self.entry, &facts.service, facts.state, facts.port);
        url.map(|url| format!("  {url}")).unwrap_or_default()
    }
}

impl WishListener for Watcher<'_> {
    fn services(&mut self, services: &[ServiceFacts]) {
        for (facts, line) in self.news.lines(services) {
            self.ui.say(&format!("{line}{}", self.url(facts)));
            self.told.push(facts.service.clone());
        }
    }

    fn started(&mut self, services: &[ServiceFacts]) {
        for service in services.iter().filter(|known| !known.state.is_resting()) {
            if !self.told.contains(&service.service) {
                let port = service.port.map(|port| format!(" on {port}")).unwrap_or_default();
                let url = self.url(service);
                self.ui.say(&format!("{}{port} {}, and was before{url}", service.service, service.state));
            }
        }
        self.ui.say("Ctrl-C stops all services of this worktree, whoever started them");
    }

    fn waiting(&mut self, services: &[ServiceFacts]) {
        let names = services.iter().filter(|known| !known.state.is_resting());
        let names: Vec<String> = names.map(|known| format!("`{}`", known.service)).collect();
        self.ui.say(&format!(
            "waiting for {}: what has not ended by its `stop.timeout` (10s unless it says otherwise) is killed",
            names.join(", ")
        ));
    }

    fn looked_at(&mut self, text: &str) {
        self.ui.say_more(&format!("looked at {text}"));
    }

    fn note(&mut self, text: &str) {
        self.ui.warn(text);
    }

    fn say(&mut self, text: &str) {
        self.ui.say(text);
    }

    fn size(&self) -> Option<(u16, u16)> {
        let (rows, columns) = self.ui.size()?;
        Some((u16::try_from(rows).ok()?, u16::try_from(columns).ok()?))
    }

    fn idle(&mut self) -> Result<()> {
        while show(&mut self.logs, self.ui)? {}
        Ok(())
    }
}
