//! A scenario that is ready to be run: its world, the calls that it makes where nothing goes wrong, and what was judged already.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::calls::Series;
use super::judge::{self, Known};
use super::processes::end_all;
use super::progress::Verdict;
use super::run;
use super::scenario::Scenario;
use super::tracing;
use super::world::World;

pub struct Stage {
    pub scenario: &'static Scenario,
    world: World,
    /// How often the call of each series is made at most.
    pub counts: Vec<(Series, u32)>,
    known: Known,
}

impl Stage {
    /// Makes the situation, and runs the command once for each way of looking at it, with nothing going wrong and judged too.
    pub fn new(scenario: &'static Scenario) -> Self {
        let mut stage = Self::bare(scenario);
        for role in scenario.roles {
            let outcome = run::run(scenario, &stage.world.sandbox, *role, None);
            assert_eq!(outcome.code, Some(0), "{}: {}", scenario.name, outcome.shown());
            judge::judge(&stage.world, scenario, &outcome, &mut stage.known);
            stage.counts.extend(run::counted(scenario, &stage.world.sandbox, *role));
            stage.reset();
        }
        stage
    }

    /// Makes the situation alone.
    pub fn bare(scenario: &'static Scenario) -> Self {
        Self { scenario, world: World::new((scenario.make)()), counts: Vec::new(), known: Known::new() }
    }

    /// How many points there are.
    pub fn planned(&self) -> usize {
        self.counts.iter().map(|(_, count)| usize::try_from(*count).unwrap()).sum()
    }

    /// One point: runs it, judges it, and puts everything back.
    pub fn point(&mut self, series: &Series, number: u32) -> Verdict {
        let (world, known, scenario) = (&self.world, &mut self.known, self.scenario);
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let outcome = run::run(scenario, &world.sandbox, series.role, Some((series, number)));
            judge::judge(world, scenario, &outcome, known);
        }));
        let verdict = match judged {
            Ok(()) if !tracing::is_reached(&tracing::log(&world.sandbox)) => Verdict::End,
            Ok(()) => Verdict::Good,
            Err(panic) => {
                let said = panic.downcast_ref::<String>().cloned();
                let said = said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                Verdict::Bad(said.unwrap_or_default())
            }
        };
        self.reset();
        verdict
    }

    fn reset(&mut self) {
        end_all(&self.world.sandbox);
        if catch_unwind(AssertUnwindSafe(|| self.world.reset())).is_err() {
            self.world = World::new((self.scenario.make)());
        }
    }
}
