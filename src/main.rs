//! Parse, run, exit with the code that the answer has. Nothing else ends the process.

fn main() {}
