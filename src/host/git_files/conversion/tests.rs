//! What the rules make of paths and contents; the real git is asked in the tests of the program.

use git2::Oid;

use super::{Conversion, Conversions, Endings, Ident, Outside, Settings, has_odd_pattern};

const WITH_CRLF: Settings = Settings { auto_crlf: true, text_is_crlf: true, folds_case: false };
const EOL_CRLF: Settings = Settings { auto_crlf: false, text_is_crlf: true, folds_case: false };
const PLAIN: Settings = Settings { auto_crlf: false, text_is_crlf: false, folds_case: false };

fn with(settings: Settings, files: &[(&str, &str)]) -> Conversions {
    let inside = files.iter().map(|(folder, text)| (folder.as_bytes().to_vec(), text.as_bytes().to_vec()));
    Conversions::new(&Outside { settings, ..Outside::default() }, inside)
}

fn endings(settings: Settings, text: &str) -> Endings {
    with(settings, &[("", text)]).of(b"folder/file.txt").endings
}

#[test]
fn every_way_to_say_text_under_every_setting() {
    use Endings::{Crlf, CrlfIfText, Kept};
    // For each rule: plain, core.eol=crlf, core.autocrlf=true.
    let cases = [
        ("", [Kept, Kept, CrlfIfText]),
        ("* text", [Kept, Crlf, Crlf]),
        ("* crlf", [Kept, Crlf, Crlf]),
        ("* -text", [Kept, Kept, Kept]),
        ("* -crlf", [Kept, Kept, Kept]),
        ("* binary", [Kept, Kept, Kept]),
        ("* text=input", [Kept, Kept, Kept]),
        ("* crlf=input", [Kept, Kept, Kept]),
        ("* text=auto", [Kept, CrlfIfText, CrlfIfText]),
        ("* crlf=auto", [Kept, CrlfIfText, CrlfIfText]),
        ("* text=other", [Kept, Kept, CrlfIfText]),
        ("* !text", [Kept, Kept, CrlfIfText]),
        ("* text=", [Kept, Kept, CrlfIfText]),
        ("* eol=crlf", [Crlf, Crlf, Crlf]),
        ("* eol=CRLF", [Kept, Kept, CrlfIfText]),
        ("* eol=lf", [Kept, Kept, Kept]),
        ("* eol", [Kept, Kept, CrlfIfText]),
        ("* text eol=crlf", [Crlf, Crlf, Crlf]),
        ("* text eol=lf", [Kept, Kept, Kept]),
        ("* text=auto eol=crlf", [CrlfIfText, CrlfIfText, CrlfIfText]),
        ("* text=auto eol=lf", [Kept, Kept, Kept]),
        ("* -text eol=crlf", [Kept, Kept, Kept]),
        ("* text=input eol=crlf", [Crlf, Crlf, Crlf]),
        ("* !text crlf eol=lf", [Kept, Kept, Kept]),
        ("* text -crlf", [Kept, Crlf, Crlf]),
    ];
    for (rule, expected) in cases {
        let found = [PLAIN, EOL_CRLF, WITH_CRLF].map(|settings| endings(settings, rule));
        assert_eq!(found, expected, "{rule}");
    }
}

#[test]
fn the_nearest_file_and_its_last_line_win() {
    let all = with(
        PLAIN,
        &[
            ("", "*.txt eol=crlf\n[attr]dos eol=crlf\n[attr]bad name=\nb* dos"),
            ("in", "*.txt eol=lf\n/one.txt eol=crlf\n[attr]dos eol=lf\n"),
            ("in/deep", "x.txt -eol\n*.txt ident\n"),
        ],
    );
    let is_crlf = |path: &str| all.of(path.as_bytes()).endings == Endings::Crlf;
    assert!(is_crlf("a.txt") && is_crlf("in/one.txt") && is_crlf("bin") && is_crlf("in/bin"));
    assert!(!is_crlf("in/two.txt") && !is_crlf("in/deep/one.txt") && !is_crlf("in/deep/x.txt"));
    assert_eq!(all.of(b"in/deep/x.txt").ident, Ident::Streamed);
    let inside = [(Vec::new(), b"*.txt eol=crlf".to_vec())];
    let outside = Outside { info: b"a.txt eol=lf".to_vec(), ..Outside::default() };
    assert!(Conversions::new(&outside, inside.clone()).of(b"a.txt").is_identity());
    let outside = Outside { user: b"a.txt eol=lf".to_vec(), ..Outside::default() };
    assert!(!Conversions::new(&outside, inside).of(b"a.txt").is_identity());
}

#[test]
fn without_a_rule_that_changes_anything_nothing_is_matched() {
    for rule in ["", "* text=auto", "* text", "* eol=lf", "* -ident", "* ident=x", "*.png binary"] {
        assert!(with(PLAIN, &[("", rule)]).of(b"a").is_identity(), "{rule}");
    }
    assert!(Conversions::none().of(b"a/b").is_identity());
}

#[test]
fn lines_are_read_as_git_reads_them() {
    let is_crlf = |line: &str| endings(PLAIN, line) == Endings::Crlf;
    for line in [
        "file.txt eol=crlf",
        "\t file.txt\teol=crlf \r",
        "\"file.txt\" eol=crlf",
        r#""fi\154e.txt" eol=crlf"#,
        "folder/*.txt eol=crlf",
        "/folder/file.txt eol=crlf",
        "**/file.txt eol=crlf",
        "folder/** eol=crlf",
        "f??e.[st]xt eol=crlf",
        "fi\\le.txt eol=crlf",
        "* -x=y eol=crlf",
        "* eol=lf eol=crlf",
        "# comment\n* eol=crlf",
        "* bad,name\n* eol=crlf",
        "* eol=lf builtin_x\n* eol=crlf",
        "* eol=crlf\n!* eol=lf",
        "* eol=crlf\nfile.txt/ eol=lf",
    ] {
        assert!(is_crlf(line), "{line}");
    }
    let long = format!("* eol=crlf {}", "x".repeat(2037));
    for line in [
        "#* eol=crlf",
        "!file.txt eol=crlf",
        "folder/ eol=crlf",
        "file eol=crlf",
        "/file.txt eol=crlf",
        "* eol=crlf bad,name",
        "* eol=crlf builtin_x",
        "* eol=crlf =x",
        "\"file.txt eol=crlf",
        "\u{feff}* eol=crlf",
        "x\0\n* eol=crlf",
        "FILE.TXT eol=crlf",
        &long,
    ] {
        assert!(!is_crlf(line), "{line}");
    }
    assert!(is_crlf(&long[..2047]));
    let folding = Settings { folds_case: true, ..PLAIN };
    assert_eq!(endings(folding, "FILE.TXT eol=crlf"), Endings::Crlf);
    assert_eq!(endings(folding, "Folder/F*.txt eol=crlf"), Endings::Crlf);
}

#[test]
fn macros_hold_macros_and_end() {
    let text = "[attr]one two\n[attr]two eol=crlf one\n[attr]off -one\n*.txt one";
    assert_eq!(endings(PLAIN, text), Endings::Crlf);
    assert_eq!(endings(PLAIN, "[attr]one eol=crlf\n*.txt -one"), Endings::Kept);
    assert_eq!(endings(PLAIN, "[attr]one eol=crlf\n*.txt eol=lf one"), Endings::Crlf);
    assert_eq!(endings(PLAIN, "[attr]one eol=crlf\n*.txt one eol=lf"), Endings::Kept);
    assert_eq!(endings(WITH_CRLF, "[attr]binary text\n*.txt binary"), Endings::Crlf);
}

#[test]
fn patterns_on_which_versions_of_git_differ_are_told() {
    assert!(has_odd_pattern(b"a\nb**/c text"));
    assert!(!has_odd_pattern(&[b"*a".repeat(40), b" text".to_vec()].concat()));
    assert!(!has_odd_pattern(b"a/**/b text\n**/x text\n*.** text\nb** text"));
}

#[test]
fn line_endings_change_only_where_wanted() {
    let apply = |endings: Endings, content: &str| {
        String::from_utf8(endings.apply(content.as_bytes()).into_owned()).unwrap()
    };
    assert_eq!(apply(Endings::Crlf, "\na\nb\r\nc\rd\r\r\n\n"), "\r\na\r\nb\r\nc\rd\r\r\n\r\n");
    assert_eq!(apply(Endings::CrlfIfText, "a\nb"), "a\r\nb");
    for kept in ["", "a", "a\nb\r\n", "a\rb\n", "a\0\n", "\u{1}\n", "\u{7f}\n"] {
        assert_eq!(apply(Endings::CrlfIfText, kept), kept);
        assert_eq!(apply(Endings::Kept, kept), kept);
    }
    assert_eq!(apply(Endings::CrlfIfText, "a\n\u{1a}"), "a\r\n\u{1a}");
    let (few, many) = (format!("\u{1}{}\n", "x".repeat(127)), format!("\u{1}{}\n", "x".repeat(128)));
    assert_eq!(apply(Endings::CrlfIfText, &few), few);
    assert_ne!(apply(Endings::CrlfIfText, &many), many);
}

#[test]
fn names_are_put_in_by_either_rule() {
    let id = Oid::from_str(&"a".repeat(40)).unwrap();
    let name = format!("$Id: {id} $");
    let expand = |ident: Ident, content: &str| {
        String::from_utf8(ident.expand(content.as_bytes(), id).into_owned()).unwrap().replace(&name, "@")
    };
    // The content, what it is as a whole, what it is as a stream.
    for (content, whole, streamed) in [
        ("", "", ""),
        ("x", "x", "x"),
        ("$Id$", "@", "@"),
        ("a$Id$b$Id: old$c", "a@b@c", "a@b@c"),
        ("$Id:$", "@", "@"),
        ("$Id: $", "@", "@"),
        ("$Id: 1 $", "@", "@"),
        ("$Id: a b $", "$Id: a b $", "$Id: a b $"),
        ("$Id: a b $Id$", "$Id: a b @", "$Id: a b $Id$"),
        ("$Id: a\n$Id$", "$Id: a\n@", "$Id: a\n@"),
        ("$Id: open", "$Id: open", "$Id: open"),
        ("$$Id$", "$@", "$$Id$"),
        ("$I$Id$", "$I@", "$I$Id$"),
        ("$Idx", "$Idx", "$Idx"),
        ("$Idx$Id$", "$Idx@", "$Idx@"),
        ("$Idx$Id: a$", "$Idx@", "@"),
        ("$Id", "$Id", "$Id"),
        ("$Id\0$Id$", "$Id\0@", "$Id\0$Id$"),
        ("$id$", "$id$", "$id$"),
    ] {
        assert_eq!(expand(Ident::Whole, content), whole, "{content:?}");
        assert_eq!(expand(Ident::Streamed, content), streamed, "{content:?}");
        assert_eq!(expand(Ident::Kept, content), content);
    }
}

#[test]
fn the_name_comes_before_the_line_endings() {
    let id = Oid::from_str(&"b".repeat(40)).unwrap();
    let both = Conversion { endings: Endings::Crlf, ident: Ident::Streamed };
    assert_eq!(both.apply(b"$Id$\n", id), format!("$Id: {id} $\r\n").into_bytes());
    assert_eq!(both.apply(b"$Id$", id), format!("$Id: {id} $").into_bytes());
    assert!(matches!(both.apply(b"x", id), std::borrow::Cow::Borrowed(_)));
}
