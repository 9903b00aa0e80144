//! Parse, run, exit with the code that the answer has. Nothing else ends the process.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    ExitCode::from(wt::door::run(&words))
}
