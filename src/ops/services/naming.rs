//! Which services there are: those that the configuration says how to run, and those that still run though it does not any
//! more. One answer, and one way to say that a name is none of them.

use crate::context::Context;
use crate::error::{Code, Failure};
use crate::model::advised::wt;
use crate::model::config::settings::ServiceSettings;
use crate::model::service::ServiceName;
use crate::model::services::protocol::ServiceFacts;
use crate::model::suggestion;

/// What is said of a service that runs on after it was taken out of the configuration.
const DROPPED: &str = "no longer configured";

/// Answers whether the configuration says how the service is run.
pub(super) fn is_configured(context: &Context, service: &ServiceName) -> bool {
    context.config.services.get(service).is_some_and(ServiceSettings::is_runnable)
}

/// Leaves out what is no service any more and does not run; what runs on is marked.
pub(super) fn leave_out_dropped(context: &Context, facts: &mut Vec<ServiceFacts>) {
    // Nobody took out what cannot be read.
    if !context.is_config_whole {
        return;
    }
    facts.retain(|facts| !facts.state.is_resting() || is_configured(context, &facts.service));
    for facts in facts.iter_mut().filter(|facts| !is_configured(context, &facts.service)) {
        facts.reason = Some(match facts.reason.take() {
            Some(reason) => format!("{DROPPED}; {reason}"),
            None => DROPPED.to_owned(),
        });
    }
}

/// Says that there is no service of that name; `there` are those that may be named although nothing configures them.
pub(super) fn unknown<'a>(
    context: &'a Context,
    name: &ServiceName,
    there: impl Iterator<Item = &'a ServiceName>,
) -> Failure {
    let configured = context.config.services.keys().filter(|name| is_configured(context, name));
    let mut known: Vec<&str> = configured.chain(there).map(ServiceName::as_str).collect();
    known.sort_unstable();
    known.dedup();
    if !context.is_config_whole {
        let message = format!("no service `{name}` is known while the configuration cannot be read");
        let hint =
            "mend the configuration first: `wt config path` names its files, `wt config show` what is wrong";
        return Failure::new(Code::NotFound, message).hint(hint);
    }
    let status = context.advised(wt("status", &[]));
    let hint = match (suggestion::nearest(name.as_str(), known.iter().copied()), known.is_empty()) {
        (Some(near), _) => format!("did you mean `{near}`? `{status}` shows the services"),
        (None, false) => format!("there are: {}; `{status}` shows them", known.join(", ")),
        (None, true) => format!("give it a `run` under [service.{name}] in .wt.toml"),
    };
    Failure::new(Code::NotFound, format!("there is no service `{name}`")).hint(hint)
}
