//! A program that is asked something: its answer is what it writes, its time is bounded, and nobody can answer it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::identity;
use super::piped::Piped;
use super::spawn::SpawnWish;
use super::stop::Running;
use super::table;
use crate::host::interrupt::Interrupt;
use crate::model::signal::EndSignal;
use crate::model::stream::Stream;

/// How long it has.
const LIMIT: Duration = Duration::from_secs(3);

/// How often it is looked whether the user gave up.
const LOOK: Duration = Duration::from_millis(50);

/// The longest answer, in bytes.
const LONGEST: usize = 1 << 20;

/// Runs it and returns what it wrote.
///
/// # Errors
///
/// Says why there is no answer.
pub fn ask(
    program: &Path,
    arguments: &[OsString],
    folder: &Path,
    variables: &[(String, String)],
    interrupt: &Interrupt,
) -> Result<String, String> {
    let wish =
        SpawnWish { program: program.as_os_str(), arguments, folder, variables, stdout_to_stderr: false };
    ask_about(&wish, None, LIMIT, interrupt)
}

/// As [`ask`], with something to read on its stdin and a time of its own.
///
/// # Errors
///
/// As [`ask`].
pub fn ask_about(
    wish: &SpawnWish<'_>,
    about: Option<&[u8]>,
    limit: Duration,
    interrupt: &Interrupt,
) -> Result<String, String> {
    let about = about.map(unnamed).transpose().map_err(|error| error.to_string())?;
    let child = Piped::start_reading(wish, about).map_err(|error| error.to_string())?;
    let family = identity::of(child.pid());
    let (done, ended) = channel::<()>();
    let (mut text, mut last) = (Vec::new(), String::new());
    let (exit, is_late) = std::thread::scope(|scope| {
        let guard = scope.spawn(move || {
            let until = Instant::now() + limit;
            loop {
                match ended.recv_timeout(LOOK) {
                    Err(RecvTimeoutError::Timeout) if Instant::now() < until && !interrupt.is_raised() => {}
                    Err(RecvTimeoutError::Timeout) => break,
                    _ => return false,
                }
            }
            let Some(family) = family else { return true };
            let below = table::family(family.pid).into_iter().map(|known| (known.pid, known.started));
            for (pid, started) in below.chain([(family.pid, family.started)]) {
                if let Ok(Some(running)) = Running::find(pid, started) {
                    // Whoever has gone meanwhile needs none.
                    let _ = running.send(EndSignal::Kill);
                }
            }
            true
        });
        let exit = child.follow(|stream, line| {
            if stream == Stream::Stdout && text.len() + line.len() < LONGEST {
                text.extend_from_slice(line);
                text.push(b'\n');
            } else if stream == Stream::Stderr && !line.is_empty() {
                last = String::from_utf8_lossy(line).chars().take(200).collect();
            }
        });
        drop(done);
        (exit, guard.join().unwrap_or(true))
    });
    match exit {
        _ if is_late => Err(format!("no answer within {} s", limit.as_secs())),
        Ok(exit) if exit.code == 0 => String::from_utf8(text).map_err(|_| "its answer is no text".to_owned()),
        Ok(exit) if last.is_empty() => Err(format!("it ended with status {}", exit.code)),
        Ok(_) => Err(last),
        Err(error) => Err(error.to_string()),
    }
}

/// A file without a name that holds `bytes`: whoever does not read it keeps nobody waiting.
fn unnamed(bytes: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}
