//! The same program by the name that git finds for `git wt`, and that nothing else on a machine has.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    ExitCode::from(wt::door::run(&words))
}
