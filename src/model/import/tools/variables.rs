//! The variables that other tools give their scripts, as ours.

/// A variable of another tool, and the one that says the same here.
const SAME: [(&str, &str); 26] = [
    // <https://cursor.com/docs/configuration/worktrees>
    ("ROOT_WORKTREE_PATH", "WT_MAIN"),
    // <https://docs.conductor.build/tips/conductor-env>
    ("CONDUCTOR_ROOT_PATH", "WT_MAIN"),
    ("CONDUCTOR_WORKSPACE_PATH", "WT_PATH"),
    ("CONDUCTOR_WORKSPACE_NAME", "WT_NAME"),
    ("CONDUCTOR_PORT", "PORT"),
    // <https://developers.openai.com/codex/app/local-environments>
    ("CODEX_SOURCE_TREE_PATH", "WT_MAIN"),
    ("CODEX_WORKTREE_PATH", "WT_PATH"),
    // <https://github.com/stablyai/orca>, src/main/hooks.ts
    ("ORCA_ROOT_PATH", "WT_MAIN"),
    ("ORCA_WORKTREE_PATH", "WT_PATH"),
    ("ORCA_WORKSPACE_NAME", "WT_NAME"),
    // <https://workmux.raine.dev/guide/configuration>
    ("WM_PROJECT_ROOT", "WT_MAIN"),
    ("WM_WORKTREE_PATH", "WT_PATH"),
    ("WM_HANDLE", "WT_NAME"),
    ("WM_BRANCH_NAME", "WT_BRANCH"),
    ("WORKMUX_ROOT", "WT_MAIN"),
    // <https://github.com/coderabbitai/git-worktree-runner>, docs/configuration.md
    ("REPO_ROOT", "WT_MAIN"),
    ("WORKTREE_PATH", "WT_PATH"),
    ("BRANCH", "WT_BRANCH"),
    // <https://github.com/satococoa/wtp>
    ("GIT_WTP_REPO_ROOT", "WT_MAIN"),
    ("GIT_WTP_WORKTREE_PATH", "WT_PATH"),
    // Superset and Vibe Kanban name theirs so in scripts that are shared with the tools above.
    ("SUPERSET_ROOT_PATH", "WT_MAIN"),
    ("SUPERSET_WORKSPACE_NAME", "WT_NAME"),
    ("CODEX_SOURCE_PATH", "WT_MAIN"),
    ("MAIN_WORKTREE_PATH", "WT_MAIN"),
    ("PRIMARY_WORKTREE_PATH", "WT_MAIN"),
    ("WORKTREE_BRANCH", "WT_BRANCH"),
];

/// Beginnings of variables that only another tool sets.
const THEIRS: [&str; 7] = ["CONDUCTOR_", "CODEX_", "ORCA_", "WM_", "GIT_WTP_", "ROOT_WORKTREE_", "SUPERSET_"];

/// Returns the script with our variables in place of theirs.
///
/// # Errors
///
/// Names a variable that nobody sets here.
pub fn ours(script: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = script;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some((name, length)) = reference(rest) else {
            text.push('$');
            rest = &rest[1..];
            continue;
        };
        match SAME.iter().find(|(theirs, _)| *theirs == name) {
            Some((_, own)) => {
                let after = rest[length..].chars().next();
                let joins = after.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_');
                let (before, after) = if joins { ("${", "}") } else { ("$", "") };
                for part in [before, own, after] {
                    text.push_str(part);
                }
            }
            None => text.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    text.push_str(rest);
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let theirs =
        text.split(|letter| !is_part(letter)).find(|word| THEIRS.iter().any(|start| word.starts_with(start)));
    match theirs {
        Some(name) => Err(format!("{name} is set by that tool alone")),
        None => Ok(text),
    }
}

/// The name and the length of `$NAME` or `${NAME}` at the start of `text`.
fn reference(text: &str) -> Option<(&str, usize)> {
    let inside = text.strip_prefix('$')?;
    if let Some(braced) = inside.strip_prefix('{') {
        let name = &braced[..braced.find('}')?];
        return Some((name, name.len() + 3));
    }
    let end =
        inside.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(inside.len());
    (end > 0).then_some((&inside[..end], end + 1))
}

/// The template values of worktrunk (<https://worktrunk.dev/hook/>) that are called otherwise here.
const TEMPLATES: [(&str, &str); 9] = [
    ("branch | hash_port", "port"),
    ("worktree_path", "path"),
    ("worktree", "path"),
    ("worktree_name", "name"),
    ("repo", "repo_name"),
    ("repo_root", "repo_path"),
    ("main_worktree", "repo_path"),
    ("main_worktree_path", "repo_path"),
    ("primary_worktree_path", "repo_path"),
];

/// Returns a command of worktrunk with our values in its templates.
#[must_use]
pub fn of_worktrunk(command: &str) -> String {
    let mut text = String::new();
    let mut rest = command;
    while let Some(at) = rest.find("{{") {
        let Some(end) = rest[at..].find("}}") else { break };
        text.push_str(&rest[..at]);
        let inside = rest[at + 2..at + end].trim();
        let own = TEMPLATES.iter().find(|(theirs, _)| *theirs == inside).map(|(_, own)| *own);
        let own = own.or_else(|| inside.ends_with("| hash_port").then_some("port")).unwrap_or(inside);
        text.push_str("{{ ");
        text.push_str(own);
        text.push_str(" }}");
        rest = &rest[at + end + 2..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_other_tools_become_ours() {
        for (script, expected) in [
            ("cp $REPO_ROOT/.env .", "cp $WT_MAIN/.env ."),
            ("cp ${REPO_ROOT}/.env .", "cp $WT_MAIN/.env ."),
            ("x ${WM_HANDLE}_db ${WM_HANDLE}2 ${WM_HANDLE}-db", "x ${WT_NAME}_db ${WT_NAME}2 $WT_NAME-db"),
            ("x $CONDUCTOR_PORT", "x $PORT"),
            ("x $HOME ${HOME:-a} $? $ $$", "x $HOME ${HOME:-a} $? $ $$"),
            ("x ${REPO_ROOT", "x ${REPO_ROOT"),
            ("x $REPO_ROOTS", "x $REPO_ROOTS"),
            ("é$BRANCH", "é$WT_BRANCH"),
        ] {
            assert_eq!(ours(script).as_deref(), Ok(expected), "{script}");
        }
        for (script, name) in [
            ("x $CONDUCTOR_OTHER", "CONDUCTOR_OTHER"),
            ("x ${CODEX_A:-1}", "CODEX_A"),
            ("echo $((ORCA_X+1))", "ORCA_X"),
            ("export GIT_WTP_A=1", "GIT_WTP_A"),
        ] {
            assert_eq!(ours(script), Err(format!("{name} is set by that tool alone")), "{script}");
        }
        assert!(ours("echo MY_CODEX_A").is_ok());
    }

    #[test]
    fn templates_of_worktrunk_become_ours() {
        for (command, expected) in [
            ("x {{ worktree_path }}", "x {{ path }}"),
            ("x {{worktree_name}}-{{ repo }}", "x {{ name }}-{{ repo_name }}"),
            ("x {{ branch | hash_port }}", "x {{ port }}"),
            ("x {{ name | hash_port }}", "x {{ port }}"),
            ("x {{ branch | sanitize }} y", "x {{ branch | sanitize }} y"),
            ("x {{ repo", "x {{ repo"),
            ("x", "x"),
        ] {
            assert_eq!(of_worktrunk(command), expected, "{command}");
        }
    }
}
