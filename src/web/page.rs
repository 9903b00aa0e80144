//! The dashboard's files, compiled in: a page, its script, its style, and the description of the interface.

use hyper::{Response, StatusCode};

use super::reply::{self, Body};
use super::site::Shown;

const HTML: &str = "text/html; charset=utf-8";

const PAGE: &str = include_str!("../../templates/dashboard/index.html");

/// One of them. None tells anything of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    Page,
    Script,
    Style,
    Icon,
    OpenApi,
}

impl File {
    /// Returns it as an answer; the page has what acts where whoever has the token may act, and the team's other hosts where they
    /// are shown.
    #[must_use]
    pub fn answer(self, shown: Shown) -> Response<Body> {
        let (kind, text) = match self {
            Self::Page => {
                let words = [(shown.acts, " data-acts"), (shown.team, " data-team")];
                let words: String =
                    words.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, word)| word).collect();
                let page = PAGE.replacen("<body>", &format!("<body{words}>"), 1);
                return reply::bytes(StatusCode::OK, HTML, page);
            }
            Self::Script => {
                ("text/javascript; charset=utf-8", include_str!("../../templates/dashboard/dashboard.js"))
            }
            Self::Style => {
                ("text/css; charset=utf-8", include_str!("../../templates/dashboard/dashboard.css"))
            }
            Self::Icon => ("image/svg+xml", include_str!("../../templates/dashboard/icon.svg")),
            Self::OpenApi => (reply::JSON, include_str!("../../templates/dashboard/openapi.json")),
        };
        reply::bytes(StatusCode::OK, kind, text)
    }
}
