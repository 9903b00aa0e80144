//! A file in the form of git's configuration (git-config(1), "Syntax"): sections, and keys that may stand several times.

/// Returns `section.key` in lower case and the value, in the order of the file.
///
/// # Errors
///
/// Names a line that is none of git's.
pub fn values(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut section = String::new();
    let mut found = Vec::new();
    let joined = text.replace("\\\r\n", "").replace("\\\n", "");
    for line in joined.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(head) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = head.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        } else if let Some((key, value)) = line.split_once('=') {
            found.push((format!("{section}.{}", key.trim().to_ascii_lowercase()), plain(value.trim())));
        } else if !line.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
            return Err(format!("`{}` is no line of git's configuration", line.escape_debug()));
        }
    }
    Ok(found)
}

/// The value without its quotes, escapes and a comment behind it.
fn plain(value: &str) -> String {
    let mut text = String::new();
    let mut quoted = false;
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted = !quoted,
            '\\' => match letters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => {}
            },
            '#' | ';' if !quoted => break,
            _ => text.push(letter),
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_their_sections_as_git_reads_them() {
        let text = "# a\n; b\n[Copy \"x\"]\n  Include = a b # why\n  include=\"c # d\" ; e\n[hooks]\npostCreate = echo \\\n  x\n\
                    path = \"a\\\\b\\\"c\\n\\td\\\n e\"\nbare\nlast = \\";
        let pairs = values(text).unwrap();
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("copy.include", "a b"),
                ("copy.include", "c # d"),
                ("hooks.postcreate", "echo   x"),
                ("hooks.path", "a\\b\"c\n\td e"),
                ("hooks.last", ""),
            ]
        );
        assert_eq!(values("[a]\nx y\n"), Err("`x y` is no line of git's configuration".to_owned()));
        assert_eq!(values("a = 1\r\n").unwrap(), [(".a".to_owned(), "1".to_owned())]);
    }
}
