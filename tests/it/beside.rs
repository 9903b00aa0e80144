//! A model beside the program: what people and programs do to worktrees in any order, by several processes at once, with kills
//! and a clock that jumps. A model says what each step leads to, and after each the machine is compared with it. A sequence that
//! fails is made shorter, and kept in `tests/it/beside/kept.txt`, which each long walk begins with.

mod machine;
mod reference;
mod step;

use std::ops::Range;

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use machine::Machine;
use reference::{Reference, World};
use step::Step;

/// The program, and what is compared.
struct Program;

impl StateMachineTest for Program {
    type SystemUnderTest = Machine;
    type Reference = Reference;

    fn init_test(_: &World) -> Machine {
        Machine::new()
    }

    fn apply(mut machine: Machine, world: &World, step: Step) -> Machine {
        machine.take(&step, world);
        machine
    }

    fn check_invariants(machine: &Machine, world: &World) {
        machine.compare(world);
    }

    fn teardown(mut machine: Machine, world: World) {
        machine.end(&world);
    }
}

/// How many sequences; `WT_WALKS` says another number, and then they are other ones each time.
fn config(usual: u32) -> Config {
    let wanted = std::env::var("WT_WALKS").ok().and_then(|count| count.parse().ok());
    Config {
        cases: wanted.unwrap_or(usual),
        rng_seed: if wanted.is_some() { RngSeed::Random } else { RngSeed::Fixed(17) },
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/it/beside/kept.txt"))),
        max_shrink_iters: 120,
        ..Config::default()
    }
}

fn walk(config: &Config, steps: Range<usize>) {
    let mut runner = TestRunner::new(config.clone());
    let ended = runner.run(&Reference::sequential_strategy(steps), |(world, steps, seen)| {
        Program::test_sequential(config.clone(), world, steps, seen);
        Ok(())
    });
    if let Err(error) = ended {
        panic!("{error}");
    }
}

#[test]
fn a_few_steps_lead_where_a_model_says() {
    // What is kept was drawn for long walks: here it would be other steps.
    walk(&Config { cases: 1, failure_persistence: None, ..config(1) }, 1..8);
}

#[test]
#[ignore = "heavy: minutes; WT_WALKS=200 takes longer, and other sequences each time"]
fn many_steps_lead_where_a_model_says() {
    walk(&config(20), 10..40);
}
