//! Who we are for an etcd that asks: a user with a password of a file. The token is kept, so that not every command asks for a new one.

use std::path::PathBuf;
use std::sync::Mutex;

use crate::host::files;

/// One user.
#[derive(Debug)]
pub struct EtcdLogin {
    pub user: String,
    pub password_file: PathBuf,
    /// Where the token is kept, for this user alone to read.
    pub token_file: PathBuf,
    /// The token, once it was read or given.
    pub known: Mutex<Option<String>>,
}

impl EtcdLogin {
    /// Returns the token that was given last; `None` where one is to be asked for.
    pub fn token(&self) -> Option<String> {
        let mut known = self.known.lock().ok()?;
        if known.is_none() {
            let text = files::read_plain_text(&self.token_file).ok()?;
            let (user, token) = text.split_once('\n')?;
            *known = (user == self.user).then(|| token.trim_end().to_owned());
        }
        known.clone()
    }

    /// Keeps a token. One that cannot be kept is asked for again.
    pub fn remember(&self, token: &str) {
        if let Ok(mut known) = self.known.lock() {
            *known = Some(token.to_owned());
        }
        let kept = self.token_file.parent().map_or(Ok(()), files::make_folders);
        let _ = kept.and_then(|()| {
            files::replace(&self.token_file, format!("{}\n{token}\n", self.user).as_bytes(), 0o600)
        });
    }

    /// Notes that this etcd asks nobody who they are, for as long as this command runs.
    pub fn need_none(&self) {
        if let Ok(mut known) = self.known.lock() {
            *known = Some(String::new());
        }
    }

    /// Drops a token that is not taken any more.
    pub fn forget(&self) {
        if let Ok(mut known) = self.known.lock() {
            *known = None;
        }
        let _ = std::fs::remove_file(&self.token_file);
    }

    /// Returns the password.
    ///
    /// # Errors
    ///
    /// Says why the file has none.
    pub fn password(&self) -> Result<String, String> {
        let shown = self.password_file.display();
        let text = files::read_plain_text(&self.password_file)
            .map_err(|error| format!("the password file {shown} cannot be read: {error}"))?;
        let password = text.lines().next().unwrap_or_default();
        if password.is_empty() {
            Err(format!("the password file {shown} is empty"))
        } else {
            Ok(password.to_owned())
        }
    }
}
