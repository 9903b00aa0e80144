//! Words that every shell reads as themselves.

/// Answers whether `text` is one word in bash, zsh and fish without any quoting: letters, digits and a few signs that no
/// shell obeys, and no sign at its beginning that reads as a flag or as a folder of somebody.
#[must_use]
pub fn is_plain_word(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || "._-/+,@".contains(letter);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain)
}

/// Answers whether `text` may be the NAME of a program `wt-NAME`: lower case, digits and `-`, which does not begin it.
#[must_use]
pub fn is_command_name(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain)
}

/// Answers whether `text` may be the name of a shell's function: letters, digits, `_` and `-`, the first a letter or `_`.
#[must_use]
pub fn is_function_name(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_programs_and_functions_hold_nothing_that_a_shell_reads() {
        for name in ["sync", "2fa", "a-b"] {
            assert!(is_command_name(name), "{name}");
        }
        for other in ["", "-x", "../x", "Sync", "a b", "a.b", "a/b", "ü", "a_b"] {
            assert!(!is_command_name(other), "{other}");
        }
        for name in ["wt", "w", "_wt", "git-wt", "W2"] {
            assert!(is_function_name(name), "{name}");
        }
        for other in ["", "-w", "2w", "w t", "w;rm", "w()", "$(x)", "ü"] {
            assert!(!is_function_name(other), "{other}");
        }
    }

    #[test]
    fn what_a_shell_would_obey_is_no_plain_word() {
        for plain in ["feature-login", "feature/login", "GH-42", "müller", "a.b_c+d@e"] {
            assert!(is_plain_word(plain), "{plain}");
        }
        for other in
            ["", "-x", "a b", "$(x)", "a;b", "a'b", "~x", "a\u{1b}b", "a\u{202e}b", "a\nb", "a*", "#1", "a:b"]
        {
            assert!(!is_plain_word(other), "{other:?}");
        }
    }
}
