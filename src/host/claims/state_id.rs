//! The random id of the state folder: two registries of one user, and two machines with one name, are told apart by it.

use std::io::ErrorKind;

use crate::error::{Code, Failure, Result};
use crate::host::dirs::Dirs;
use crate::host::{files, token};

const FILE: &str = "state-id";

/// Returns the id, made when it is first asked for.
///
/// # Errors
///
/// `permission`, `disk_full`.
pub fn state_id(dirs: &Dirs) -> Result<String> {
    random_id(dirs, FILE)
}

/// Returns the random id that the file called `file` of the state folder has, made when it is first asked for.
///
/// # Errors
///
/// `permission`, `disk_full`.
pub fn random_id(dirs: &Dirs, file: &str) -> Result<String> {
    let path = dirs.require_state()?.join(file);
    for _ in 0..2 {
        match files::read_plain_text(&path) {
            Ok(text) if text.trim().len() == 32 => return Ok(text.trim().to_owned()),
            Ok(_) => files::replace(&path, format!("{}\n", token::random()?).as_bytes(), 0o600)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // Somebody else may be faster: whoever's it is, it is read again.
                let _ = files::make_new(&path, format!("{}\n", token::random()?).as_bytes(), 0o600);
            }
            Err(error) => {
                return Err(Failure::from_io(
                    error,
                    Code::Permission,
                    format!("{} cannot be read", path.display()),
                ));
            }
        }
    }
    let text = files::read_plain_text(&path).map_err(|error| {
        Failure::from_io(error, Code::Permission, format!("{} cannot be read", path.display()))
    })?;
    Ok(text.trim().to_owned())
}
