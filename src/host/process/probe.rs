//! Whether a program is the one that it should be: it is started once, for half a second, and its whole answer is
//! compared. Nothing of it is left: it ends with its process group.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::spawn::{self, SpawnWish};

/// How long it has for its answer; git's hooks give it the same.
const LIMIT: Duration = Duration::from_millis(500);

/// Answers whether `program`, called with `words` and nothing to read, says `answer` and nothing else on its stdout.
#[must_use]
pub fn answers(program: &Path, words: &[&str], answer: &str) -> bool {
    let arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
    let wish = SpawnWish {
        program: program.as_os_str(),
        arguments: &arguments,
        folder: Path::new("/"),
        variables: &[],
        stdout_to_stderr: false,
    };
    let mut command = spawn::command(&wish);
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pipe = child.stdout.take();
    let (sender, receiver) = channel();
    let longest = answer.len() as u64 + 2;
    let reading = std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        let mut said = Vec::new();
        let read = pipe.map(|pipe| pipe.take(longest).read_to_end(&mut said));
        // Nobody may be waiting for it any more.
        let _ = sender.send(if matches!(read, Some(Ok(_))) { said } else { Vec::new() });
    });
    let said = if reading.is_ok() { receiver.recv_timeout(LIMIT).unwrap_or_default() } else { Vec::new() };
    // It is not reaped yet, so the number of its group is still its own.
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
    said.strip_suffix(b"\n") == Some(answer.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn says(script: &str) -> bool {
        answers(Path::new("/bin/sh"), &["-c", script], "the word")
    }

    #[test]
    fn only_the_whole_answer_in_time_counts() {
        assert!(says("echo the word"));
        assert!(says("echo the word; exit 3"), "its status says nothing");
        for other in ["", "echo the", "printf 'the word'", "echo the word; echo more", "exit 1", "cat", "yes"]
        {
            assert!(!says(other), "{other}");
        }
        assert!(!answers(Path::new("/no/such/program"), &[], "the word"));
    }

    #[test]
    fn one_that_never_ends_is_waited_for_half_a_second_whatever_holds_its_pipe() {
        let start = Instant::now();
        assert!(!says("sleep 600"));
        assert!(!says("sleep 600 & wait"));
        assert!(start.elapsed() < Duration::from_mins(1));
    }
}
