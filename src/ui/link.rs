//! Words that a terminal opens when they are clicked (OSC 8,
//! <https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>). Terminals that know nothing of it show the word.

/// Returns `line` with the first word of its own that is `word` leading to `url`; unchanged where there is none, or where
/// `url` is not one that is safe to hand to a terminal.
#[must_use]
pub fn linked(line: &str, word: &str, url: &str) -> String {
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    let is_web = url.starts_with("http://") || url.starts_with("https://");
    let place = line.match_indices(word).find(|(at, _)| {
        let before = line[..*at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        before.is_none_or(char::is_whitespace) && after.is_none_or(|letter| !letter.is_ascii_alphanumeric())
    });
    match place.filter(|_| is_plain && is_web) {
        Some((at, _)) => {
            let (before, after) = (&line[..at], &line[at + word.len()..]);
            format!("{before}\u{1b}]8;;{url}\u{1b}\\{word}\u{1b}]8;;\u{1b}\\{after}")
        }
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::linked;

    #[test]
    fn a_word_of_its_own_leads_to_its_url() {
        let shown = linked("a  xweb:5000 web:50001 web:5000● b", "web:5000", "http://localhost:5000");
        assert_eq!(
            shown,
            "a  xweb:5000 web:50001 \u{1b}]8;;http://localhost:5000\u{1b}\\web:5000\u{1b}]8;;\u{1b}\\● b"
        );
    }

    #[test]
    fn what_is_cut_off_or_no_plain_web_address_is_left_alone() {
        for (line, url) in [
            ("web:50…", "http://localhost:5000"),
            ("web:5000", "file:///etc/passwd"),
            ("web:5000", "http://a\u{1b}\\b"),
            ("web:5000", "http://x y"),
        ] {
            assert_eq!(linked(line, "web:5000", url), line);
        }
    }
}
