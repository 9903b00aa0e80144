//! The names of users, from the system's own list of them.

use std::cell::OnceCell;
use std::collections::HashMap;

/// The names of users by their ids, read when the first is asked for.
#[derive(Debug, Default)]
pub struct Users(OnceCell<HashMap<u32, String>>);

impl Users {
    /// Returns the user's name, or the id itself where `/etc/passwd` has none (passwd(5)); users that only a directory
    /// service knows are shown by their ids.
    #[must_use]
    pub fn name(&self, user: u32) -> String {
        let names = self.0.get_or_init(|| parse(&std::fs::read_to_string("/etc/passwd").unwrap_or_default()));
        names.get(&user).cloned().unwrap_or_else(|| user.to_string())
    }
}

/// Returns the user id that we run as.
#[must_use]
pub fn ourselves() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn parse(passwd: &str) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in passwd.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(id)) = (fields.next(), fields.nth(1).and_then(|id| id.parse().ok())) {
            names.entry(id).or_insert_with(|| name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_first_name_of_an_id_counts_and_broken_lines_are_passed_over() {
        let names = parse("root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbroken\nme:x:1000:1000::/:\n");
        assert_eq!((names[&0].as_str(), names[&1000].as_str(), names.len()), ("root", "me", 2));
    }
}
