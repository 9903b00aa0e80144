//! What a service is asked to see that it answers.

use std::time::Duration;

/// How to see that a service answers, and how patiently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthCheck {
    pub kind: CheckKind,
    /// How long it may take; `None` means what `[health]` says.
    pub timeout: Option<Duration>,
    /// How often it is repeated while services are supervised; `None` means what `[health]` says.
    pub interval: Option<Duration>,
    /// How many failures in a row count while watching; `None` means what `[health]` says.
    pub failures: Option<u32>,
    /// How many successes in a row count while watching; `None` means what `[health]` says.
    pub successes: Option<u32>,
    /// How long a service that was just started may fail.
    pub start_timeout: Option<Duration>,
}

/// The kinds of check. A service that names none is asked whether it accepts connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum CheckKind {
    /// It accepts a connection.
    #[default]
    Tcp,
    /// It answers a request over HTTP/1.1 (RFC 9112).
    Http(HttpCheck),
    /// It answers a start-up message (protocol 3.0) as a server that takes connections.
    Postgres { user: String, database: String },
    /// It answers `PING`.
    Redis,
    /// The command, as written, ends with exit status 0.
    Command(String),
}

/// A request, and the answers that count as well.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HttpCheck {
    /// Begins with `/`; no spaces, no control characters.
    pub path: String,
    pub method: String,
    /// The statuses that are fine; empty means any below 500.
    pub statuses: Vec<u16>,
    /// A text that the body must contain.
    pub body: Option<String>,
    pub headers: Vec<(String, String)>,
}

impl HttpCheck {
    /// A `GET` of `path`, any status below 500 being fine.
    #[must_use]
    pub fn of(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            method: "GET".to_owned(),
            statuses: Vec::new(),
            body: None,
            headers: Vec::new(),
        }
    }

    /// Answers whether `status` is one that was hoped for.
    #[must_use]
    pub fn accepts(&self, status: u16) -> bool {
        if self.statuses.is_empty() { status < 500 } else { self.statuses.contains(&status) }
    }
}

impl CheckKind {
    /// Returns the word for it in the configuration.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http(_) => "http",
            Self::Postgres { .. } => "postgres",
            Self::Redis => "redis",
            Self::Command(_) => "command",
        }
    }
}

/// What asking brought.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckOutcome {
    /// It answers, after so many milliseconds.
    Responds { latency_ms: f64 },
    /// It listens, and takes no connection.
    NotAccepting,
    /// It takes connections and does not answer well; why, in words.
    Fails(String),
    /// It was not asked; why, in words.
    NotAsked { reason: String, action: Option<String> },
}

#[cfg(test)]
mod tests {
    use super::HttpCheck;

    #[test]
    fn any_status_below_500_is_fine_unless_others_are_named() {
        let check = HttpCheck::of("/");
        assert!(check.accepts(200) && check.accepts(302) && check.accepts(404));
        assert!(!check.accepts(500) && !check.accepts(599));
        let named = HttpCheck { statuses: vec![200, 503], ..check };
        assert!(named.accepts(503) && !named.accepts(404));
    }

    #[test]
    fn each_kind_has_its_word() {
        use super::CheckKind;
        for (kind, word) in [
            (CheckKind::Tcp, "tcp"),
            (CheckKind::Http(HttpCheck::of("/")), "http"),
            (CheckKind::Postgres { user: "a".to_owned(), database: "b".to_owned() }, "postgres"),
            (CheckKind::Redis, "redis"),
            (CheckKind::Command("true".to_owned()), "command"),
        ] {
            assert_eq!(kind.word(), word);
        }
        let check = HttpCheck::of("/");
        assert!(check.accepts(499) && !check.accepts(500) && check.accepts(100));
    }
}
