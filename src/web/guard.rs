//! Who is answered. Every web page that its user opens can send requests to loopback, and a name of its own can lead there (DNS
//! rebinding): so the name that was asked for, the page that asks, and the token are looked at before anything else.

use crate::error::{Code, Failure, Result};
use crate::model::forwarding::ENDING;
use crate::model::host_names;
use crate::model::port::Port;

/// The names of loopback.
const NAMES: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// Where we answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerPlace {
    Port(Port),
    /// A socket in the file system: whoever may open it is let in, under whichever name of loopback.
    Socket,
}

/// What a request says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestHead<'a> {
    /// The `Host` header.
    pub host: Option<&'a str>,
    /// The authority of a target that is written as a whole URL.
    pub authority: Option<&'a str>,
    pub origin: Option<&'a str>,
    /// The page that a link or a picture stands on.
    pub referer: Option<&'a str>,
    /// `Sec-Fetch-Site`.
    pub site: Option<&'a str>,
    /// Whether somebody followed a link to it, or typed it: a page that only shows is asked for, and not for a frame.
    pub is_visit: bool,
    pub authorization: Option<&'a str>,
}

/// Who is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedRequest {
    /// The name that was asked for is not ours to answer for.
    Host(&'static str),
    /// Another page asks.
    Page(&'static str),
}

impl RefusedRequest {
    /// Returns the failure that is answered.
    #[must_use]
    pub fn failure(self) -> Failure {
        let (Self::Host(said) | Self::Page(said)) = self;
        Failure::new(Code::Forbidden, said)
    }
}

/// Lets a request in that asks for loopback by its own name, and that no other page sent.
///
/// # Errors
///
/// Which of both it is not.
pub fn admit(head: &RequestHead<'_>, place: AnswerPlace) -> Result<(), RefusedRequest> {
    let Some(host) = head.host.filter(|host| is_ours(host, place)) else {
        return Err(RefusedRequest::Host("this server answers for 127.0.0.1, [::1] and localhost alone"));
    };
    if head.authority.is_some_and(|authority| !authority.eq_ignore_ascii_case(host)) {
        return Err(RefusedRequest::Host("the request names two hosts"));
    }
    if head.origin.is_some_and(|origin| !origin.eq_ignore_ascii_case(&format!("http://{host}"))) {
        return Err(RefusedRequest::Page("a page of another origin is not answered"));
    }
    // A link may lead here from anywhere: who follows it brings no token along.
    if !head.is_visit && head.site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(RefusedRequest::Page("a page of another site is not answered"));
    }
    Ok(())
}

/// Returns the name below `localhost` that a request asks for, without that ending and in small letters; `None` where it asks
/// for something else. What stands there is a service's, and so are its rules about pages and origins.
#[must_use]
pub fn name(head: &RequestHead<'_>, place: AnswerPlace) -> Option<String> {
    let host = head.host?;
    let (name, number) = host.rsplit_once(':').map_or((host, None), |(name, number)| (name, Some(number)));
    let is_here = match place {
        AnswerPlace::Socket => true,
        AnswerPlace::Port(port) => {
            number.map_or(port.number() == 80, |number| number == port.number().to_string())
        }
    };
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(ENDING).filter(|name| is_here && host_names::is_host(name))?;
    let is_one = head.authority.is_none_or(|authority| authority.eq_ignore_ascii_case(host));
    is_one.then(|| name.to_owned())
}

/// Answers whether a page of another site has a service asked for, as far as the request says. A browser says it itself
/// (`Sec-Fetch-Site`); an older one names the page, and only pages that are forwarded here are no strangers to each other.
/// A program says nothing.
#[must_use]
pub fn is_of_another_site(head: &RequestHead<'_>, place: AnswerPlace) -> bool {
    if let Some(site) = head.site {
        return !matches!(site, "same-origin" | "same-site" | "none");
    }
    let is_strange = |page: &str| {
        let authority = page.strip_prefix("http://").and_then(|rest| rest.split(['/', '?', '#']).next());
        authority.is_none_or(|host| {
            name(&RequestHead { host: Some(host), ..RequestHead::default() }, place).is_none()
        })
    };
    [head.origin, head.referer].into_iter().flatten().any(is_strange)
}

fn is_ours(host: &str, place: AnswerPlace) -> bool {
    let is_name = |name: &str| NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
    match place {
        AnswerPlace::Socket => is_name(host) || host.rsplit_once(':').is_some_and(|(name, _)| is_name(name)),
        // Browsers leave the scheme's own port out.
        AnswerPlace::Port(port) if port.number() == 80 && is_name(host) => true,
        AnswerPlace::Port(port) => host
            .rsplit_once(':')
            .is_some_and(|(name, number)| is_name(name) && number == port.number().to_string()),
    }
}

/// Lets a request in that has the token.
///
/// # Errors
///
/// `unauthorized`.
pub fn require_token(head: &RequestHead<'_>, token: &str) -> Result<()> {
    let given = head.authorization.and_then(|value| value.split_once(' '));
    let given =
        given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, given)| given.trim());
    if given.is_some_and(|given| is_same(given.as_bytes(), token.as_bytes())) {
        return Ok(());
    }
    Err(Failure::new(Code::Unauthorized, "the request has no token, or another one")
        .hint("`wt serve --url` shows the address with it; programs send `Authorization: Bearer TOKEN`"))
}

/// Compares in a time that tells nothing about where they differ.
fn is_same(given: &[u8], token: &[u8]) -> bool {
    let differences = given.iter().zip(token).fold(0, |seen, (one, other)| seen | (one ^ other));
    given.len() == token.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> AnswerPlace {
        AnswerPlace::Port(Port::new(7373).unwrap())
    }

    fn asked(host: &'static str) -> RequestHead<'static> {
        RequestHead { host: Some(host), ..RequestHead::default() }
    }

    #[test]
    fn loopback_by_its_own_names_and_port_is_answered() {
        for host in ["127.0.0.1:7373", "[::1]:7373", "localhost:7373", "LocalHost:7373"] {
            admit(&asked(host), at()).unwrap();
        }
        for host in ["localhost", "127.0.0.1", "[::1]", "localhost:9"] {
            admit(&asked(host), AnswerPlace::Socket).unwrap();
        }
        admit(&asked("localhost"), AnswerPlace::Port(Port::new(80).unwrap())).unwrap();
    }

    #[test]
    fn a_name_below_localhost_is_a_services() {
        let named = |host| name(&asked(host), at());
        assert_eq!(named("web.login.shop.localhost:7373").as_deref(), Some("web.login.shop"));
        assert_eq!(named("LOGIN.LocalHost:7373").as_deref(), Some("login"));
        for host in [
            "localhost:7373",
            ".localhost:7373",
            "a..localhost:7373",
            "login.localhost",
            "login.localhost:80",
            "login.localhost.:7373",
            "login.localhost.evil:7373",
            "evillocalhost:7373",
            "a b.localhost:7373",
            "login.localhost:7373:7373",
            "-a.localhost:7373",
        ] {
            assert_eq!(named(host), None, "{host}");
        }
        let two = RequestHead { authority: Some("evil.example"), ..asked("login.localhost:7373") };
        assert_eq!(name(&two, at()), None);
        assert_eq!(
            name(&asked("login.localhost"), AnswerPlace::Port(Port::new(80).unwrap())).as_deref(),
            Some("login")
        );
        assert_eq!(name(&asked("login.localhost"), AnswerPlace::Socket).as_deref(), Some("login"));
    }

    #[test]
    fn no_other_name_is() {
        for host in [
            "",
            "127.0.0.1",
            "127.0.0.1:7374",
            "evil.example:7373",
            "127.0.0.1.evil.example:7373",
            "localhost.evil.example:7373",
            "evil.localhost:7373",
            "127.0.0.1:7373:7373",
            "127.0.0.1:07373",
            "127.1:7373",
            "user@127.0.0.1:7373",
            "[::ffff:127.0.0.1]:7373",
        ] {
            assert!(matches!(admit(&asked(host), at()), Err(RefusedRequest::Host(_))), "{host}");
        }
        assert!(matches!(admit(&RequestHead::default(), at()), Err(RefusedRequest::Host(_))));
        let two = RequestHead { authority: Some("evil.example"), ..asked("127.0.0.1:7373") };
        assert!(matches!(admit(&two, at()), Err(RefusedRequest::Host(_))));
    }

    #[test]
    fn a_page_is_answered_only_where_it_is_our_own() {
        let from = |origin| RequestHead { origin: Some(origin), ..asked("127.0.0.1:7373") };
        admit(&from("http://127.0.0.1:7373"), at()).unwrap();
        for origin in [
            "null",
            "http://127.0.0.1:5000",
            "https://127.0.0.1:7373",
            "http://localhost:7373",
            "http://evil.example",
        ] {
            assert!(matches!(admit(&from(origin), at()), Err(RefusedRequest::Page(_))), "{origin}");
        }
        let by = |site| RequestHead { site: Some(site), ..asked("127.0.0.1:7373") };
        for site in ["same-origin", "none"] {
            admit(&by(site), at()).unwrap();
        }
        for site in ["same-site", "cross-site", "what is this"] {
            assert!(matches!(admit(&by(site), at()), Err(RefusedRequest::Page(_))), "{site}");
            admit(&RequestHead { is_visit: true, ..by(site) }, at()).unwrap();
        }
        let from_a_form = RequestHead { is_visit: true, ..from("http://evil.example") };
        assert!(matches!(admit(&from_a_form, at()), Err(RefusedRequest::Page(_))));
    }

    #[test]
    fn a_page_of_another_site_is_known_by_what_the_browser_says_or_by_its_address() {
        let asked = asked("web.login.localhost:7373");
        assert!(!is_of_another_site(&asked, at()), "a program");
        for (site, is_strange) in
            [("same-origin", false), ("same-site", false), ("none", false), ("cross-site", true), ("", true)]
        {
            // It counts whatever else is said.
            let head = RequestHead { site: Some(site), origin: Some("http://evil.example"), ..asked };
            assert_eq!(is_of_another_site(&head, at()), is_strange, "{site}");
        }
        for (page, is_strange) in [
            ("http://web.login.localhost:7373", false),
            ("http://API.login.localhost:7373/a?b", false),
            ("http://evil.example", true),
            ("http://evil.example/web.login.localhost:7373", true),
            ("http://web.login.localhost:7373@evil.example/", true),
            ("http://web.login.localhost:5000", true),
            ("https://web.login.localhost:7373", true),
            ("http://127.0.0.1:7373", true),
            ("null", true),
            ("", true),
        ] {
            for head in [
                RequestHead { origin: Some(page), ..asked },
                RequestHead { referer: Some(page), ..asked },
                RequestHead { referer: Some(page), origin: Some("http://web.login.localhost:7373"), ..asked },
            ] {
                assert_eq!(is_of_another_site(&head, at()), is_strange, "{page}");
            }
        }
    }

    #[test]
    fn the_token_is_needed_whole() {
        let with = |value| RequestHead { authorization: Some(value), ..RequestHead::default() };
        require_token(&with("Bearer 0123"), "0123").unwrap();
        require_token(&with("bearer 0123"), "0123").unwrap();
        for value in
            ["", "Bearer", "Bearer ", "Bearer 012", "Bearer 01234", "Basic 0123", "0123", "Bearer 0124"]
        {
            assert_eq!(
                require_token(&with(value), "0123").unwrap_err().code(),
                Code::Unauthorized,
                "{value}"
            );
        }
        assert_eq!(require_token(&RequestHead::default(), "0123").unwrap_err().code(), Code::Unauthorized);
    }
}
