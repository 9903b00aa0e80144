//! The lines that tell of a log: its end, and before that the first line that names what went wrong, where the end alone leaves
//! that out. Package managers say the reason first, and then much about themselves.

/// How many lines are shown from the one that tells.
const TELLING: usize = 3;

/// What stands for lines that are left out.
const GAP: &str = "…";

/// What lines have in them that say why something failed, in small letters.
const SIGNS: [&str; 12] = [
    "error",
    "err!",
    "fatal",
    "panic",
    "exception",
    "traceback",
    "cannot ",
    "can't ",
    "could not",
    "not found",
    "no such",
    "eaddrinuse",
];

/// Returns at most `most` of `lines`, the last ones of a log: all, or the ones that tell and the end.
#[must_use]
pub fn excerpt(lines: &[String], most: usize) -> Vec<String> {
    chosen(lines, most).iter().map(|line| shortened(line)).collect()
}

/// A line longer than this many characters is shown by its beginning and its end: a program may write megabytes in one.
const LONGEST: usize = 600;

/// How many characters are shown of the end of one that is longer.
const END: usize = 200;

fn shortened(line: &str) -> String {
    let count = line.chars().count();
    if count <= LONGEST {
        return line.to_owned();
    }
    let head: String = line.chars().take(LONGEST - END).collect();
    let tail: String = line.chars().skip(count - END).collect();
    format!("{head}{GAP}{tail}")
}

fn chosen(lines: &[String], most: usize) -> Vec<String> {
    let cut = lines.len().saturating_sub(most);
    let end = || lines[cut..].to_vec();
    let Some(first) = lines.iter().position(|line| tells(line)).filter(|first| *first < cut) else {
        return end();
    };
    if most <= TELLING + 1 {
        return end();
    }
    let head = lines[first..].iter().filter(|line| says_something(line)).take(TELLING);
    let mut shown: Vec<String> = head.cloned().collect();
    let rest = lines.len() - (most - shown.len() - 1);
    if rest > first + shown.len() {
        shown.push(GAP.to_owned());
    }
    shown.extend_from_slice(&lines[rest..]);
    shown
}

fn tells(line: &str) -> bool {
    let line = line.to_lowercase();
    // How many there were is no reason, and mostly there were none.
    !line.contains("0 error") && SIGNS.iter().any(|sign| line.contains(sign))
}

/// npm writes `npm error` alone to part its paragraphs.
fn says_something(line: &str) -> bool {
    !matches!(line.trim(), "" | "npm error" | "npm ERR!")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_fits_is_shown_whole_and_else_the_end() {
        let all = lines("a\nb\nc\nd\ne\nf\ng");
        assert_eq!(excerpt(&all, 7), all);
        assert_eq!(excerpt(&all, 5), lines("c\nd\ne\nf\ng"));
        assert_eq!(excerpt(&[], 5), [""; 0]);
        let told = lines("a\nb\nc\nError: x\ne");
        assert_eq!(excerpt(&told, 2), lines("Error: x\ne"), "it is at the end anyway");
    }

    #[test]
    fn a_line_of_megabytes_is_shown_by_its_beginning_and_its_end() {
        let long = format!("begin{}end", "ä".repeat(3_000_000));
        let shown = excerpt(&[long, "short".to_owned()], 5);
        assert_eq!((shown[0].chars().count(), shown[1].as_str()), (LONGEST + 1, "short"));
        assert!(shown[0].starts_with("beginä") && shown[0].ends_with("äend"));
    }

    #[test]
    fn the_line_that_tells_stands_before_the_end_that_leaves_it_out() {
        let npm = lines(
            "added 3 packages\nfound 0 errors\nnpm error code EUSAGE\nnpm error\nnpm error `npm ci` needs a lock file\n\
             npm error\nnpm error Usage:\nnpm error npm ci\nnpm error Options:\nnpm error [--a]\nnpm error [--b]\n\
             npm error aliases: ic\nnpm error A complete log of this run can be found in: /x",
        );
        assert_eq!(
            excerpt(&npm, 6),
            lines(
                "npm error code EUSAGE\nnpm error `npm ci` needs a lock file\nnpm error Usage:\n…\nnpm error aliases: ic\n\
                 npm error A complete log of this run can be found in: /x"
            )
        );
    }

    #[test]
    fn the_reason_is_parted_from_the_end_only_where_lines_are_left_out() {
        let numbered = |count: usize| -> Vec<String> {
            (0..count).map(|at| if at == 1 { "error: x".to_owned() } else { format!("{at}") }).collect()
        };
        for (count, most, shown) in [
            (7, 5, "error: x\n2\n3\n…\n6"),
            (6, 5, "1 error: x"),
            (9, 6, "error: x\n2\n3\n…\n7\n8"),
            (9, 4, "5\n6\n7\n8"),
            (9, 5, "error: x\n2\n3\n…\n8"),
            (9, 8, "error: x\n2\n3\n4\n5\n6\n7\n8"),
        ] {
            let expected =
                if shown.starts_with("1 ") { numbered(count)[1..].join("\n") } else { shown.to_owned() };
            assert_eq!(excerpt(&numbered(count), most).join("\n"), expected, "{most} of {count}");
        }
    }

    #[test]
    fn a_line_of_six_hundred_letters_is_shown_whole_and_a_longer_one_is_not() {
        let line = |length: usize| format!("{}{}", "a".repeat(400), "b".repeat(length - 400));
        assert_eq!(excerpt(&[line(600)], 5), [line(600)]);
        let cut = format!("{}…{}", "a".repeat(400), "b".repeat(200));
        assert_eq!(excerpt(&[line(601)], 5), [cut]);
    }

    #[test]
    fn a_line_tells_by_a_sign_in_either_case_and_a_count_of_none_is_no_sign() {
        for (line, is) in [
            ("Error: x", true),
            ("npm ERR! x", true),
            ("thread 'main' PANICKED", true),
            ("cannot open", true),
            ("cannot", false),
            ("0 errors", false),
            ("10 errors", false),
            ("all is well", false),
        ] {
            assert_eq!(tells(line), is, "{line}");
        }
        for (line, says) in [(" npm error ", false), ("npm ERR!", false), ("", false), ("npm error x", true)]
        {
            assert_eq!(says_something(line), says, "{line}");
        }
    }

    #[test]
    fn a_reason_far_down_in_a_log_is_parted_from_its_end_too() {
        let lines: Vec<String> =
            (0..20).map(|at| if at == 8 { "error: x".to_owned() } else { at.to_string() }).collect();
        assert_eq!(excerpt(&lines, 6).join("\n"), "error: x\n9\n10\n…\n18\n19");
    }
}
