//! What is said where nothing is forwarded: a page for people, the object of every failure for programs.

use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};

use crate::error::{Code, Failure};
use crate::web::reply::{self, Body};

/// The word of answers that are no command's.
const SERVE: &str = "serve";

/// The answer. `dashboard` is where to look further.
#[must_use]
pub fn answer(failure: &Failure, is_program: bool, dashboard: Option<&str>) -> Response<Body> {
    let status = match failure.code() {
        Code::NotFound | Code::Ambiguous => StatusCode::NOT_FOUND,
        Code::PortConflict | Code::ServiceFailed => StatusCode::BAD_GATEWAY,
        code => reply::status(code),
    };
    let mut response = if is_program {
        reply::failure(SERVE, failure, status)
    } else {
        reply::bytes(status, "text/html; charset=utf-8", page(failure, status, dashboard))
    };
    // What is wrong here is no word of the service's.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Answers whether a program asks with these headers: whoever accepts JSON gets it, unless it would rather have a page.
#[must_use]
pub fn is_program(asked: &HeaderMap) -> bool {
    let accepted = asked.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted = accepted.collect::<Vec<_>>().join(",").to_ascii_lowercase();
    accepted.contains("json") && !accepted.contains("text/html")
}

fn page(failure: &Failure, status: StatusCode, dashboard: Option<&str>) -> String {
    let title = status.canonical_reason().unwrap_or("refused");
    let hint = failure.next_step().map(|hint| format!("<p>{}</p>\n", escaped(hint))).unwrap_or_default();
    let names = failure.details().get("names").and_then(serde_json::Value::as_array);
    let names: Vec<String> = names
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .map(|name| format!("<li>{}</li>\n", escaped(name)))
        .collect();
    let names = if names.is_empty() { String::new() } else { format!("<ul>\n{}</ul>\n", names.concat()) };
    let dashboard = dashboard
        .map(|url| format!("<p><a href=\"{url}\">the dashboard of wt</a></p>\n", url = escaped(url)))
        .unwrap_or_default();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body>\n\
         <h1>{title}</h1>\n<p>{}</p>\n{hint}{names}{dashboard}</body></html>\n",
        escaped(failure.message())
    )
}

/// Text of others is text, never markup.
fn escaped(text: &str) -> String {
    let letters = text.chars().map(|letter| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        letter if letter.is_control() => ' '.to_string(),
        letter => letter.to_string(),
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_the_object_and_people_a_page_in_which_names_are_text() {
        let failure = Failure::new(Code::PortConflict, "held by <script>alert(1)</script> (pid 7)");
        let accepting = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(value));
            answer(&failure, is_program(&headers), None)
        };
        for (accept, kind) in [
            ("application/json", "application/json"),
            ("application/problem+json, */*", "application/json"),
            ("text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
            ("*/*", "text/html; charset=utf-8"),
        ] {
            let response = accepting(accept);
            assert_eq!(
                (response.status(), &response.headers()["content-type"]),
                (StatusCode::BAD_GATEWAY, &kind.parse().unwrap()),
                "{accept}"
            );
        }
        let page = page(&failure, StatusCode::BAD_GATEWAY, Some("http://127.0.0.1:7373/"));
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
    }
}
