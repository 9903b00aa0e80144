//! Where another host is reached over ssh: `ssh://ana@laptop:2222/home/ana/.cargo/bin/wt`, the program there last. No part of it
//! can be taken for an option of ssh, or for more than one word by a shell.

/// The address of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshAddress {
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
    /// The program there; `None` for `wt` on the PATH.
    pub program: Option<String>,
}

impl SshAddress {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("`{}` {why}", text.escape_debug()));
        let Some(rest) = text.strip_prefix("ssh://") else {
            let meant = Self::parse(&format!("ssh://{text}")).ok().filter(|_| !text.contains("://"));
            return wrong(&meant.map_or_else(
                || "is no address: ssh://[USER@]HOST[:PORT][/PATH/TO/WT]".to_owned(),
                |meant| format!("is no address: write {}", meant.written()),
            ));
        };
        let (place, program) = match rest.split_once('/') {
            Some((place, "")) => (place, None),
            Some((place, program)) => (place, Some(format!("/{program}"))),
            None => (rest, None),
        };
        let (user, place) = match place.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, place),
        };
        let (host, port) = match place.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((host, "")) => (host, None),
            // Without a colon it is no port.
            Some((host, port)) => (host, Some(port.strip_prefix(':').unwrap_or_default())),
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let port = match port.map(str::parse::<u16>) {
            Some(Ok(port @ 1..)) => Some(port),
            Some(_) => return wrong("names no port that there is"),
            None => None,
        };
        let is_plain = |word: &str, more: &str| {
            !word.is_empty()
                && !word.starts_with('-')
                && word.chars().all(|one| one.is_ascii_alphanumeric() || more.contains(one))
        };
        if !is_plain(host, "-._:") || user.as_deref().is_some_and(|user| !is_plain(user, "-._")) {
            return wrong("names no user and host: letters, digits, `-`, `.` and `_`");
        }
        if program.as_deref().is_some_and(|program| program.chars().any(char::is_control)) {
            return wrong("names no program");
        }
        Ok(Self { user, host: host.to_owned(), port, program })
    }

    /// Returns it as it is written.
    #[must_use]
    pub fn written(&self) -> String {
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("ssh://{user}{host}{port}{}", self.program.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        for text in [
            "ssh://laptop",
            "ssh://ana@laptop:2222",
            "ssh://ana@127.0.0.1:22/home/ana b/wt",
            "ssh://[::1]:22/opt/wt",
            "ssh://[fe80::1]",
        ] {
            assert_eq!(SshAddress::parse(text).unwrap().written(), text);
        }
        assert_eq!(SshAddress::parse("ssh://laptop/").unwrap().program, None);
    }

    #[test]
    fn who_writes_it_as_for_ssh_is_told_how_it_is_written() {
        let told = SshAddress::parse("ana@laptop").unwrap_err();
        assert!(told.contains("write ssh://ana@laptop"), "{told}");
        let told = SshAddress::parse("http://laptop").unwrap_err();
        assert!(told.contains("ssh://[USER@]HOST"), "{told}");
    }

    #[test]
    fn no_part_of_it_is_an_option_or_a_command() {
        for text in [
            "laptop",
            "http://laptop",
            "ssh://",
            "ssh://-oProxyCommand=x",
            "ssh://-x@laptop",
            "ssh://laptop:-1",
            "ssh://laptop:0",
            "ssh://laptop:x",
            "ssh://[::1]2222",
            "ssh://[::1",
            "ssh://lap top",
            "ssh://a;b",
            "ssh://laptop/x\ny",
        ] {
            assert!(SshAddress::parse(text).is_err(), "{text}");
        }
    }
}
