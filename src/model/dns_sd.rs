//! How a service is announced on the local network, as DNS-SD has it (RFC 6763): a name for people, a kind, a port, and words.

use super::port::Port;

/// The most bytes of a name.
const LONGEST: usize = 63;

/// What is announced of one service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Announcement {
    pub name: String,
    /// `_http._tcp`.
    pub kind: String,
    pub port: Port,
    /// `worktree=feature-login`, and others like it.
    pub words: Vec<String>,
}

impl Announcement {
    /// Announces the service of a worktree that is reached at `url`; `None` where the URL does not say what is spoken there.
    #[must_use]
    pub fn of(
        repository: &str,
        worktree: &str,
        service: &str,
        host: &str,
        port: Port,
        url: &str,
    ) -> Option<Self> {
        let name = cut(&format!("{worktree} {service} on {host}"));
        let words = [("repository", repository), ("worktree", worktree), ("service", service)];
        let words = words.map(|(key, value)| format!("{key}={value}")).into();
        Some(Self { name, kind: kind_of(url)?, port, words })
    }

    /// The words behind `avahi-publish -f -s`.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let own = ["--".to_owned(), self.name.clone(), self.kind.clone(), self.port.to_string()];
        own.into_iter().chain(self.words.iter().cloned()).collect()
    }
}

/// The kind of what a URL leads to: its scheme, by the name that it has among services.
fn kind_of(url: &str) -> Option<String> {
    let (scheme, _) = url.split_once("://")?;
    let name = match scheme {
        "postgres" => "postgresql",
        scheme => scheme,
    };
    let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (!name.is_empty() && name.len() <= 15 && is_plain(name)).then(|| format!("_{name}._tcp"))
}

/// As much of a name as there is room for, in whole characters, and none that a terminal would act on.
fn cut(name: &str) -> String {
    let mut short = String::new();
    for character in name.chars().filter(|character| !character.is_control()) {
        if short.len() + character.len_utf8() > LONGEST {
            break;
        }
        short.push(character);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_kind_of_its_url_and_a_name_that_fits() {
        let port = Port::new(5000).unwrap();
        let of = |url: &str| Announcement::of("shop", "feature-login", "web", "devbox", port, url);
        let web = of("http://localhost:5000").unwrap();
        assert_eq!((web.name.as_str(), web.kind.as_str()), ("feature-login web on devbox", "_http._tcp"));
        let told = web.arguments().join(" ");
        assert_eq!(
            told,
            "-- feature-login web on devbox _http._tcp 5000 repository=shop worktree=feature-login service=web"
        );
        assert_eq!(of("postgres://localhost:5000/x").unwrap().kind, "_postgresql._tcp");
        for strange in ["localhost:5000", "://x", "a_b://x", "averyverylongscheme://x"] {
            assert_eq!(of(strange), None, "{strange}");
        }
        let full = "a".repeat(63 - " web on devbox".len());
        let full = Announcement::of("shop", &full, "web", "devbox", port, "http://x").unwrap();
        assert!(
            full.name.len() == 63 && full.name.ends_with("devbox"),
            "the last byte is used: {}",
            full.name
        );
        let long = Announcement::of("shop", &"ö".repeat(60), "web", "devbox", port, "http://x").unwrap();
        assert_eq!((long.name.len(), long.name.chars().count()), (62, 31));
    }

    #[test]
    fn no_character_that_a_terminal_acts_on_stands_in_a_name() {
        assert_eq!(cut("a\u{1b}[31m\nb"), "a[31mb");
        assert_eq!(cut(&"a".repeat(63)), "a".repeat(63));
        assert_eq!(cut(&"a".repeat(64)), "a".repeat(63));
        assert_eq!(kind_of("abcdefghijklmno://x").as_deref(), Some("_abcdefghijklmno._tcp"));
        assert_eq!(kind_of("abcdefghijklmnop://x"), None);
    }
}
