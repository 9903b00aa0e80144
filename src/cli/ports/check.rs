//! `wt ports check`: one verdict about a port, with its reason and what to do next.

use clap::Args;

use crate::cli::session::Session;
use crate::error::Result;
use crate::model::port::Port;
use crate::model::verdict::{Judgement, Verdict};
use crate::ops::ports::sight;
use crate::ui::age::age;
use crate::ui::escape;

/// Say what a port is: free, whose, held by whom, and why; exit 0 when it is free
#[derive(Args, Debug)]
pub struct Arguments {
    /// The port
    #[arg(value_name = "PORT")]
    pub port: Port,
}

/// Runs the command; exit 1 when the port is not free.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be asked.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?;
    let judgement = sight::judge(&context, arguments.port)?;
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(&judgement)?;
    } else {
        let since = judgement.owners.iter().find_map(|owner| owner.since);
        let since = since.map(|since| format!(", since {since} ({})", age(since, context.now())));
        let text = format!("{}: {}{}", judgement.port, judgement.reason, since.unwrap_or_default());
        ui.answer(&escape::line(&text))?;
        if let Some(next) = next_step(&judgement) {
            ui.hint(&next);
        }
    }
    Ok(u8::from(!judgement.verdict.is_free()))
}

fn next_step(judgement: &Judgement) -> Option<String> {
    let port = judgement.port;
    Some(match judgement.verdict {
        Verdict::Free | Verdict::TimeWait => return None,
        Verdict::Allocated => format!("`wt ports release {port}` gives it up"),
        Verdict::OwnListener => format!("`wt ports kill {port}` ends its server"),
        Verdict::Sibling | Verdict::Stranger => {
            format!("`wt ports owner {port}` tells more, `wt ports kill {port}` ends it")
        }
        Verdict::OtherUser | Verdict::Bound | Verdict::Outgoing => {
            format!("`wt ports owner {port}` tells more; `wt ports next` names another port")
        }
        Verdict::Container => "`docker ps` shows the container; stop it there".to_owned(),
        Verdict::Excluded => format!("`wt ports include {port}` takes a person's exclusion back"),
        Verdict::Privileged => "choose a port above 1023: `wt ports next` names one".to_owned(),
    })
}
