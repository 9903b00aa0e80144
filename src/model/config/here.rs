//! Whether an address that a repository's file names is one of this machine, whatever its values are filled in with: only
//! such a one may be a stranger's word.

/// Answers whether the template `written` leads to this machine: a port, a host or a URL of the loopback, or what another
/// key of the configuration says of a service.
#[must_use]
pub fn leads_here(written: &str) -> bool {
    let text = written.trim();
    if text.is_empty() || text.contains("{%") || text.contains(['\\', '\n']) {
        return false;
    }
    // A service's URL is judged where it is written.
    if let Some(rest) = text.strip_prefix("{{")
        && let Some((inner, behind)) = rest.split_once("}}")
        && is_of_service(inner, "urls.")
    {
        return behind.is_empty() || behind.starts_with('/');
    }
    let (authority, is_url) = match text.split_once("://") {
        Some((scheme, rest)) => {
            let is_scheme = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
            if scheme.is_empty() || !is_scheme {
                return false;
            }
            (rest.split(['/', '?', '#']).next().unwrap_or_default(), true)
        }
        None => (text, false),
    };
    // A value with a `/` or an `@` in it would move the host; and a template that holds such a sign is cut in its middle.
    if !holds_only_plain_values(authority) {
        return false;
    }
    let host = authority.rsplit('@').next().unwrap_or_default();
    if !is_url && (authority.contains(['/', '@']) || host.contains(',')) {
        return false;
    }
    let is_number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit())
            || text
                .strip_prefix("{{")
                .and_then(|rest| rest.strip_suffix("}}"))
                .is_some_and(|inner| is_of_service(inner, "ports.") || inner.trim() == "port")
    };
    if let Some(rest) = host.strip_prefix("[::1]") {
        return rest.is_empty() || rest.strip_prefix(':').is_some_and(is_number);
    }
    let (name, port) = host.split_once(':').map_or((host, ""), |(name, port)| (name, port));
    // What stands for the host is judged where it is written.
    let is_host = name.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let is_loopback = is_host.is_some_and(|inner| inner.trim() == "host")
        || name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    let is_nowhere = if is_url { host.is_empty() } else { is_number(host) };
    is_nowhere || (is_loopback && is_number(port))
}

/// Answers whether `inner` is a path `urls.SERVICE` or `ports.SERVICE` and nothing else.
fn is_of_service(inner: &str, kind: &str) -> bool {
    let named = inner.trim().strip_prefix(kind);
    named.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Answers whether every value in the text is a number or one that a filter made plain.
fn holds_only_plain_values(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let Some((inner, behind)) = rest[at + 2..].split_once("}}") else { return false };
        let is_filtered = inner.rsplit_once('|').is_some_and(|(value, filter)| {
            ["label", "db"].contains(&filter.trim())
                && value.trim().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        });
        if !is_filtered && !is_of_service(inner, "ports.") && !["port", "host"].contains(&inner.trim()) {
            return false;
        }
        rest = behind;
    }
    !rest.contains("}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_lead_here_whatever_is_filled_in() {
        for text in [
            "{{ urls.api }}",
            "{{ urls.api }}/v1?x={{ branch }}",
            "{{ ports.db }}",
            "5000",
            "localhost",
            "127.0.0.1:{{ ports.db }}",
            "http://localhost:{{ port }}/{{ branch }}",
            "http://[::1]:5000",
            "http://{{ name | label }}.localhost:{{ port }}",
            "http://{{ host }}:{{ port }}/admin",
            "{{ name | label }}.localhost",
            "postgres://app:secret@localhost:{{ ports.db }}/app_{{ name | db }}",
            "postgres://{{ name | db }}@127.0.0.1/app",
            "sqlite:///data/app.db",
        ] {
            assert!(leads_here(text), "{text}");
        }
    }

    #[test]
    fn what_leads_elsewhere_or_may_be_led_elsewhere_does_not() {
        for text in [
            "",
            "http://evil/simple",
            "tcp://evil:2375",
            "evil.example",
            "http://localhost.evil/",
            "http://localhost@evil/",
            "http://localhost:80@evil/",
            "http://{{ branch }}@localhost/",
            "http://{{ branch }}.localhost/",
            "http://localhost:{{ branch }}/",
            "http://localhost\\@evil/",
            "http://127.0.0.1.evil/",
            "{{ urls.api }}.evil",
            "http://{{ host }}.evil:{{ port }}",
            "http://{{ host }}@evil/",
            "http://evil.{{ host }}/",
            "{{ urls.api }}@evil/",
            "{{ branch }}",
            "{{ name | upper }}",
            "{% if x %}http://localhost{% endif %}",
            "localhost,evil:9092",
            "http://localhost:5000{{ '@evil/' }}",
            "//evil",
            "javascript://evil",
        ] {
            assert!(!leads_here(text), "{text}");
        }
    }

    #[test]
    fn what_leads_here_leads_nowhere_certain_with_a_sign_that_programs_read_differently() {
        for text in ["http://localhost:5000/", "http://localhost:5000/a?b#c", "  localhost:5000 "] {
            assert!(leads_here(text), "{text}");
        }
        for text in [
            "http://localhost:5000/{% x %}",
            "http://localhost:5000/\\x",
            "http://localhost:5000/\nx",
            "http://{{ name | upper }}.localhost/",
            "http://{{ x.y | label }}.localhost/",
            "http://{{ Name | label }}.localhost/",
            "htt p://localhost/",
            "://localhost/",
            "localhost/x",
            "me@localhost",
            "http://localhost:80a/",
            "http://localhost:{{ ports. }}/",
            "http://[::1]x/",
            "http://[::1]:x/",
            "http://128.0.0.1/",
            "http://{{ urls.a }}/",
            "{{ urls.a-b }}",
            "http://{{ port",
        ] {
            assert!(!leads_here(text), "{text}");
        }
        for text in
            ["http://[::1]", "http://[::1]/", "http+unix-a.b://localhost/", "http://localhost:{{ port }}/"]
        {
            assert!(leads_here(text), "{text}");
        }
    }
}
