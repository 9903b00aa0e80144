//! A script of another tool as commands of ours: one for each line where lines do not depend on each other, and what only
//! copies an ignored file from the main worktree as something that is carried.

use serde_json::json;

use super::export::Tool;
use super::variables::ours;
use crate::model::config::running;
use crate::model::import::proposal::{FileProposal, ProposedCarry, ProposedCommand};
use crate::model::import::shell::{needs_shell, with_port};

/// Words at the start of a line that the lines behind it depend on.
const LASTING: [&str; 22] = [
    "cd", "export", "source", ".", "if", "for", "while", "until", "case", "function", "trap", "unset",
    "alias", "{", "(", "pushd", "local", "exec", "[", "[[", "test", "!",
];

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptPurpose {
    Setup,
    Teardown,
}

/// Adds what the script does to `found`; `file` and `key` say where it stands.
pub fn add(found: &mut FileProposal, file: &str, key: &str, script: &str, purpose: ScriptPurpose) {
    let from = format!("{file}: {key}");
    // A teardown goes on behind a command that fails: what one command guards against must not be torn off it.
    let lines =
        if purpose == ScriptPurpose::Teardown { vec![script.trim().to_owned()] } else { parts(script) };
    for line in lines {
        if Tool::has_line(&line) {
            found.leave(file, key, "it calls us");
            continue;
        }
        let text = match ours(&line) {
            Ok(text) => text,
            Err(reason) => {
                found.leave(file, key, format!("`{}`: {reason}", shown(&line)));
                continue;
            }
        };
        if let Some(pattern) = copied(&text).filter(|_| purpose == ScriptPurpose::Setup) {
            found.carry.push(ProposedCarry { pattern, from: from.clone() });
            continue;
        }
        if ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) {
            found.leave(file, key, format!("`{}` has braces that a template would read", shown(&line)));
            continue;
        }
        push(found, file, key, &text, purpose);
    }
}

/// Adds one command, whose templates are ours already.
pub fn push(found: &mut FileProposal, file: &str, key: &str, text: &str, purpose: ScriptPurpose) {
    let command = in_words(text);
    if let Err(fault) = running::commands(&json!([command])) {
        found.leave(file, key, format!("`{}`: {}", shown(text), fault.message));
        return;
    }
    let steps = match purpose {
        ScriptPurpose::Setup => &mut found.setup,
        ScriptPurpose::Teardown => &mut found.teardown,
    };
    steps.push(ProposedCommand { command, from: format!("{file}: {key}") });
}

/// Returns a command that runs a service, with the service's port for `$PORT`.
///
/// # Errors
///
/// Says why it cannot be written here.
pub fn service(script: &str) -> Result<String, String> {
    let lines = parts(&ours(script)?);
    let [line] = lines.as_slice() else { return Err("it has more than one command".to_owned()) };
    let command = in_words(&with_port(line));
    running::command(&json!(command)).map_err(|fault| fault.message)?;
    Ok(command)
}

fn in_words(text: &str) -> String {
    if needs_shell(&without_values(text)) {
        format!("sh -c '{}'", text.replace('\'', "'\\''"))
    } else {
        text.to_owned()
    }
}

/// The text with a word for each template: what stands in one is nothing to a shell.
fn without_values(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let Some(end) = rest[at..].find("}}") else { break };
        left.push_str(&rest[..at]);
        left.push('x');
        rest = &rest[at + end + 2..];
    }
    left.push_str(rest);
    left
}

fn shown(text: &str) -> String {
    let start: String = text.trim().chars().take(60).collect();
    if text.trim().chars().count() > 60 { format!("{start}…") } else { start }
}

/// The commands of a script: its lines, parted at `&&` and `;`, or the whole where one line depends on another.
fn parts(script: &str) -> Vec<String> {
    let lines: Vec<&str> =
        script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    // Our list ends with the first command that fails, and begins in the worktree.
    let lines: Vec<&str> =
        lines.into_iter().filter(|line| !line.starts_with("set -") && !is_home(line)).collect();
    let pieces: Vec<&str> = lines.iter().flat_map(|line| split(line)).collect();
    let is_alone = |piece: &&str| {
        let first = piece.split_whitespace().next().unwrap_or_default();
        !LASTING.contains(&first)
            && !piece.ends_with('\\')
            && !piece.contains("<<")
            && !is_variable(first)
            && quotes_close(piece)
    };
    if pieces.iter().all(is_alone) {
        return pieces.into_iter().map(str::to_owned).collect();
    }
    vec![format!("set -e; {}", lines.join("\n"))]
}

/// `cd` to where our commands begin.
fn is_home(line: &str) -> bool {
    let place = line.strip_prefix("cd ").map(|place| place.trim().trim_matches('"'));
    place.is_some_and(|place| {
        ["$WT_PATH", "$CODEX_WORKTREE_PATH", "$CONDUCTOR_WORKSPACE_PATH", "$ORCA_WORKTREE_PATH"]
            .contains(&place)
    })
}

fn is_variable(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'))
        && !word.is_empty()
}

/// Parts a line at `&&` and `;` outside of quotes; one with `||`, a pipe into the background or a group stays whole.
fn split(line: &str) -> Vec<&str> {
    let (mut start, mut parts) = (0, Vec::new());
    let (mut single, mut double) = (false, false);
    let bytes = line.as_bytes();
    if line.contains("||")
        || line.contains("$(")
        || line.contains('`')
        || line.contains('{') && !line.contains("${")
    {
        return vec![line];
    }
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' if !double => single = !single,
            b'"' if !single => double = !double,
            b'\\' => at += 1,
            b';' if !single && !double => {
                parts.push(&line[start..at]);
                start = at + 1;
            }
            b'&' if !single && !double && bytes.get(at + 1) == Some(&b'&') => {
                parts.push(&line[start..at]);
                at += 1;
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&line[start..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn quotes_close(piece: &str) -> bool {
    let (mut single, mut double, mut escaped) = (false, false, false);
    for letter in piece.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if !single => escaped = true,
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            _ => {}
        }
    }
    !single && !double
}

/// The pattern of what `cp "$WT_MAIN/X" X` copies.
fn copied(command: &str) -> Option<String> {
    let words: Vec<String> = command.split_whitespace().map(|word| word.replace(['"', '\''], "")).collect();
    let (first, rest) = words.split_first()?;
    let rest: Vec<&String> = rest.iter().filter(|word| !word.starts_with('-')).collect();
    let [source, target] = rest.as_slice() else { return None };
    let path = source.strip_prefix("$WT_MAIN/").or_else(|| source.strip_prefix("${WT_MAIN}/"))?;
    let target = target.trim_start_matches("$WT_PATH/").trim_start_matches("./").trim_end_matches('/');
    let path = path.trim_end_matches('/');
    let name = path.rsplit('/').next()?;
    let is_plain =
        !path.is_empty() && !path.split('/').any(|part| part == "..") && !path.contains(['$', '\\']);
    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
    let is_same =
        target == path || target == above || (above.is_empty() && [".", "", name].contains(&target));
    (first == "cp" && is_plain && is_same).then(|| pattern(path))
}

/// A path or glob that counts from the root, as a line of a `.gitignore`.
#[must_use]
pub fn pattern(path: &str) -> String {
    let (mark, path) = path.strip_prefix('!').map_or(("", path), |path| ("!", path));
    let path = path.trim_start_matches("./");
    let is_deep = path.trim_end_matches('/').contains('/');
    let start = if is_deep { "" } else { "/" };
    format!("{mark}{start}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_parted_where_the_shell_would_go_on_whatever_came_before() {
        assert_eq!(split("npm ci && npm test; make"), ["npm ci", "npm test", "make"]);
        assert_eq!(split("echo 'a; b' && echo \"c && d\""), ["echo 'a; b'", "echo \"c && d\""]);
        assert_eq!(split("echo ${A}; make"), ["echo ${A}", "make"]);
        for whole in
            ["npm run a & npm run b", "npm ci || true; make", "echo $(a; b)", "echo `a; b`", "{ a; b; }"]
        {
            assert_eq!(split(whole), [whole], "the parts of this belong together");
        }
    }

    #[test]
    fn what_is_shown_of_a_long_command_are_its_first_sixty_letters() {
        let sixty = "é".repeat(60);
        assert_eq!(shown(&format!(" {sixty}\n")), sixty);
        assert_eq!(shown(&format!("{sixty}x")), format!("{sixty}…"));
    }

    #[test]
    fn a_script_is_one_command_where_a_line_depends_on_another() {
        for (script, expected) in [
            ("npm ci\n\n# then\nmake", &["npm ci", "make"][..]),
            ("set -e\ncd \"$WT_PATH\"\nmake && make test", &["make", "make test"]),
            ("cd api\nmake", &["set -e; cd api\nmake"]),
            ("A=1\nmake", &["set -e; A=1\nmake"]),
            ("make \\\n  test", &["set -e; make \\\ntest"]),
            ("cat <<X\nX", &["set -e; cat <<X\nX"]),
            ("echo \"a\nb\"", &["set -e; echo \"a\nb\""]),
            ("a-b=1 make", &["a-b=1 make"]),
        ] {
            assert_eq!(parts(script), expected, "{script}");
        }
    }

    #[test]
    fn quotes_close_where_as_many_end_as_begin() {
        for (piece, is_closed) in [
            ("make", true),
            ("echo 'a' \"b\"", true),
            ("echo 'a", false),
            ("echo \"a", false),
            ("echo \"it's\"", true),
            ("echo 'say \"'", true),
            ("echo \\\"", true),
            ("echo \\' x", true),
            ("echo '\\'", true),
            ("echo \\\\\"a", false),
        ] {
            assert_eq!(quotes_close(piece), is_closed, "{piece}");
        }
    }

    #[test]
    fn what_is_copied_from_the_main_worktree_to_the_same_place_is_a_pattern() {
        for (command, expected) in [
            ("cp $WT_MAIN/.env .env", Some("/.env")),
            ("cp \"${WT_MAIN}/.env\" .", Some("/.env")),
            ("cp -r $WT_MAIN/conf/local/ $WT_PATH/conf/local/", Some("conf/local")),
            ("cp $WT_MAIN/conf/local ./conf", Some("conf/local")),
            ("cp $WT_MAIN/conf/local local", None),
            ("cp $WT_MAIN/conf/local .", None),
            ("cp $WT_MAIN/.env .env.test", None),
            ("mv $WT_MAIN/.env .env", None),
            ("cp $HOME/.env .env", None),
            ("cp $WT_MAIN/../x/.env ../x/.env", None),
            ("cp $WT_MAIN/$A $A", None),
            ("cp $WT_MAIN/ .", None),
            ("cp $WT_MAIN/.env", None),
            ("cp $WT_MAIN/a b c", None),
            ("", None),
        ] {
            assert_eq!(copied(command).as_deref(), expected, "{command}");
        }
    }

    #[test]
    fn braces_of_a_template_are_nothing_to_a_shell() {
        for (text, expected) in [
            ("make", "make"),
            ("dropdb app_{{ name | db }}", "dropdb app_{{ name | db }}"),
            ("a {{ x }} {{ y }} | b", "sh -c 'a {{ x }} {{ y }} | b'"),
            ("echo 'a' > b", "sh -c 'echo '\\''a'\\'' > b'"),
        ] {
            assert_eq!(in_words(text), expected, "{text}");
        }
        assert_eq!(without_values("a{{ b }}c{{ d }}e"), "axcxe");
        assert_eq!(without_values("a{{ b"), "a{{ b");
    }

    #[test]
    fn a_pattern_counts_from_the_root_unless_it_is_deep() {
        for (path, expected) in [
            (".env", "/.env"),
            ("./.env", "/.env"),
            ("vendor/", "/vendor/"),
            ("a/b", "a/b"),
            ("!.env", "!/.env"),
            ("!a/b", "!a/b"),
        ] {
            assert_eq!(pattern(path), expected, "{path}");
        }
    }
}
