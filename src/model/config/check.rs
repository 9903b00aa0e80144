//! Whether a value is what its key wants.

use serde_json::Value;

use super::problem::Fault;
use super::schema::Kind;
use super::value::{
    choice, duration, environment, exclusions, flag, list, number, port_wish, ports, services, size, text,
    url_path, variable, whole,
};
use super::{branch_purposes, env_files, forges, health, running};
use crate::model::{host_names, template};

/// Checks `value` against `kind`.
///
/// # Errors
///
/// Returns what is wrong with it.
pub fn check(kind: Kind, value: &Value) -> Result<(), Fault> {
    match kind {
        Kind::Text => text(value).map(|_| ()),
        Kind::Template(known) => {
            let written = text(value)?;
            template::check(written, known).map_err(|fault| Fault {
                message: fault.message,
                hint: fault.hint,
                element: None,
            })
        }
        Kind::Host => host_names::check(text(value)?).map_err(|fault| Fault {
            message: fault.message,
            hint: fault.hint,
            element: None,
        }),
        Kind::Words => list(value, "texts", text).map(|_| ()),
        Kind::Choices(words) => list(value, "words", |word| choice(word, words)).map(|_| ()),
        Kind::UrlPath => url_path(value).map(|_| ()),
        Kind::Services => services(value).map(|_| ()),
        Kind::Variables => list(value, "names of variables", variable).map(|_| ()),
        Kind::Environment => environment(value).map(|_| ()),
        Kind::Ports => ports(value).map(|_| ()),
        Kind::Exclusions => exclusions(value).map(|_| ()),
        Kind::Choice(words) => choice(value, words),
        Kind::Whole(least, most) => whole(value, least, most).map(|_| ()),
        Kind::Number(least, most) => number(value, least, most).map(|_| ()),
        Kind::Duration => duration(value).map(|_| ()),
        Kind::Size => size(value).map(|_| ()),
        Kind::Health => health::check(value),
        Kind::Flag => flag(value).map(|_| ()),
        Kind::BranchPurposes => branch_purposes::read(value).map(|_| ()),
        Kind::Forge => forges::read(value).map(|_| ()),
        Kind::PortWish => port_wish(value).map(|_| ()),
        Kind::Command => running::command(value).map(|_| ()),
        Kind::EnvFile => env_files::file(value).map(|_| ()),
        Kind::Commands => running::commands(value).map(|_| ()),
        Kind::Folder => running::folder(value).map(|_| ()),
        Kind::Compose => running::compose(value).map(|_| ()),
        Kind::Needs => running::depends_on(value).map(|_| ()),
        Kind::Stop => running::stop(value).map(|_| ()),
        Kind::Restart => running::restart(value).map(|_| ()),
    }
}
