//! The person's browser.

use std::io::{self, ErrorKind};

use super::environment::Environment;
use super::process::spawn;

/// Opens `url` in `$BROWSER`, whose words are a program and its arguments and no shell's, else with `xdg-open` (`open` on
/// macOS), and does not wait for it.
///
/// # Errors
///
/// Those of starting it; `NotFound` where there is no such program.
pub fn open(environment: &Environment, url: &str) -> io::Result<()> {
    let usual = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let chosen = environment.find("BROWSER").and_then(|words| words.to_str()).unwrap_or(usual);
    let mut words = chosen.split_whitespace();
    let program = words.next().unwrap_or(usual);
    let found = if program.contains('/') { Some(program.into()) } else { environment.find_program(program) };
    let found =
        found.ok_or_else(|| io::Error::new(ErrorKind::NotFound, format!("there is no `{program}`")))?;
    let mut arguments: Vec<String> = words.map(|word| word.replace("%s", url)).collect();
    if !chosen.contains("%s") {
        arguments.push(url.to_owned());
    }
    spawn::leave_alone(&found, &arguments)
}
