//! The one voice: answers on stdout, talk on stderr, each safe for a terminal and indifferent to a closed pipe.

use std::cell::Cell;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use console::Term;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

use super::escape;
use super::paint::{ColorWish, Paint};
use crate::error::{Code, Failure, Result};
use crate::model::called::Called;
use crate::model::envelope::{self, Envelope, ErrorObject, Nothing, SCHEMA};

/// How to speak.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// One JSON object instead of text.
    pub json: bool,
    /// No talk but errors.
    pub quiet: bool,
    /// How much more to say: 1 and more shows the causes of an error.
    pub verbose: u8,
    pub color: ColorWish,
    /// Whether the environment has nothing against colour (`NO_COLOR`, a dumb terminal).
    pub color_welcome: bool,
    /// Whether prompts were ruled out.
    pub no_prompts: bool,
    /// The name that whatever is advised is typed by.
    pub called: Called,
    /// The command word, for JSON answers.
    pub command: String,
    /// Raised once a signal told us to stop.
    pub given_up: Arc<AtomicBool>,
}

/// The only writer of stdout and stderr.
#[derive(Debug)]
pub struct Ui {
    manner: Manner,
    paint: Paint,
    talk_paint: Paint,
    stdout_closed: Cell<bool>,
}

impl Ui {
    /// A voice with that manner.
    #[must_use]
    pub fn new(manner: Manner) -> Self {
        let welcome = manner.color_welcome;
        let paint = Paint::new(!manner.json && manner.color.is_on(io::stdout().is_terminal(), welcome));
        let talk_paint = Paint::new(manner.color.is_on(io::stderr().is_terminal(), welcome));
        Self { manner, paint, talk_paint, stdout_closed: Cell::new(false) }
    }

    /// Returns the same voice, which asks nothing.
    #[must_use]
    pub fn without_prompts(&self) -> Self {
        Self::new(Manner { no_prompts: true, ..self.manner.clone() })
    }

    /// Answers whether JSON was asked for.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.manner.json
    }

    /// Answers whether somebody is there to be asked.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        let ruled_out = self.manner.json || self.manner.no_prompts;
        !ruled_out && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Answers whether a signal told us to stop.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.manner.given_up.load(Ordering::Relaxed)
    }

    /// Answers whether progress would be seen and is wanted.
    #[must_use]
    pub fn shows_progress(&self) -> bool {
        !self.manner.json && !self.manner.quiet && io::stderr().is_terminal()
    }

    /// Returns the brush for stdout.
    #[must_use]
    pub fn paint(&self) -> Paint {
        self.paint
    }

    /// Returns the brush for stderr.
    #[must_use]
    pub fn talk_paint(&self) -> Paint {
        self.talk_paint
    }

    /// Answers whether stdout is a terminal that is welcome to links: one that is painted.
    #[must_use]
    pub fn links(&self) -> bool {
        self.is_painted() && io::stdout().is_terminal()
    }

    /// Answers whether stdout is painted.
    #[must_use]
    pub fn is_painted(&self) -> bool {
        self.paint != Paint::default()
    }

    /// Answers whether stderr is painted.
    #[must_use]
    pub fn talk_is_painted(&self) -> bool {
        self.talk_paint != Paint::default()
    }

    /// Returns the columns of the terminal that stdout is; `None` when it is none.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        let terminal = Term::stdout();
        terminal.is_term().then(|| usize::from(terminal.size().1).max(20))
    }

    /// Returns the columns of the terminal that stderr is; `None` when it is none.
    #[must_use]
    pub fn talk_width(&self) -> Option<usize> {
        let terminal = Term::stderr();
        terminal.is_term().then(|| usize::from(terminal.size().1).max(20))
    }

    /// Returns the rows and columns of the terminal that stdout is; `None` when it is none.
    #[must_use]
    pub fn size(&self) -> Option<(usize, usize)> {
        self.width().map(|columns| (usize::from(Term::stdout().size().0).max(2), columns))
    }

    /// Answers whether nobody reads stdout any more, without writing to it.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        let stdout = io::stdout();
        let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
        let gone = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
        let answered = poll(&mut asked, Some(&Timespec::default()));
        self.stdout_closed.get()
            || answered.is_ok_and(|count| count > 0 && asked[0].revents().intersects(gone))
    }

    /// Returns where answers go, for whoever waits beside it.
    #[must_use]
    pub fn stdout(&self) -> io::Stdout {
        io::stdout()
    }

    /// Writes text that is ready to be shown, a line break added where it has none.
    ///
    /// # Errors
    ///
    /// Fails when stdout cannot be written to; a closed pipe is no failure.
    pub fn answer(&self, text: &str) -> Result<()> {
        let text =
            if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        // Whoever made the text has escaped what others wrote; what was forgotten stops here.
        self.write(escape::answer(&text, self.is_painted(), self.links()).as_bytes())
    }

    /// Writes a path and a line break: its exact bytes into a pipe, harmless text on a terminal.
    ///
    /// # Errors
    ///
    /// As [`Ui::answer`].
    pub fn answer_path(&self, path: &std::path::Path) -> Result<()> {
        if io::stdout().is_terminal() {
            return self.answer(&escape::line(&path.to_string_lossy()));
        }
        let mut bytes = path.as_os_str().as_encoded_bytes().to_vec();
        bytes.push(b'\n');
        self.write(&bytes)
    }

    /// Writes bytes as they are: what a program wrote, into a pipe.
    ///
    /// # Errors
    ///
    /// As [`Ui::answer`].
    pub fn answer_bytes(&self, bytes: &[u8]) -> Result<()> {
        self.write(bytes)
    }

    /// Writes `report` as the one JSON object, `schema` and `command` in front.
    ///
    /// # Errors
    ///
    /// `internal` when the report is no JSON object; else as [`Ui::answer`].
    pub fn answer_json(&self, report: &impl Serialize) -> Result<()> {
        self.answer_json_beside(report, None)
    }

    /// Writes `value` as one line of JSON, with nothing around it: one of many that come while somebody waits for them.
    ///
    /// # Errors
    ///
    /// As [`Ui::answer_json`].
    pub fn answer_json_line(&self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value).map_err(|error| {
            Failure::new(Code::Internal, format!("a line cannot be written as JSON: {error}"))
                .caused_by(error)
        })?;
        self.answer(&envelope::harmless(&text))
    }

    /// As [`Ui::answer_json`], with the failure that the report goes with.
    ///
    /// # Errors
    ///
    /// As [`Ui::answer_json`].
    pub fn answer_json_beside(&self, report: &impl Serialize, failure: Option<&Failure>) -> Result<()> {
        let (command, error) = (
            self.manner.command.as_str(),
            failure.map(|failure| ErrorObject::of(failure, self.manner.called)),
        );
        let envelope = Envelope { schema: SCHEMA, command, answer: report, error };
        let text = envelope.text(io::stdout().is_terminal())?;
        self.answer(&text)
    }

    /// Says something on stderr, unless told to be quiet.
    pub fn say(&self, text: &str) {
        if !self.manner.quiet {
            self.talk("", &self.manner.called.speaks(text));
        }
    }

    /// Says text that is ready to be shown on stderr, unless told to be quiet: painted with [`Ui::talk_paint`], what others
    /// wrote in it escaped by whoever made it.
    pub fn say_shown(&self, text: &str) {
        if !self.manner.quiet {
            // Nobody can be told that nobody can be told.
            let text = escape::answer(text.trim_end(), self.talk_is_painted(), false);
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Writes what a program wrote to stderr, which is no talk of ours: `quiet` does not silence it.
    pub fn pass_on(&self, bytes: &[u8]) {
        // Nobody can be told that nobody can be told.
        let _ = io::stderr().lock().write_all(bytes);
    }

    /// Says something only where more was asked for.
    pub fn say_more(&self, text: &str) {
        if self.manner.verbose > 0 {
            self.talk("", &self.manner.called.speaks(text));
        }
    }

    /// Warns on stderr, unless told to be quiet.
    pub fn warn(&self, text: &str) {
        if !self.manner.quiet {
            self.talk(&self.talk_paint.warning("warning:"), &indented(&self.manner.called.speaks(text), 9));
        }
    }

    /// Names the next step on stderr, unless told to be quiet.
    pub fn hint(&self, text: &str) {
        if !self.manner.quiet {
            self.talk(
                &format!("{} ", self.talk_paint.hint("hint:")),
                &indented(&self.manner.called.speaks(text), 7),
            );
        }
    }

    /// Shows a failure and returns the exit status that goes with it.
    pub fn fail(&self, failure: &Failure) -> u8 {
        if self.manner.json {
            // A stdout that cannot be written to leaves stderr to tell.
            if self.answer_json_beside(&Nothing {}, Some(failure)).is_err() {
                self.complain(failure);
            }
        } else {
            self.complain(failure);
        }
        if self.manner.verbose > 0 {
            let causes = failure.source().into_iter().flat_map(anyhow::Error::chain);
            causes.for_each(|cause| self.talk("cause:", &indented(&cause.to_string(), 7)));
        }
        failure.code().exit_status()
    }

    /// Shows a failure as text on stderr, also beside a JSON answer that was given before.
    pub fn complain(&self, failure: &Failure) {
        self.talk(
            &self.talk_paint.error("error:"),
            &indented(&self.manner.called.speaks(failure.message()), 7),
        );
        if let Some(hint) = failure.next_step() {
            self.talk(
                &format!("{} ", self.talk_paint.hint("hint:")),
                &indented(&self.manner.called.speaks(hint), 7),
            );
        }
    }

    /// Once the reader is gone there is nothing to say and nothing wrong: the work itself was done.
    fn write(&self, bytes: &[u8]) -> Result<()> {
        if self.stdout_closed.get() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.stdout_closed.set(true);
                Ok(())
            }
            Err(error) => Err(Failure::from_io(error, Code::Internal, "stdout cannot be written to")),
        }
    }

    #[expect(clippy::unused_self, reason = "whoever talks holds the one voice")]
    fn talk(&self, label: &str, text: &str) {
        let text = escape::lines(text);
        let gap = if label.is_empty() { "" } else { " " };
        // Nobody can be told that nobody can be told.
        let _ = writeln!(io::stderr().lock(), "{label}{gap}{text}");
    }
}

/// Returns `text` with every line but the first moved to the right.
fn indented(text: &str, by: usize) -> String {
    text.trim_end().replace('\n', &format!("\n{:by$}", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continuation_lines_stand_under_the_message() {
        assert_eq!(indented("one\ntwo\n", 7), "one\n       two");
    }

    #[test]
    fn json_and_no_input_rule_out_prompts() {
        let json = Ui::new(Manner { json: true, ..Manner::default() });
        let silent = Ui::new(Manner { no_prompts: true, ..Manner::default() });
        assert!(!json.is_interactive() && !silent.is_interactive());
    }
}
