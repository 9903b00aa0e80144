//! A command line as it was typed, with what a hint changes in it, quoted for the shell: a command that is advised again
//! is advised whole.

use std::ffi::OsString;
use std::fmt;

use super::quoting::word_sh;
use super::word::is_plain_word;

/// The flags of `wt create`, and those of every command, whose value may be the next word.
pub const WITH_VALUE: [&str; 14] = [
    "-C",
    "--color",
    "--config",
    "-p",
    "--purpose",
    "--identifier",
    "-b",
    "--branch",
    "--base",
    "--port-count",
    "--on-conflict",
    "--path",
    "--carry-from",
    "-x",
];

/// The words after the program's own name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine(Vec<String>);

impl CommandLine {
    /// The command line of a program that was started with `words`, its own name first.
    #[must_use]
    pub fn of(words: &[OsString]) -> Self {
        Self(words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect())
    }

    /// Answers whether it is one of the command `word`.
    #[must_use]
    pub fn is_of(&self, word: &str) -> bool {
        self.find_command(word).is_some()
    }

    /// Takes out `flags` and their values, each written as `--flag VALUE`, `--flag=VALUE`, `-f VALUE` or `-fVALUE`.
    #[must_use]
    pub fn without(mut self, flags: &[&str]) -> Self {
        let mut at = 0;
        while at < self.end() {
            let word = &self.0[at];
            if flags.contains(&word.as_str()) {
                let next = at + if WITH_VALUE.contains(&word.as_str()) { 2 } else { 1 };
                self.0.drain(at..next.min(self.0.len()));
            } else if flags.iter().any(|flag| is_joined(word, flag)) {
                self.0.remove(at);
            } else {
                at += 1;
            }
        }
        self
    }

    /// Adds words before what belongs to another program.
    #[must_use]
    pub fn with(mut self, words: &[&str]) -> Self {
        let end = self.end();
        self.0.splice(end..end, words.iter().map(ToString::to_string));
        self
    }

    /// Joins `flag` and `value`, which stand beside each other; where they do not, a word after the flag becomes its value.
    #[must_use]
    pub fn joined(&self, flag: &str, value: &str) -> Option<Self> {
        let end = self.end();
        let at = self.0.iter().take(end).position(|word| word == flag)?;
        let next = self.0.get(at + 1).filter(|next| at + 1 < end && !next.starts_with('-'))?;
        let others = self.0.iter().take(end).filter(|word| *word == value).count();
        if next != value && others == 0 {
            return None;
        }
        let mut words = self.0.clone();
        words[at] = format!("{flag}={next}");
        words.remove(at + 1);
        Some(Self(words))
    }

    /// Puts `--` before the first word that is no flag after the command `word`, where `names` as many come before it; `None`
    /// where it is there already, or nothing would follow. `with_value` are flags whose value is the next word.
    #[must_use]
    pub fn parted(&self, word: &str, names: usize, with_value: &[&str]) -> Option<Self> {
        if self.0.iter().any(|known| known == "--") {
            return None;
        }
        let mut at = self.find_command(word)? + 1;
        let mut seen = 0;
        while let Some(known) = self.0.get(at) {
            if with_value.contains(&known.as_str()) {
                at += 2;
                continue;
            }
            if !known.starts_with('-') {
                if seen == names {
                    let mut words = self.0.clone();
                    words.insert(at, "--".to_owned());
                    return Some(Self(words));
                }
                seen += 1;
            }
            at += 1;
        }
        None
    }

    /// Answers whether `word` stands in it, before what belongs to another program.
    #[must_use]
    pub fn has_word(&self, word: &str) -> bool {
        self.0[..self.end()].iter().any(|known| known == word)
    }

    /// Answers whether one of `flags` stands in it.
    #[must_use]
    pub fn has(&self, flags: &[&str]) -> bool {
        let ours = &self.0[..self.end()];
        ours.iter().any(|word| flags.iter().any(|flag| word == flag || is_joined(word, flag)))
    }

    /// Puts `name` in place of the first word after the command `word` that is no flag, or behind the command.
    #[must_use]
    pub fn with_name(mut self, word: &str, name: &str) -> Self {
        match (self.position_of_name(word), self.find_command(word)) {
            (Some(at), _) => name.clone_into(&mut self.0[at]),
            (None, Some(at)) => self.0.insert(at + 1, name.to_owned()),
            (None, None) => {}
        }
        self
    }

    /// Returns the first word after the command `word` that is no flag.
    #[must_use]
    pub fn name(&self, word: &str) -> Option<&str> {
        self.position_of_name(word).map(|at| &*self.0[at])
    }

    fn position_of_name(&self, word: &str) -> Option<usize> {
        let mut at = self.find_command(word)? + 1;
        while at < self.end() {
            let word = &self.0[at];
            if WITH_VALUE.contains(&word.as_str()) {
                at += 2;
            } else if word.starts_with('-') {
                at += 1;
            } else {
                return Some(at);
            }
        }
        None
    }

    fn find_command(&self, word: &str) -> Option<usize> {
        let mut at = 0;
        while at < self.end() {
            let found = self.0[at].as_str();
            if found == word {
                return Some(at);
            }
            at += if WITH_VALUE.contains(&found) { 2 } else { 1 };
        }
        None
    }

    /// Where another program's words begin: behind `-x` or `--`.
    fn end(&self) -> usize {
        let begins = |word: &String| word == "--" || word.starts_with("-x");
        self.0.iter().position(begins).unwrap_or(self.0.len())
    }
}

/// Answers whether `word` is `flag` and its value in one.
fn is_joined(word: &str, flag: &str) -> bool {
    let Some(rest) = word.strip_prefix(flag) else { return false };
    if flag.starts_with("--") { rest.starts_with('=') } else { !rest.is_empty() && !word.starts_with("--") }
}

/// A word as a shell reads it; a flag and its value stay as they are where both are plain.
fn shown(word: &str) -> String {
    let (flag, value) = word.split_once('=').unwrap_or((word, ""));
    let is_flag = flag.starts_with('-') && is_plain_word(flag.trim_start_matches('-'));
    let is_plain = is_flag && (value.is_empty() || is_plain_word(value));
    if is_plain || word == "--" { word.to_owned() } else { word_sh(word) }
}

/// As it is typed into a shell, the program's name first.
impl fmt::Display for CommandLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("wt")?;
        self.0.iter().try_for_each(|word| write!(formatter, " {}", shown(word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &str) -> CommandLine {
        CommandLine::of(&words.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_flag_goes_with_its_value_however_it_is_written() {
        for words in [
            "wt create x --branch main --ports",
            "wt create x --branch=main --ports",
            "wt create x -b main --ports",
            "wt create x -bmain --ports",
        ] {
            let changed = line(words).without(&["-b", "--branch"]).with(&["--base", "main"]);
            assert_eq!(changed.to_string(), "wt create x --ports --base main", "{words}");
        }
    }

    #[test]
    fn what_belongs_to_another_program_stays_as_it_is() {
        let changed = line("wt create x -x run --branch b").without(&["--branch"]).with(&["--lock"]);
        assert_eq!(changed.to_string(), "wt create x --lock -x run --branch b");
        assert!(!line("wt create -x run --ports").has(&["--ports"]));
    }

    #[test]
    fn the_name_is_the_word_that_no_flag_takes() {
        let renamed = |words: &str| line(words).with_name("create", "y").to_string();
        assert_eq!(renamed("wt -C create create -p x x --ports"), "wt -C create create -p x y --ports");
        assert_eq!(renamed("wt create --ports"), "wt create y --ports");
        assert_eq!(line("wt create --base a b c").name("create"), Some("b"));
        assert_eq!(line("wt list create").name("remove"), None);
    }

    #[test]
    fn a_flag_is_joined_to_the_word_behind_it_that_was_meant_as_its_value() {
        let joined = |words: &str, value: &str| Some(line(words).joined("--lock", value)?.to_string());
        assert_eq!(joined("wt create x --lock why", "why").as_deref(), Some("wt create x --lock=why"));
        assert_eq!(joined("wt create --lock x why", "why").as_deref(), Some("wt create --lock=x why"));
        assert_eq!(joined("wt create --lock x", "why"), None, "the value stands nowhere");
        assert_eq!(joined("wt create --lock --ports why", "why"), None, "another flag is no value");
        assert_eq!(joined("wt create x --lock", "x"), None, "nothing follows");
        assert_eq!(joined("wt create x -x --lock why", "why"), None, "it belongs to another program");
    }

    #[test]
    fn another_programs_words_are_parted_off_behind_the_names() {
        let parted = |words: &str| Some(line(words).parted("exec", 1, &["--shell"])?.to_string());
        assert_eq!(parted("wt exec x make -j").as_deref(), Some("wt exec x -- make -j"));
        assert_eq!(
            parted("wt exec --shell sh x --all make").as_deref(),
            Some("wt exec --shell sh x --all -- make")
        );
        assert_eq!(parted("wt exec x -- make"), None, "they are parted already");
        assert_eq!(parted("wt exec x --all"), None, "nothing follows");
        assert_eq!(parted("wt list x make"), None, "it is another command");
    }

    #[test]
    fn words_are_quoted_for_the_shell_where_they_must_be() {
        let words = ["wt", "create", "a b", "--lock=it's", "--path", "/p/q", "$(x)", ""];
        let typed = CommandLine::of(&words.map(OsString::from));
        assert_eq!(typed.to_string(), r"wt create 'a b' '--lock=it'\''s' --path /p/q '$(x)' ''");
    }

    #[test]
    fn a_word_stands_in_it_as_a_whole_and_before_what_belongs_to_another_program() {
        let has = |words: &str| line(words).has_word("all");
        assert!(has("wt list all") && has("wt all"));
        assert!(
            !has("wt list --all") && !has("wt list") && !has("wt exec x -- all") && !has("wt create -x all")
        );
    }

    #[test]
    fn a_flag_stands_in_it_alone_or_joined_to_its_value() {
        for (words, is_there) in [
            ("wt create --branch b", true),
            ("wt create --branch=b", true),
            ("wt create -bmain", true),
            ("wt create -b main", true),
            ("wt create --branching", false),
            ("wt create --b=x", false),
            ("wt create b branch", false),
            ("wt exec x -- -b main", false),
        ] {
            assert_eq!(line(words).has(&["-b", "--branch"]), is_there, "{words}");
        }
    }

    #[test]
    fn a_command_is_the_first_word_of_its_name_that_no_flag_takes() {
        assert!(line("wt -C list create x").is_of("create") && !line("wt -C list create x").is_of("list"));
        assert!(!line("wt exec x -- create").is_of("create"));
    }

    #[test]
    fn what_stands_around_a_flag_that_is_taken_out_stays() {
        let without = |words: &str| line(words).without(&["--branch", "-b", "--ports"]).to_string();
        assert_eq!(without("wt create x --lock --branch main --json"), "wt create x --lock --json");
        assert_eq!(without("wt create x --lock --branch"), "wt create x --lock");
        assert_eq!(without("wt --branch main create x"), "wt create x");
        assert_eq!(without("wt create x --ports -bmain y"), "wt create x y");
        assert_eq!(without("wt create --branch a --branch b"), "wt create");
    }

    #[test]
    fn what_is_added_stands_before_what_belongs_to_another_program() {
        assert_eq!(line("wt exec x -- make").with(&["--json"]).to_string(), "wt exec x --json -- make");
        assert_eq!(line("wt list").with(&["--json", "-q"]).to_string(), "wt list --json -q");
    }

    #[test]
    fn a_flag_that_is_not_plain_is_quoted_as_any_other_word() {
        let typed = |word: &str| CommandLine::of(&["wt", word].map(OsString::from)).to_string();
        for (word, shown) in [
            ("-a b", "wt '-a b'"),
            ("--a;b", "wt '--a;b'"),
            ("--lock", "wt --lock"),
            ("--lock=why", "wt --lock=why"),
            ("--lock=a b", "wt '--lock=a b'"),
            ("--", "wt --"),
        ] {
            assert_eq!(typed(word), shown);
        }
    }
}
