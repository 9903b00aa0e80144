//! A command as written, split into its words as `sh` splits them: quotes and backslashes, and nothing
//! else of a shell. `{{ … }}` is one piece.

/// Splits `text` into words.
///
/// # Errors
///
/// Says what is wrong: a quote that is not closed, a backslash at the end, no word at all.
pub fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('\'') => break,
                        Some(inside) => word.push(inside),
                        None => return Err("has a `'` that is not closed".to_owned()),
                    }
                }
            }
            '"' => quoted(&mut letters, word.get_or_insert_default())?,
            '\\' => match letters.next() {
                Some('\n') => {}
                Some(next) => word.get_or_insert_default().push(next),
                None => return Err("ends with a backslash".to_owned()),
            },
            '{' if letters.as_str().starts_with('{') => {
                // A value that is put in later: `{{ port }}` is no three words.
                let rest = letters.as_str();
                let end = rest.find("}}").map_or(rest.len(), |at| at + 2);
                let word = word.get_or_insert_default();
                word.push('{');
                word.push_str(&rest[..end]);
                letters = rest[end..].chars();
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    if words.first().is_none_or(String::is_empty) {
        return Err("names no command".to_owned());
    }
    Ok(words)
}

/// Inside double quotes a backslash keeps itself, unless it stands before what it can protect there.
fn quoted(letters: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), String> {
    loop {
        match letters.next() {
            Some('"') => return Ok(()),
            Some('\\') => match letters.next() {
                Some('\n') => {}
                Some(next @ ('"' | '\\' | '$' | '`')) => word.push(next),
                Some(next) => word.extend(['\\', next]),
                None => break,
            },
            Some(inside) => word.push(inside),
            None => break,
        }
    }
    Err("has a `\"` that is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_are_what_sh_would_make_of_them() {
        for (text, words) in [
            ("npm run dev", vec!["npm", "run", "dev"]),
            ("  a\t b\n", vec!["a", "b"]),
            ("sh -c 'exit 3'", vec!["sh", "-c", "exit 3"]),
            (r#"a "b \"c\" \d" ''"#, vec!["a", r#"b "c" \d"#, ""]),
            (r"a\ b 'c'd", vec!["a b", "cd"]),
            ("nc -z x:{{ port }} {{a}}{", vec!["nc", "-z", "x:{{ port }}", "{{a}}{"]),
            ("a {{ b c", vec!["a", "{{ b c"]),
            ("a{b c {d} e", vec!["a{b", "c", "{d}", "e"]),
            ("a\\\nb \"c\\\nd\"", vec!["ab", "cd"]),
            ("\"\\$\\`\\x\"", vec!["$`\\x"]),
            ("a; $b | c", vec!["a;", "$b", "|", "c"]),
        ] {
            assert_eq!(split(text).unwrap(), words, "{text}");
        }
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for text in ["a 'b", "a \"b", "a \"b\\", "a\\", "", "  ", "''"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
