//! The dashboard's files, compiled in: a page, its script, its style, and the description of the interface.

use hyper::{Response, StatusCode};

use super::reply::{self, Body};

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
    /// Returns it as an answer; the page has what acts where whoever has the token may act.
    #[must_use]
    pub fn answer(self, acts: bool) -> Response<Body> {
        let (kind, text) = match self {
            Self::Page if acts => {
                let page = PAGE.replacen("<body>", "<body data-acts>", 1);
                return reply::bytes(StatusCode::OK, HTML, page);
            }
            Self::Page => (HTML, PAGE),
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
