//! Which letters people can see and tell apart, and how text is shown of which they must see every letter: what others
//! wrote may hide letters, turn the direction of writing, or look like other letters.

use std::fmt::Write;

/// Letters and signs by their class that nothing is seen of: fillers of Hangul, a musical blank, the empty Braille cell.
const BLANKS: [char; 6] = ['\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}', '\u{2800}', '\u{1d159}'];

/// Answers whether `letter` is a letter, a digit, a sign or the plain space, and can be seen by itself.
#[must_use]
pub fn is_visible(letter: char) -> bool {
    if letter.is_ascii() {
        return matches!(letter, ' '..='~');
    }
    // What std does not print as it is has no place of its own on a line: it is unassigned, a control or format character,
    // a blank, or a mark that changes the letter before it.
    letter.escape_debug().count() == 1 && !BLANKS.contains(&letter)
}

/// Answers whether `letter` may stand in a line as it is: it is visible, or a mark that is seen on the letter before it.
#[must_use]
pub fn is_harmless(letter: char) -> bool {
    is_visible(letter) || is_mark(letter)
}

fn is_mark(letter: char) -> bool {
    if letter.is_ascii() || BLANKS.contains(&letter) || is_ignored(letter) {
        return false;
    }
    let mut after_a_letter = String::from("a");
    after_a_letter.push(letter);
    after_a_letter.escape_debug().count() == 2
}

/// Marks that nothing is drawn for (`Default_Ignorable_Code_Point` of the Unicode Character Database).
fn is_ignored(letter: char) -> bool {
    matches!(
        letter,
        '\u{34f}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{e0000}'..='\u{e0fff}' | '\u{16fe4}'
    )
}

/// Returns text on one line so that no two texts look the same: as it is where every letter can be seen, else in quotes,
/// with what cannot be seen as escapes.
#[must_use]
pub fn exact(text: &str) -> String {
    if text.chars().all(is_visible) && !text.starts_with(['"', ' ']) && !text.ends_with(' ') {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    shown.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' | '\n' | '\t' | '\r' => shown.extend(letter.escape_default()),
            letter if is_visible(letter) => shown.push(letter),
            letter => shown.extend(letter.escape_unicode()),
        }
    }
    shown.push('"');
    shown
}

/// Returns what is unusual about the letters of a text: `mixes Latin and Cyrillic letters`; `None` where they are of one
/// script. Letters of two scripts can look the same, and those of two directions can stand in another order than they are
/// read by a program.
#[must_use]
pub fn mixture(text: &str) -> Option<String> {
    let mut scripts: Vec<&'static str> = Vec::new();
    for script in text.chars().filter_map(script) {
        if !scripts.contains(&script) {
            scripts.push(script);
        }
    }
    let (last, others) = scripts.split_last()?;
    if others.is_empty() {
        return None;
    }
    let mut words = format!("mixes {} and {last} letters", others.join(", "));
    let is_backward =
        |script: &&'static str| ["Hebrew", "Arabic", "another right-to-left script's"].contains(script);
    if scripts.iter().any(is_backward) {
        let _ = write!(words, ", written in two directions");
    }
    Some(words)
}

/// The script of a letter, as coarse as is enough to tell letters apart that look alike; East Asian ones are one.
fn script(letter: char) -> Option<&'static str> {
    if !letter.is_alphabetic() {
        return None;
    }
    Some(match letter {
        '\0'..='\u{24f}'
        | '\u{250}'..='\u{2af}'
        | '\u{1d00}'..='\u{1dbf}'
        | '\u{1e00}'..='\u{1eff}'
        | '\u{2c60}'..='\u{2c7f}'
        | '\u{a720}'..='\u{a7ff}'
        | '\u{ab30}'..='\u{ab6f}' => "Latin",
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => "Greek",
        '\u{400}'..='\u{52f}'
        | '\u{1c80}'..='\u{1c8f}'
        | '\u{2de0}'..='\u{2dff}'
        | '\u{a640}'..='\u{a69f}' => "Cyrillic",
        '\u{530}'..='\u{58f}' => "Armenian",
        '\u{590}'..='\u{5ff}' | '\u{fb1d}'..='\u{fb4f}' => "Hebrew",
        '\u{600}'..='\u{6ff}'
        | '\u{750}'..='\u{77f}'
        | '\u{860}'..='\u{8ff}'
        | '\u{fb50}'..='\u{fdff}'
        | '\u{fe70}'..='\u{feff}' => "Arabic",
        '\u{700}'..='\u{74f}'
        | '\u{780}'..='\u{85f}'
        | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}' => "another right-to-left script's",
        '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' => "Cherokee",
        '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{318f}'
        | '\u{31a0}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}' => "East Asian",
        '\u{2100}'..='\u{214f}'
        | '\u{2460}'..='\u{24ff}'
        | '\u{fb00}'..='\u{fb06}'
        | '\u{ff00}'..='\u{ffef}'
        | '\u{1d400}'..='\u{1d7ff}'
        | '\u{1f100}'..='\u{1f1ff}' => "compatibility",
        _ => "other",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown_as_an_escape() {
        let hidden = "\u{ad}\u{200b}\u{200d}\u{115f}\u{3164}\u{ffa0}\u{2800}\u{e0041}\u{a0}\u{2003}\u{1680}\u{3000}\u{34f}\u{fe0f}\
                      \u{202e}\u{2066}\u{feff}\u{180e}\u{9b}\u{1b}\u{7f}\u{e000}\u{378}\u{2028}\u{1d173}\u{fff9}\u{17b4}";
        for letter in hidden.chars() {
            assert!(!is_harmless(letter) && !is_visible(letter), "{:x}", u32::from(letter));
            let shown = exact(&format!("a{letter}b"));
            assert!(shown.is_ascii() && shown.starts_with("\"a\\u{"), "{shown}");
        }
        for letter in "aZ09~é漢я→€ﬀא".chars() {
            assert!(is_visible(letter), "{letter}");
        }
        assert!(
            is_harmless('\u{301}') && !is_visible('\u{301}'),
            "a mark is seen, and yet e\u{301} looks like é"
        );
    }

    #[test]
    fn no_two_texts_are_shown_alike() {
        let texts = [
            "a\nb",
            "\"a\\nb\"",
            "a\\nb",
            "e\u{301}",
            "é",
            " a",
            "a",
            "a ",
            "a\u{a0}",
            "\"",
            "\\u{a0}",
            "a\tb",
        ];
        for (index, text) in texts.iter().enumerate() {
            assert!(texts[..index].iter().all(|other| exact(other) != exact(text)), "{text:?}");
        }
        assert_eq!(exact("sh -c \"x\\n\""), "sh -c \"x\\n\"");
    }

    #[test]
    fn letters_of_two_scripts_are_named() {
        assert_eq!(mixture("npm run dev --port {{ port }} 1.2"), None);
        assert_eq!(mixture("naïve"), None);
        assert_eq!(mixture("n\u{440}m run").unwrap(), "mixes Latin and Cyrillic letters");
        assert_eq!(
            mixture("echo \u{5d0}").unwrap(),
            "mixes Latin and Hebrew letters, written in two directions"
        );
        assert!(mixture("echo \u{1d5ba}").is_some() && mixture("\u{ff45}cho").is_some());
    }

    #[test]
    fn a_letter_is_of_the_script_whose_block_it_stands_in() {
        for (letters, expected) in [
            ("aZ\u{24f}\u{250}\u{2af}\u{1d00}\u{1e00}\u{1eff}\u{2c60}\u{a722}\u{ab30}", Some("Latin")),
            ("\u{3b1}\u{3a9}\u{1f00}\u{1ffc}", Some("Greek")),
            ("\u{400}\u{44f}\u{52f}\u{1c80}\u{2de0}\u{a640}", Some("Cyrillic")),
            ("\u{531}\u{587}", Some("Armenian")),
            ("\u{5d0}\u{fb1d}", Some("Hebrew")),
            ("\u{627}\u{750}\u{8a0}\u{fb50}\u{fe70}", Some("Arabic")),
            ("\u{710}\u{780}\u{840}\u{10800}\u{1e800}", Some("another right-to-left script's")),
            ("\u{13a0}\u{ab70}", Some("Cherokee")),
            ("\u{1100}\u{3042}\u{30a2}\u{4e00}\u{a960}\u{ac00}\u{f900}\u{20000}", Some("East Asian")),
            ("\u{2102}\u{24b6}\u{fb00}\u{ff41}\u{1d400}\u{1f130}", Some("compatibility")),
            ("\u{e01}\u{10a0}", Some("other")),
            ("1 -\u{301}\u{2190}", None),
        ] {
            for letter in letters.chars() {
                assert_eq!(script(letter), expected, "{:x}", u32::from(letter));
            }
        }
    }

    #[test]
    fn directions_are_told_of_where_one_script_runs_backward() {
        for (text, expected) in [
            ("a\u{3b1}", Some("mixes Latin and Greek letters")),
            ("a\u{3b1}\u{44f}b", Some("mixes Latin, Greek and Cyrillic letters")),
            ("\u{627}a", Some("mixes Arabic and Latin letters, written in two directions")),
            ("a\u{5d0}", Some("mixes Latin and Hebrew letters, written in two directions")),
            (
                "a\u{710}",
                Some("mixes Latin and another right-to-left script's letters, written in two directions"),
            ),
            ("\u{5d0}\u{5d1}", None),
            ("1 2", None),
        ] {
            assert_eq!(mixture(text).as_deref(), expected, "{text}");
        }
    }
}
