//! A command that was written for a shell, in the words of the configuration: `$PORT` is `{{ port }}`, and what only a
//! shell understands goes to one.

use crate::model::config::running;

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellWords {
    /// It can be run.
    Words {
        text: String,
        /// Whether the port is named in it.
        names_port: bool,
    },
    /// It holds what a template would read as its own.
    Unsayable,
}

/// Translates `command`.
#[must_use]
pub fn translate(command: &str) -> ShellWords {
    let command = command.trim();
    if command.is_empty() || ["{{", "{%", "{#"].iter().any(|mark| command.contains(mark)) {
        return ShellWords::Unsayable;
    }
    let with_port = with_port(command);
    let names_port = with_port != command;
    let text = if needs_shell(&with_port) {
        format!("sh -c '{}'", with_port.replace('\'', "'\\''"))
    } else {
        with_port
    };
    // What is left (a lone backslash, `''` as the program) is a slip of its author's.
    if running::command(&text.as_str().into()).is_err() {
        return ShellWords::Unsayable;
    }
    ShellWords::Words { text, names_port }
}

/// Puts the template's value where a shell would put the variable's, but not between single quotes.
pub(super) fn with_port(command: &str) -> String {
    let mut text = String::new();
    let mut rest = command;
    let mut single = false;
    let mut double = false;
    while let Some(letter) = rest.chars().next() {
        match letter {
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            '\\' if !single => {
                let end = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
                text.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            '$' if !single => {
                if let Some(length) = variable(rest) {
                    text.push_str("{{ port }}");
                    rest = &rest[length..];
                    continue;
                }
            }
            _ => {}
        }
        text.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    text
}

/// The length of `$PORT`, `${PORT}` or `${PORT:-3000}` at the start of `text`.
fn variable(text: &str) -> Option<usize> {
    if let Some(after) = text.strip_prefix("$PORT") {
        let ends = !after.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
        return ends.then_some("$PORT".len());
    }
    let inside = text.strip_prefix("${PORT")?;
    let end = inside.find('}')?;
    let default = &inside[..end];
    let is_plain = default.is_empty()
        || default
            .strip_prefix(":-")
            .or_else(|| default.strip_prefix('-'))
            .is_some_and(|default| default.chars().all(|letter| letter.is_ascii_alphanumeric()));
    is_plain.then_some("${PORT".len() + end + 1)
}

/// Answers whether anything in it means something to a shell beyond quotes and backslashes.
#[must_use]
pub fn needs_shell(command: &str) -> bool {
    let mut single = false;
    let mut double = false;
    let mut fresh = true;
    let mut letters = command.chars().peekable();
    // `X=1 serve` sets a variable, and a builtin is no program.
    let first = command.split_whitespace().next().unwrap_or_default();
    if first.contains('=') || ["cd", "source", ".", "exec", "export", "set", "[", "eval"].contains(&first) {
        return true;
    }
    while let Some(letter) = letters.next() {
        match letter {
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            '\\' if !single => {
                letters.next();
            }
            _ if single => {}
            '$' | '`' => return true,
            _ if double => {}
            '|' | '&' | ';' | '<' | '>' | '(' | ')' | '*' | '?' | '[' | '\n' => return true,
            '~' | '#' if fresh => return true,
            _ => {}
        }
        fresh = letter == ' ' || letter == '\t';
    }
    single || double
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &str) -> (String, bool) {
        match translate(command) {
            ShellWords::Words { text, names_port } => (text, names_port),
            ShellWords::Unsayable => panic!("{command}"),
        }
    }

    #[test]
    fn the_port_is_put_in_by_us_and_the_rest_is_left_as_it_is() {
        for (command, text) in [
            ("bundle exec puma -p $PORT", "bundle exec puma -p {{ port }}"),
            ("gunicorn -b 0.0.0.0:${PORT:-8000} app:app", "gunicorn -b 0.0.0.0:{{ port }} app:app"),
            ("serve \"--port=${PORT}\"", "serve \"--port={{ port }}\""),
        ] {
            assert_eq!(words(command), (text.to_owned(), true), "{command}");
        }
        assert_eq!(words("sidekiq -q 'a b'"), ("sidekiq -q 'a b'".to_owned(), false));
    }

    #[test]
    fn what_only_a_shell_understands_goes_to_one() {
        for (command, text) in [
            ("npm run a & npm run b", "sh -c 'npm run a & npm run b'"),
            ("RAILS_ENV=x rails s -p $PORT", "sh -c 'RAILS_ENV=x rails s -p {{ port }}'"),
            ("echo $PORTS", "sh -c 'echo $PORTS'"),
            ("awk '{print $1}' | x", "sh -c 'awk '\\''{print $1}'\\'' | x'"),
            ("cd api && x", "sh -c 'cd api && x'"),
            ("x 'unfinished", "sh -c 'x '\\''unfinished'"),
        ] {
            assert_eq!(words(command).0, text);
        }
        for command in ["a 'b|c' d\\;e", "x --glob='*'", "a#b"] {
            assert_eq!(words(command).0, command);
        }
    }

    #[test]
    fn what_a_template_would_take_for_its_own_is_left_alone() {
        assert_eq!(translate("docker ps --format '{{.Names}}'"), ShellWords::Unsayable);
        assert_eq!(translate(" "), ShellWords::Unsayable);
    }

    #[test]
    fn a_variable_is_the_ports_by_its_whole_name_and_outside_of_single_quotes() {
        for (command, expected) in [
            ("x $PORT", "x {{ port }}"),
            ("x $PORT/a ${PORT}b", "x {{ port }}/a {{ port }}b"),
            ("x ${PORT-80} ${PORT:-80}", "x {{ port }} {{ port }}"),
            ("x $PORT_A $PORTS $PORT2", "x $PORT_A $PORTS $PORT2"),
            ("x ${PORT:=80} ${PORT:-a b} ${PORTS}", "x ${PORT:=80} ${PORT:-a b} ${PORTS}"),
            ("x ${PORT", "x ${PORT"),
            ("x '$PORT' $PORT", "x '$PORT' {{ port }}"),
            ("x \"$PORT\" \"it's $PORT\"", "x \"{{ port }}\" \"it's {{ port }}\""),
            ("x 'say \"' $PORT '\"'", "x 'say \"' {{ port }} '\"'"),
            ("x \\$PORT \\' $PORT", "x \\$PORT \\' {{ port }}"),
            ("x '\\' $PORT \\é \\", "x '\\' {{ port }} \\é \\"),
        ] {
            assert_eq!(with_port(command), expected, "{command}");
        }
    }

    #[test]
    fn a_shell_is_needed_for_what_only_it_reads() {
        for (command, needs) in [
            ("serve -p 80", false),
            ("A=1 serve", true),
            ("serve A=1", false),
            ("cd api", true),
            ("source x", true),
            (". x", true),
            ("exec x", true),
            ("[ -f x ]", true),
            ("cdx api", false),
            ("x $A", true),
            ("x \"$A\"", true),
            ("x '$A'", false),
            ("x `a`", true),
            ("x \\$A \\| \\\"", false),
            ("x '\\'", false),
            ("x a|b", true),
            ("x \"a|b\" 'c;d'", false),
            ("x a*", true),
            ("x a?", true),
            ("x (a", true),
            ("x\ny", true),
            ("x ~/a", true),
            ("x\t#a", true),
            ("x a~ a#", false),
            ("x 'a", true),
            ("x \"a", true),
            ("x \"it's\" 'say \"'", false),
        ] {
            assert_eq!(needs_shell(command), needs, "{command}");
        }
    }
}
