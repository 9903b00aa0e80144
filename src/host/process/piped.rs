//! A command whose output is read line by line while it runs, with nothing to read itself.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::spawn::{self, SpawnExit, SpawnWish};
use crate::model::stream::Stream;

/// How often it is looked whether a command has ended that others keep the output of.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// How many looks at the output are waited for after the end of the command: what it left running may keep it for ever.
const GRACE: u32 = 4;

/// A line that is longer is handed on in pieces.
const LONGEST: usize = 64 * 1024;

/// A command that runs.
#[derive(Debug)]
pub struct Piped {
    child: Child,
}

/// One output, and what of its last line was read.
struct Source<R> {
    from: Option<R>,
    stream: Stream,
    begun: Vec<u8>,
}

impl Piped {
    /// Starts it: its stdin is empty, its outputs are ours.
    ///
    /// # Errors
    ///
    /// Those of starting it: `NotFound`, `PermissionDenied`, …
    pub fn start(wish: &SpawnWish<'_>) -> io::Result<Self> {
        Self::start_reading(wish, None)
    }

    /// As [`start`](Self::start), its stdin being this file where there is one.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_reading(wish: &SpawnWish<'_>, stdin: Option<File>) -> io::Result<Self> {
        let mut command = spawn::command(wish);
        command
            .stdin(stdin.map_or_else(Stdio::null, Stdio::from))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(Self { child: command.spawn()? })
    }

    /// Returns its pid, which is nobody else's until [`follow`](Self::follow) returns.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Hands on each line without its end, and returns how the command ended.
    ///
    /// # Errors
    ///
    /// Those of reading and of waiting.
    pub fn follow(mut self, mut line: impl FnMut(Stream, &[u8])) -> io::Result<SpawnExit> {
        let mut out = Source { from: self.child.stdout.take(), stream: Stream::Stdout, begun: Vec::new() };
        let mut err = Source { from: self.child.stderr.take(), stream: Stream::Stderr, begun: Vec::new() };
        let mut silent_looks = 0;
        while out.from.is_some() || err.from.is_some() {
            let (ready_out, ready_err) = ready(out.from.as_ref(), err.from.as_ref())?;
            if ready_out {
                out.read(&mut line)?;
            }
            if ready_err {
                err.read(&mut line)?;
            }
            if ready_out || ready_err {
                silent_looks = 0;
            } else if self.child.try_wait()?.is_some() {
                silent_looks += 1;
                if silent_looks > GRACE {
                    break;
                }
            }
        }
        out.end(&mut line);
        err.end(&mut line);
        let status = self.child.wait()?;
        Ok(SpawnExit { code: spawn::code(status), signal: status.signal(), is_told: false })
    }
}

/// Waits a moment, and answers which of the two can be read.
fn ready(out: Option<&impl AsFd>, err: Option<&impl AsFd>) -> io::Result<(bool, bool)> {
    let mut asked = Vec::new();
    asked.extend(out.map(|out| PollFd::new(out, PollFlags::IN)));
    asked.extend(err.map(|err| PollFd::new(err, PollFlags::IN)));
    match poll(&mut asked, Some(&LOOK)) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok((false, false)),
        Err(error) => return Err(error.into()),
    }
    let mut seen = asked.iter().map(|asked| !asked.revents().is_empty());
    let is_out = out.is_some() && seen.next().unwrap_or_default();
    Ok((is_out, err.is_some() && seen.next().unwrap_or_default()))
}

impl<R: Read> Source<R> {
    fn read(&mut self, line: &mut impl FnMut(Stream, &[u8])) -> io::Result<()> {
        let Some(from) = &mut self.from else { return Ok(()) };
        let mut bytes = [0; 16 * 1024];
        let count = match from.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        };
        if count == 0 {
            self.from = None;
        }
        self.begun.extend_from_slice(bytes.get(..count).unwrap_or_default());
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let rest = self.begun.split_off(end + 1);
            self.begun.pop();
            line(self.stream, &self.begun);
            self.begun = rest;
        }
        if self.begun.len() > LONGEST {
            self.end(line);
        }
        Ok(())
    }

    fn end(&mut self, line: &mut impl FnMut(Stream, &[u8])) {
        if !self.begun.is_empty() {
            line(self.stream, &std::mem::take(&mut self.begun));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::path::Path;

    fn said(script: &str) -> (u8, Vec<(Stream, String)>) {
        let wish = SpawnWish {
            program: OsStr::new("sh"),
            arguments: &["-c".into(), script.into()],
            folder: Path::new("/"),
            variables: &[],
            stdout_to_stderr: false,
        };
        let mut lines = Vec::new();
        let exit = Piped::start(&wish).unwrap().follow(|stream, line| {
            lines.push((stream, String::from_utf8_lossy(line).into_owned()));
        });
        (exit.unwrap().code, lines)
    }

    #[test]
    fn every_line_comes_whole_from_where_it_was_written_and_the_last_one_needs_no_end() {
        let (code, lines) = said("printf 'a\\n\\nb'; cat; exec >&-; echo c >&2; exit 7");
        assert_eq!(code, 7);
        let of = |wanted| lines.iter().filter(move |(stream, _)| *stream == wanted).map(|(_, line)| &**line);
        assert_eq!(of(Stream::Stdout).collect::<Vec<_>>(), ["a", "", "b"]);
        assert_eq!(of(Stream::Stderr).collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn what_a_command_left_running_is_not_waited_for() {
        let (code, lines) = said("sleep 60 & echo $!; exit 3");
        assert_eq!((code, lines.len()), (3, 1));
        let pid = rustix::process::Pid::from_raw(lines[0].1.parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}
