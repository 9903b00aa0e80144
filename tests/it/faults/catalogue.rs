//! Every scenario.

use super::scenario::Scenario;
use super::{of_outside, of_ports, of_services, of_worktrees};

pub fn all() -> impl Iterator<Item = &'static Scenario> {
    of_worktrees::ALL.iter().chain(of_ports::ALL).chain(of_services::ALL).chain(of_outside::ALL)
}
