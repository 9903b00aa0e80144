//! All checks in their order. None of them can stop another.

use schemars::JsonSchema;
use serde::Serialize;

use super::{machine, records, repository};
use crate::context::Context;
use crate::model::diagnosis::{DoctorCheck, Status};
use crate::ops::doctor::DoctorTrouble;

/// What the doctor found.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Report {
    pub checks: Vec<DoctorCheck>,
}

impl Report {
    /// Answers whether something keeps commands from working.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.checks.iter().any(|check| check.status == Status::Error)
    }
}

/// Looks at everything.
#[must_use]
pub fn examine(context: &Context, trouble: &DoctorTrouble) -> Report {
    let registry = context.store().and_then(|store| store.read());
    let mut checks = vec![
        machine::program(context),
        machine::git(context),
        records::configuration(trouble),
        records::state_folder(context),
        records::registry(&registry),
    ];
    let known = registry.unwrap_or_default();
    checks.push(records::trash(context, &known));
    checks.extend(records::lost(&known));
    checks.extend(records::teardowns(context, &known));
    checks.push(machine::ephemeral(context));
    checks.push(machine::ipv6());
    checks.extend(machine::names(context));
    checks.push(machine::listeners());
    checks.extend(machine::airplay(context, &known));
    checks.extend(repository::checks(context, trouble));
    Report { checks }
}
