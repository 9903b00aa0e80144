//! Makes the folder in which the users of one machine keep their ports apart.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::claims;
use crate::model::view::as_text;

/// The folder that is there now.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Initiated {
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub shared_host: PathBuf,
    /// Whether it was made now.
    pub made: bool,
}

/// Makes the folder at `path`, else the configured one.
///
/// # Errors
///
/// `permission` for whoever is not root; `usage` where it is switched off; `claims_unreachable` where something else stands
/// there.
pub fn init(context: &Context, path: Option<&Path>) -> Result<Initiated> {
    let path = match (path, &context.config.team.shared_host) {
        (Some(path), _) => context.absolute(path),
        (None, Some(path)) => path.clone(),
        (None, None) => {
            return Err(Failure::new(
                Code::Usage,
                "`team.shared_host` is \"off\": there is no folder to make",
            )
            .hint("name one: `wt team init --shared-host /var/lib/wt/claims`"));
        }
    };
    if !path.is_absolute() {
        return Err(Failure::new(Code::Usage, format!("{} is not an absolute path", path.display())));
    }
    let made = claims::make_shared_folder(&path)?;
    Ok(Initiated { shared_host: path, made })
}
