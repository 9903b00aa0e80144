//! Teardowns as a person reads about them.

use super::session::Session;
use crate::model::advised::wt;
use crate::ops::teardown::{Torn, TornStatus};
use crate::ui::escape;

/// Says what became of the commands.
pub fn tell(session: &Session<'_>, torn: &[Torn]) {
    for torn in torn {
        let (name, command) = (escape::line(&torn.name), escape::line(&torn.command));
        match torn.status {
            TornStatus::Done => session.ui.say(&format!("tore down {name}: `{command}`")),
            TornStatus::Due => session.ui.say(&format!("would tear down {name}: `{command}`")),
            TornStatus::GivenUp => session.ui.say(&format!("gave up the teardown of {name}: `{command}`")),
            TornStatus::Failed => {
                let reason = torn.reason.as_deref().unwrap_or("failed");
                let log = torn.log.as_deref().map(|log| format!("; its log: {log}")).unwrap_or_default();
                session.ui.warn(&format!(
                    "the teardown of {name} is kept and tried again: `{command}` {}{log}",
                    escape::line(reason)
                ));
                session
                    .ui
                    .hint(&format!("`{}` gives it up", wt("prune --forget-teardown {}", &[&torn.name])));
            }
        }
    }
}
