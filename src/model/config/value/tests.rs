//! Each type takes its values and says what is wrong with others.

use super::*;
use serde_json::json;

#[test]
fn a_wish_for_ports_is_yes_no_a_number_or_a_list_and_says_so_where_it_is_not() {
    let named = WantedPorts::Services(vec!["web".parse().unwrap()]);
    for (value, wish) in [
        (json!(true), WantedPorts::Purpose),
        (json!(false), WantedPorts::None),
        (json!(3), WantedPorts::Count(3)),
        (json!(["web"]), named),
    ] {
        assert_eq!(port_wish(&value), Ok(wish), "{value}");
    }
    for (value, said) in [
        (json!("web"), "must be true, false, a number from 1 to 100, or a list of services"),
        (json!(0), "must be true, false, a number from 1 to 100, or a list of services"),
        (json!(["web", "web"]), "`web` is listed twice"),
        (json!(["web", 1]), "must be a text, not a number"),
    ] {
        assert_eq!(port_wish(&value).map_err(|fault| fault.message), Err(said.to_owned()), "{value}");
    }
}

#[test]
fn a_value_of_another_type_is_told_with_what_it_is() {
    for (value, said) in [
        (json!(null), "a date or no finite number"),
        (json!(true), "true or false"),
        (json!(1.5), "a number with a fraction"),
        (json!(1), "a number"),
        (json!("x"), "a text"),
        (json!([]), "a list"),
        (json!({}), "a table"),
    ] {
        assert_eq!(wrong("that", &value).message, format!("must be that, not {said}"));
    }
}

#[test]
fn a_number_is_within_its_bounds_and_the_bounds_belong_to_them() {
    let said = |fault: ValueFault| fault.message;
    for (value, read) in [
        (json!(2), Ok(2)),
        (json!(5), Ok(5)),
        (json!(1), Err("1 is outside 2 to 5")),
        (json!(6), Err("6 is outside 2 to 5")),
        (json!(-3), Err("-3 is outside 2 to 5")),
        (json!(1_u64 << 40), Err("1099511627776 is outside 2 to 5")),
        (json!(2.5), Err("must be a whole number, not a number with a fraction")),
        (json!("3"), Err("must be a whole number, not a text")),
    ] {
        assert_eq!(whole(&value, 2, 5).map_err(said), read.map_err(str::to_owned), "{value}");
    }
    for (value, read) in [
        (json!(1.5), Ok(1.5)),
        (json!(2), Ok(2.0)),
        (json!(1.4), Err("1.4 is outside 1.5 to 2")),
        (json!(2.1), Err("2.1 is outside 1.5 to 2")),
        (json!("2"), Err("must be a number, not a text")),
    ] {
        assert_eq!(number(&value, 1.5, 2.0).map_err(said), read.map_err(str::to_owned), "{value}");
    }
}

#[test]
fn a_path_of_a_url_is_as_it_stands_in_a_request() {
    for path in ["/", "/metrics", "/a?b=c&d=%20"] {
        assert_eq!(url_path(&json!(path)), Ok(path));
    }
    for path in ["metrics", "/a b", "/a#b", "/ä", "http://x/", "/a\n"] {
        let said = format!("`{}` is no path of a URL", path.escape_debug());
        assert_eq!(url_path(&json!(path)).map_err(|fault| fault.message), Err(said));
    }
}

#[test]
fn a_variable_has_a_plain_name_that_steers_no_program() {
    for name in ["A", "_", "a_1", "PATHS", "WEB_PORT", "NODE"] {
        assert_eq!(variable(&json!(name)), Ok(name));
    }
    for name in ["1A", "A-B", "A B", "Ä"] {
        let said = format!("`{name}` is not the name of a variable: use letters, digits and `_`");
        assert_eq!(variable(&json!(name)).map_err(|fault| fault.message), Err(said));
    }
    for name in ["PATH", "HOME", "ENV", "GIT_DIR", "XDG_X", "WT_X", "NODE_OPTIONS", "NODE_PATH_X"] {
        let said = format!("`{name}` decides which programs run or how: wt does not set it");
        assert_eq!(variable(&json!(name)).map_err(|fault| fault.message), Err(said));
    }
    assert_eq!(variables(&json!(["A", "B"])), Ok(vec!["A".to_owned(), "B".to_owned()]));
    let pairs = environment(&json!({ "B": "1", "A": "" }));
    assert_eq!(pairs, Ok(vec![("B".to_owned(), "1".to_owned()), ("A".to_owned(), String::new())]));
    let said = |value| environment(&value).map_err(|fault| fault.message);
    assert_eq!(said(json!({ "A": 1 })), Err("`A` must be a text, not a number".to_owned()));
    assert_eq!(said(json!({ "A": "\0" })), Err("`A` a value cannot hold a NUL".to_owned()));
}

#[test]
fn ranges_are_a_port_a_span_or_a_list_of_them() {
    let read = |value: Value| ports(&value).map(|ranges| ranges.to_string()).map_err(|fault| fault.message);
    for (value, found) in [
        (json!("5000-5009"), Ok("5000-5009")),
        (json!("5000"), Ok("5000")),
        (json!(5000), Ok("5000")),
        (json!([5000, "6000-6009"]), Ok("5000, 6000-6009")),
        (json!([]), Ok("")),
        (json!(65_535), Ok("65535")),
        (json!(65_536), Err("port 65536 is outside 1-65535")),
        (json!(-1), Err("port -1 is outside 1-65535")),
        (json!(1_u64 << 63), Err("port 9223372036854775808 is outside 1-65535")),
        (json!(["5000-5009", 5009]), Err("the ranges 5000-5009 and 5009 overlap")),
        (
            json!(1.5),
            Err(
                "must be a port range such as \"5000-5099\", a port, or a list of them, not a number with a fraction",
            ),
        ),
    ] {
        let found = found.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(read(value.clone()), found, "{value}");
    }
    let hint = |text: &str| range(&json!(text)).unwrap_err().hint.unwrap();
    assert_eq!(hint("5009 - 5000"), "did you mean `5000-5009`?");
    assert_eq!(hint("x-y"), "write a range such as \"5000-5099\", or one port");
}

#[test]
fn a_size_is_a_number_of_bytes_or_a_text() {
    assert_eq!((size(&json!(7)), size(&json!("2KiB"))), (Ok(7), Ok(2048)));
    assert!(size(&json!(-7)).is_err() && size(&json!(true)).is_err());
    assert_eq!(text(&json!("a")), Ok("a"));
    assert_eq!(text(&json!("a\0")).map_err(|fault| fault.message), Err("must not contain NUL".to_owned()));
}
