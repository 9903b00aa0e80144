//! git's wildcards, as git has them.

use super::*;

#[test]
fn no_pattern_takes_more_steps_than_its_length_times_that_of_the_text() {
    let text = "a/".repeat(2000) + "b";
    for glob in ["**/".repeat(500) + "c", "*a".repeat(500) + "c", "[a-z/]*".repeat(500), "?".repeat(1 << 20)]
    {
        let mut spent = 0;
        assert!(!Glob::new(glob.as_bytes(), true, false).is_match(text.as_bytes(), &mut spent), "{glob}");
        let most = (glob.len() + 64) as u64 * text.len() as u64;
        assert!(spent <= most, "{spent} {most}");
    }
    let mut spent = 0;
    assert!(
        Glob::new(&b"**/".repeat(500), true, false).is_match(text.as_bytes(), &mut spent)
            == text.ends_with('/')
    );
}

#[test]
fn in_a_path_double_stars_alone_take_a_slash() {
    let is = |glob: &str, of_path, text: &str| {
        Glob::new(glob.as_bytes(), of_path, false).is_match(text.as_bytes(), &mut 0)
    };
    for glob in ["a?b", "a[./]b", "a*b"] {
        assert!(is(glob, true, "a.b") && !is(glob, true, "a/b"), "{glob}");
        assert!(is(glob, false, "a.b") && is(glob, false, "a/b"), "{glob} of a name");
    }
}

#[test]
fn a_class_has_its_letters_its_spans_and_what_is_escaped() {
    let is =
        |glob: &str, text: &str| Glob::new(glob.as_bytes(), true, false).is_match(text.as_bytes(), &mut 0);
    for (glob, letters, others) in
        [(r"[a\]]", "a]", "b\\"), (r"[\a-\cx]", "abcx", "d-"), ("[!a-c]", "dx", "abc"), ("[-a]", "-a", "b")]
    {
        let taken = |text: &str| text.chars().map(|letter| is(glob, &letter.to_string())).collect::<Vec<_>>();
        assert!(taken(letters).iter().all(|is_taken| *is_taken), "{glob} {letters}");
        assert!(!taken(others).iter().any(|is_taken| *is_taken), "{glob} {others}");
    }
}

#[test]
fn a_long_pattern_is_matched_as_a_short_one() {
    for length in [1, 62, 63, 64, 65, 200] {
        let start = "a".repeat(length);
        let glob = format!("{start}*b**/c");
        let is = |text: String| Glob::new(glob.as_bytes(), true, false).is_match(text.as_bytes(), &mut 0);
        assert!(is(format!("{start}xb/c")) && !is(format!("{start}xbc")), "{length}");
        assert!(!is(format!("{start}xb/d")) && !is(format!("{start}x")), "{length}");
    }
}

#[test]
fn double_stars_take_their_slash_along_only_when_they_stand_for_nothing() {
    let is = |text: &str| Glob::new(b"**/b", true, false).is_match(text.as_bytes(), &mut 0);
    assert!(is("b") && is("a/b") && is("x/a/b") && !is("ab") && !is("x/ab"));
}

#[test]
fn case_is_folded_as_git_folds_it() {
    let is = |glob: &str, text: &str, folds| {
        Glob::new(glob.as_bytes(), true, folds).is_match(text.as_bytes(), &mut 0)
    };
    for (glob, text) in [("aB*", "AbC"), ("[A-C]x", "bX"), ("[[:upper:]]", "q"), ("x[a-c]", "XB")] {
        assert!(is(glob, text, true) && !is(glob, text, false), "{glob} {text}");
    }
}

#[test]
fn a_pattern_that_fills_its_words_to_the_last_bit_is_matched() {
    for length in [63, 64, 65, 127, 128, 129, 192] {
        let is = |text: &str| Glob::new(&b"?".repeat(length), true, false).is_match(text.as_bytes(), &mut 0);
        let fitting = "x".repeat(length);
        assert!(is(&fitting) && !is(&fitting[1..]) && !is(&format!("{fitting}x")), "{length}");
    }
}

#[test]
fn what_stands_behind_the_sign_of_a_class_is_the_first_of_it() {
    let is =
        |glob: &str, text: &str| Glob::new(glob.as_bytes(), true, false).is_match(text.as_bytes(), &mut 0);
    for (glob, taken, others) in [
        ("[!a]", "!^bc", "a"),
        ("[^a]", "!^bc", "a"),
        ("[!]a]", "b!", "]a"),
        ("[]a]", "]a", "[b"),
        ("[!!]", "ab", "!"),
        ("[a-]", "a-", "b"),
        ("[a-c-e]", "abc-e", "d"),
        ("[[:digit:]x]", "07x", "a:["),
        ("[[x]", "[x", ":"),
        (r"[a-\]]", "a", "bc]-\\"),
    ] {
        for (letters, is_taken) in [(taken, true), (others, false)] {
            for letter in letters.chars() {
                assert_eq!(is(glob, &letter.to_string()), is_taken, "{glob} {letter}");
            }
        }
    }
}

#[test]
fn each_kind_of_letters_has_those_of_the_c_library() {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    for (kind, count, taken, others) in [
        ("alnum", 62, "azAZ09", "_ -\x7f"),
        ("alpha", 52, "azAZ", "09_["),
        ("blank", 2, " \t", "\n\r"),
        ("cntrl", 33, "\0\x1f\x7f", " a"),
        ("digit", 10, "09", "/:a"),
        ("graph", 94, "!~aZ0", " \x7f\t"),
        ("lower", 26, "az", "AZ`{"),
        ("print", 95, " ~a", "\x7f\t"),
        ("punct", 32, "!/:@[`{~", "a0 "),
        ("space", 6, " \t\n\x0b\x0c\r", "a\x08\x0e"),
        ("upper", 26, "AZ", "az@["),
        ("xdigit", 22, "09afAF", "gG/:"),
    ] {
        let glob = Glob::new(format!("[[:{kind}:]]").as_bytes(), false, false);
        let is = |byte: u8| glob.is_match(&[byte], &mut 0);
        assert_eq!(all.iter().filter(|byte| is(**byte)).count(), count, "{kind}");
        assert!(taken.bytes().all(is) && !others.bytes().any(is), "{kind}");
    }
    assert!(Glob::new(b"[[:word:]]", false, false).is_broken());
}

#[test]
fn double_stars_between_slashes_stand_for_folders_and_elsewhere_for_one_name() {
    let is =
        |glob: &str, text: &str| Glob::new(glob.as_bytes(), true, false).is_match(text.as_bytes(), &mut 0);
    for (glob, taken, others) in [
        ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"][..], &["ab", "a/xb", "axb", "a/b/c"][..]),
        ("a/**", &["a/b", "a/b/c"], &["a", "ab"]),
        ("a**/b", &["a/b", "ax/b"], &["a/x/b", "ab"]),
        ("a/**b", &["a/b", "a/xb"], &["a/x/b", "ab"]),
        ("**", &["a", "a/b", ""], &[]),
        (r"**\/b", &["a/b", "a/x/b"], &["b"]),
    ] {
        assert!(taken.iter().all(|text| is(glob, text)), "{glob} {taken:?}");
        assert!(!others.iter().any(|text| is(glob, text)), "{glob} {others:?}");
    }
}

#[test]
fn what_is_spent_is_added_for_each_byte_and_each_way() {
    let mut spent = 10;
    assert!(Glob::new(b"abc", true, false).is_match(b"abc", &mut spent));
    assert_eq!(spent, 16);
}
