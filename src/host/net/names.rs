//! Whether the system finds the names below `localhost`: browsers do by themselves, other programs ask the C library.

use std::path::Path;

/// Answers whether programs find every name below `localhost`; `None` where that is not known. glibc does by
/// nss-myhostname(8) or nss-resolve(8) alone.
#[must_use]
pub fn finds_names_of_loopback() -> Option<bool> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let text = std::fs::read_to_string(Path::new("/etc/nsswitch.conf")).ok()?;
    Some(has_such_a_service(&text))
}

/// nsswitch.conf(5): `hosts: files myhostname dns`.
fn has_such_a_service(text: &str) -> bool {
    let hosts = text.lines().filter_map(|line| line.split('#').next()?.trim().strip_prefix("hosts:"));
    hosts.flat_map(str::split_whitespace).any(|word| matches!(word, "myhostname" | "resolve"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_them_is_read_from_the_line_about_hosts() {
        assert!(has_such_a_service("passwd: files\nhosts:  files resolve [!UNAVAIL=return] dns\n"));
        assert!(has_such_a_service(" hosts: files dns myhostname # all\n"));
        for text in ["", "hosts: files dns\n", "hosts: files dns # myhostname\n", "passwd: resolve\n"] {
            assert!(!has_such_a_service(text), "{text}");
        }
    }
}
