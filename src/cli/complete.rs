//! What a shell asks at every press of Tab: the words that fit, one a line. Silent whatever goes wrong.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Arg, Args, Command};
use clap_complete::engine::{self, ArgValueCompleter, CompletionCandidate};

use super::session::Session;
use super::shell::{Shell, for_people};
use super::surroundings::Viewpoint;
use crate::error::Result;
use crate::ops::candidates::{self, CompletionKind};

/// Answer a shell that completes a command line
#[derive(Args, Debug)]
pub struct Arguments {
    /// The shell that asks
    #[arg(long, value_enum)]
    pub shell: Shell,
    /// Which of the words is to be completed, counted from 0
    #[arg(long)]
    pub index: usize,
    /// The command line so far
    #[arg(last = true)]
    pub words: Vec<OsString>,
}

/// The places of the command line that take names, by what the help calls them.
const PLACES: [(&str, CompletionKind); 11] = [
    ("NAME", CompletionKind::Worktree),
    ("WORKTREE", CompletionKind::Worktree),
    ("NAME|PATH|BRANCH", CompletionKind::Worktree),
    ("BRANCH", CompletionKind::Branch),
    ("REF", CompletionKind::Branch),
    ("PURPOSE", CompletionKind::Purpose),
    ("SERVICE", CompletionKind::Service),
    ("SERVICE,…", CompletionKind::Service),
    ("N|SERVICE,…", CompletionKind::Service),
    ("PORT", CompletionKind::Port),
    ("KEY", CompletionKind::Key),
];

/// Runs the command.
///
/// # Errors
///
/// Fails when stdout cannot be written to.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let mut line = Line::of(arguments);
    line.is_flag_begun =
        line.words.get(line.index).is_some_and(|word| word.as_encoded_bytes().starts_with(b"-"));
    let mut viewpoint = session.viewpoint();
    if let Some(folder) = line.folder() {
        viewpoint.global.directories = vec![folder];
    }
    let mut command = with_names(for_people(&(session.command_line)()), None, &Arc::new(viewpoint));
    let current = session.host.current_folder().ok();
    // Whoever presses Tab did not ask for an error.
    let found = engine::complete(&mut command, line.words.clone(), line.index, current.as_deref())
        .unwrap_or_default();
    let is_flag =
        |candidate: &CompletionCandidate| candidate.get_value().as_encoded_bytes().starts_with(b"-");
    let asks_for_flags = line.is_flag_begun || found.iter().all(is_flag);
    let mut text = String::new();
    for candidate in found.iter().filter(|candidate| asks_for_flags || !is_flag(candidate)) {
        if let Some(shown) = shown(arguments.shell, candidate, &line) {
            text.push_str(&shown);
            text.push('\n');
        }
    }
    session.ui.answer(&text)?;
    Ok(0)
}

/// The words as we would be given them.
struct Line {
    words: Vec<OsString>,
    index: usize,
    /// What the shell keeps of the word in front of what it replaces.
    prefix: String,
    /// Whether that word begins as a flag does: only then flags are offered beside names.
    is_flag_begun: bool,
    /// Whether that word begins with a quote, which is still open.
    is_quoted: bool,
}

impl Line {
    /// bash parts words at `=` and `:`; together they are what the person typed.
    fn of(arguments: &Arguments) -> Self {
        let is_joint = |word: &OsStr| word == "=" || word == ":";
        let mut line = Self {
            words: Vec::new(),
            index: arguments.index,
            prefix: String::new(),
            is_flag_begun: false,
            is_quoted: false,
        };
        let mut joins = false;
        for (at, word) in arguments.words.iter().enumerate() {
            let is_joint = arguments.shell == Shell::Bash && is_joint(word) && at > 0;
            match line.words.last_mut() {
                Some(last) if joins || is_joint => {
                    if at <= arguments.index {
                        line.index -= 1;
                    }
                    if at == arguments.index && !is_joint {
                        line.prefix = last.to_string_lossy().into_owned();
                    }
                    last.push(word);
                }
                _ => line.words.push(word.clone()),
            }
            if at == arguments.index && is_joint {
                line.prefix =
                    line.words.last().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
            }
            joins = is_joint;
        }
        if line.words.len() <= line.index {
            line.words.resize(line.index + 1, OsString::new());
        }
        line.take_quotes_off();
        line
    }

    /// A shell hands over what was typed, with the backslashes and the open quote that it needs.
    fn take_quotes_off(&mut self) {
        let Some(word) = self.words.get_mut(self.index) else { return };
        let Some(text) = word.to_str() else { return };
        if let Some(inside) = text.strip_prefix(['\'', '"']) {
            self.is_quoted = true;
            *word = inside.into();
        } else if text.contains('\\') {
            *word = text.replace('\\', "").into();
        }
    }
}

impl Line {
    /// Returns the folder that `-C` names.
    fn folder(&self) -> Option<PathBuf> {
        let pairs = self.words.windows(2).take(self.index.saturating_sub(1));
        pairs.filter(|pair| pair[0] == "-C").map(|pair| PathBuf::from(&pair[1])).next_back()
    }
}

/// Lets every place that takes a name ask for the names there are.
fn with_names(command: Command, word: Option<&str>, viewpoint: &Arc<Viewpoint>) -> Command {
    let word = word.unwrap_or_default().to_owned();
    let command = command.mut_args(|argument| {
        let Some(kind) = kind_of(&argument, &word) else { return argument };
        let viewpoint = Arc::clone(viewpoint);
        argument.add(ArgValueCompleter::new(move |typed: &OsStr| names(&viewpoint, kind, typed)))
    });
    command.mut_subcommands(|inner| {
        let name = inner.get_name().to_owned();
        with_names(inner, Some(&name), viewpoint)
    })
}

fn kind_of(argument: &Arg, command: &str) -> Option<CompletionKind> {
    let name = argument.get_value_names()?.first()?;
    let kind = PLACES.iter().find(|(place, _)| place == name).map(|(_, kind)| *kind)?;
    if kind != CompletionKind::Worktree {
        return Some(kind);
    }
    Some(match command {
        // A restore takes a worktree that is gone.
        "restore" => CompletionKind::Restorable,
        "switch" | "path" | "exec" => CompletionKind::Anywhere,
        // What takes ports away keeps to its own repository, and the history to the names that it has.
        "release" | "history" => CompletionKind::Worktree,
        _ if argument.get_id() == "worktree" => CompletionKind::Anywhere,
        _ => CompletionKind::Worktree,
    })
}

/// The names that fit what was typed; of a list, its last one.
fn names(viewpoint: &Viewpoint, kind: CompletionKind, typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let (before, last) = match typed.rfind(',') {
        Some(comma) if kind == CompletionKind::Service => typed.split_at(comma + 1),
        _ => ("", typed),
    };
    let Ok(surroundings) = viewpoint.clone().surroundings() else { return Vec::new() };
    let (context, _) = surroundings.into_context_at_any_rate();
    let found = candidates::candidates(&context, kind, last);
    found
        .into_iter()
        .map(|candidate| {
            let about = (!candidate.about.is_empty()).then(|| candidate.about.into());
            CompletionCandidate::new(format!("{before}{}", candidate.name)).help(about)
        })
        .collect()
}

/// One line as the shell's function reads it: bash takes it as it is, zsh and fish quote it themselves. `None` for what
/// cannot be written there.
fn shown(shell: Shell, candidate: &CompletionCandidate, line: &Line) -> Option<String> {
    let value = candidate.get_value().to_str()?;
    let value = value.strip_prefix(&line.prefix).unwrap_or(value);
    if value.chars().any(char::is_control) {
        return None;
    }
    let about = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    let about = about.lines().next().unwrap_or_default();
    let of_zsh = || value.replace('\\', "\\\\").replace(':', "\\:");
    Some(match shell {
        Shell::Bash if line.is_quoted => {
            return value.chars().all(is_plain).then(|| value.to_owned());
        }
        Shell::Bash => escaped(value),
        Shell::Zsh if about.is_empty() => of_zsh(),
        Shell::Zsh => format!("{}:{about}", of_zsh()),
        Shell::Fish if about.is_empty() => value.to_owned(),
        Shell::Fish => format!("{value}\t{about}"),
    })
}

/// Answers whether bash reads `letter` as itself, wherever it stands in a word.
fn is_plain(letter: char) -> bool {
    letter.is_alphanumeric() || "._-/+,@=:%^".contains(letter)
}

/// With a backslash before each letter that bash would obey.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        if !is_plain(letter) {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(shell: Shell, words: &[&str], index: usize) -> (Vec<String>, usize, String) {
        let words = words.iter().map(OsString::from).collect();
        let line = Line::of(&Arguments { shell, index, words });
        let words = line.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        (words, line.index, line.prefix)
    }

    #[test]
    fn what_bash_parts_at_a_sign_is_one_word_again() {
        let (words, index, prefix) = line(Shell::Bash, &["wt", "create", "--ports", "=", "we"], 4);
        assert_eq!((words, index), (vec!["wt".into(), "create".into(), "--ports=we".into()], 2));
        assert_eq!(prefix, "--ports=");
        let (words, index, prefix) = line(Shell::Bash, &["wt", "create", "--ports", "="], 3);
        assert_eq!((words, index), (vec!["wt".into(), "create".into(), "--ports=".into()], 2));
        assert_eq!(prefix, "--ports=");
        let (words, index, _) = line(Shell::Bash, &["wt", "create", "--ports", "=", "web", "x"], 5);
        assert_eq!((words.last().unwrap().as_str(), index), ("x", 3));
        let (words, index, _) = line(Shell::Fish, &["wt", "a", "="], 2);
        assert_eq!((words.len(), index), (3, 2));
    }

    #[test]
    fn what_a_shell_would_obey_is_quoted_for_it() {
        let asked = |typed: &str| {
            let words = vec![OsString::from("wt"), OsString::from(typed)];
            Line::of(&Arguments { shell: Shell::Bash, index: 1, words })
        };
        let candidate = CompletionCandidate::new("a;b:$(c)'d").help(Some("what it is".into()));
        let of = |shell, typed: &str| shown(shell, &candidate, &asked(typed));
        assert_eq!(of(Shell::Bash, "a\\;"), Some("a\\;b:\\$\\(c\\)\\'d".to_owned()));
        assert_eq!(asked("a\\;").words[1], "a;");
        assert_eq!(asked("'a;").words[1], "a;");
        assert_eq!(of(Shell::Bash, "'a"), None, "no backslash quotes between quotes");
        assert_eq!(of(Shell::Zsh, ""), Some("a;b\\:$(c)'d:what it is".to_owned()));
        assert_eq!(of(Shell::Fish, ""), Some("a;b:$(c)'d\twhat it is".to_owned()));
        let line = CompletionCandidate::new("a\nb");
        assert_eq!(shown(Shell::Fish, &line, &asked("")), None);
    }

    #[test]
    fn a_word_that_is_not_begun_is_empty() {
        let (words, index, _) = line(Shell::Zsh, &["wt", "remove"], 2);
        assert_eq!((words, index), (vec!["wt".into(), "remove".into(), String::new()], 2));
    }
}
