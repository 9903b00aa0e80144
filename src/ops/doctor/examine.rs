//! All checks in their order. None of them can stop another.

use schemars::JsonSchema;
use serde::Serialize;

use super::repository;
use super::sight::DoctorSight;
use crate::context::Context;
use crate::model::diagnosis::{DoctorCheck, Status};
use crate::ops::checks::{ALL, Scope};
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
    let sight = DoctorSight::of(context, trouble);
    let is_inside = sight.repository().is_some();
    let looks = ALL.iter().filter(|check| is_inside || check.scope != Scope::Repository);
    let mut checks: Vec<DoctorCheck> =
        looks.filter_map(|check| check.doctor.and_then(|look| look(&sight))).collect();
    checks.extend((!is_inside).then(|| repository::without_one(&sight)));
    Report { checks }
}
