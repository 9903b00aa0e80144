//! Words that every shell reads as themselves.

/// Answers whether `text` is one word in bash, zsh and fish without any quoting: letters, digits and a few signs that no
/// shell obeys, and no sign at its beginning that reads as a flag or as a folder of somebody.
#[must_use]
pub fn is_plain_word(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || "._-/+,@".contains(letter);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

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
