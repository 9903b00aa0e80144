//! Every command that answers with JSON: what its answer may be, and the file of its schema. One table.

use serde_json::Value;

use crate::ops::dry_run::DryRun;
use crate::ops::far;
use crate::ops::notify;
use crate::ops::prompt;
use crate::ops::rename;
use crate::ops::script::Script;
use crate::ops::team;
use crate::ops::units;
use crate::ops::{
    adopt, agent, carry, clean, config, create, doctor, env, env_files, env_survey, exec, export, foreign,
    health, hooks, init, list, man, path, ports, prune, pull, remove, restore, schema, serve, services,
    setup, sweep, switch, trust, validate,
};
use crate::ops::{events, metrics, monitor, report, selftest};
use crate::ui::answer_schema::{json_schema, shape, shape_beside_error};

/// Lists the commands with their files, which the program has in it, and makes the same schemas from the types.
macro_rules! answers {
    ($($command:literal $file:literal $shapes:expr;)+) => {
        /// The commands that answer with JSON, each with the schema of its answers.
        pub const SCHEMAS: &[(&str, &str)] =
            &[$(($command, include_str!(concat!("../../docs/json/", $file, ".json")))),+];

        /// Returns the same, made from the types: the command, the file's name, the schema.
        #[must_use]
        pub fn made() -> Vec<(&'static str, &'static str, Value)> {
            vec![$(($command, $file, json_schema($command, &$shapes))),+]
        }
    };
}

answers! {
    "create" "create" [
        shape_beside_error::<create::Report>(),
        shape_beside_error::<create::Reused>(),
        shape_beside_error::<create::Executed<create::Report>>(),
        shape_beside_error::<create::Executed<create::Reused>>(),
        shape::<DryRun<create::Plan>>(),
        shape::<DryRun<create::Reusable>>(),
        shape::<DryRun<pull::PullPreview>>(),
    ];
    "remove" "remove" [shape::<remove::Report>(), shape::<DryRun<remove::Plan>>()];
    "rename" "rename" [shape::<rename::Report>(), shape_beside_error::<rename::Unasked>()];
    "restore" "restore" [shape::<restore::Report>(), shape::<restore::RestorableList>()];
    "list" "list" [shape::<list::Report>(), shape::<far::Report>()];
    "forward" "forward" [shape::<far::Forwarded>()];
    "path" "path" [shape::<path::Report>()];
    "switch" "switch" [shape::<switch::Report>(), shape_beside_error::<create::Executed<switch::Report>>()];
    "clean" "clean" [shape_beside_error::<clean::Report>(), shape::<DryRun<clean::Report>>()];
    "team" "team" [shape::<team::Report>()];
    "team running" "team-running" [shape::<team::RunningReport>()];
    "team claim" "team-claim" [shape::<team::ClaimChange>()];
    "team release" "team-release" [shape::<team::ClaimChange>()];
    "team hosts" "team-hosts" [shape::<far::HostList>()];
    "team hosts list" "team-hosts-list" [shape::<far::HostList>()];
    "team hosts add" "team-hosts-add" [shape::<far::HostAdded>()];
    "team hosts remove" "team-hosts-remove" [shape::<far::HostRemoved>()];
    "team hosts renew" "team-hosts-renew" [shape::<team::Renewed>()];
    "team init" "team-init" [shape::<team::Initiated>()];
    "carry" "carry" [shape_beside_error::<carry::Report>(), shape_beside_error::<DryRun<carry::Report>>()];
    "setup" "setup" [shape_beside_error::<setup::Report>()];
    "env" "env" [shape::<env_files::WrittenEnv>(), shape::<env_survey::Checked>(), shape::<env::Variables>()];
    "adopt" "adopt" [shape::<adopt::Report>()];
    "agent enter" "agent-enter" [shape::<agent::Report>()];
    "agent state" "agent-state" [shape::<agent::Marked>()];
    "agent leave" "agent-leave" [shape::<agent::Marked>()];
    "agent install" "agent-install" [shape::<agent::InstallReport>()];
    "agent uninstall" "agent-uninstall" [shape::<agent::InstallReport>()];
    "agent status" "agent-status" [shape::<agent::AgentsStatus>()];
    "agent text" "agent-text" [shape::<agent::Text>()];
    "prompt" "prompt" [shape::<prompt::Report>()];
    "prune" "prune" [shape::<prune::Report>(), shape::<DryRun<prune::PlannedPrune>>()];
    "up" "up" [shape::<services::up::Report>()];
    "down" "down" [shape::<services::down::Report>()];
    "restart" "restart" [shape::<services::up::Report>()];
    "status" "status" [shape::<services::status::Report>()];
    "logs" "logs" [shape::<services::logs::Lines>(), shape::<services::logs::WrittenLine>()];
    "run" "run" [shape::<services::run::Report>()];
    "exec" "exec" [shape::<exec::Report>()];
    "url" "url" [shape::<health::reach::Address>()];
    "wait" "wait" [shape::<health::reach::Report>()];
    "health" "health" [
        shape::<health::report::Report>(),
        shape::<health::watch::HealthChange>(),
        shape::<units::Report>(),
    ];
    "trust" "trust" [shape::<trust::Report>(), shape::<trust::Revoked>(), shape::<trust::TrustList>(), shape::<foreign::ForeignHere>()];
    "ports list" "ports-list" [shape::<ports::list::Report>()];
    "ports allocate" "ports-allocate" [shape::<ports::allocate::Report>()];
    "ports release" "ports-release" [shape::<ports::release::Report>()];
    "ports check" "ports-check" [shape::<crate::model::port::verdict::Ruling>()];
    "ports available" "ports-available" [shape::<ports::available::AvailableRanges>()];
    "ports next" "ports-next" [shape::<ports::available::Next>()];
    "ports conflicts" "ports-conflicts" [shape::<ports::conflicts::Report>()];
    "ports scan" "ports-scan" [shape::<ports::scan::Report>()];
    "ports owner" "ports-owner" [shape::<ports::owners::Owners>()];
    "ports kill" "ports-kill" [shape_beside_error::<ports::kill::Report>()];
    "ports cleanup" "ports-cleanup" [shape_beside_error::<ports::cleanup::Report>()];
    "ports exclude" "ports-exclude" [shape::<ports::exclusions::Report>()];
    "ports include" "ports-include" [shape::<ports::exclusions::Report>()];
    "ports resolve" "ports-resolve" [
        shape::<ports::settlement::Settlement>(),
        shape::<ports::settlement::SettlementPlan>(),
    ];
    "ports history" "ports-history" [shape::<events::Report>()];
    "metrics" "metrics" [shape::<metrics::Report>()];
    "monitor" "monitor" [shape::<monitor::Look>(), shape::<units::Report>()];
    "notify test" "notify-test" [shape::<notify::trial::Report>()];
    "report" "report" [shape::<report::Report>()];
    "events" "events" [shape::<events::Report>()];
    "selftest" "selftest" [shape::<selftest::Report>()];
    "serve" "serve" [shape::<serve::Report>(), shape::<units::Report>()];
    "validate" "validate" [shape::<validate::Report>()];
    "doctor" "doctor" [shape::<doctor::Report>()];
    "init" "init" [
        shape::<init::Report>(),
        shape::<DryRun<init::Plan>>(),
        shape::<export::Report>(),
        shape::<DryRun<export::Plan>>(),
    ];
    "config show" "config-show" [shape::<config::ShownConfig>()];
    "config path" "config-path" [shape::<config::Files>()];
    "config export" "config-export" [shape::<config::export::Report>()];
    "config schema" "config-schema" [shape::<config::ConfigSchema>()];
    "hooks install" "hooks-install" [shape::<hooks::Report>()];
    "hooks uninstall" "hooks-uninstall" [shape::<hooks::Report>()];
    "hooks status" "hooks-status" [shape::<hooks::HooksStatus>()];
    "schema" "schema" [shape::<schema::Commands>(), shape::<schema::AnswerSchema>()];
    "shell-init" "shell-init" [shape::<Script>()];
    "completions" "completions" [shape::<Script>()];
    "man" "man" [shape::<man::ManPage>(), shape::<man::Report>()];
    "sweep" "sweep" [shape::<sweep::Report>()];
}
