//! Whether a value is what its key wants.

use serde_json::Value;

use super::limits;
use super::problem::ValueFault;
use super::schema::KeyKind;
use super::value::{
    choice, duration, environment, exclusions, flag, list, number, port_wish, ports, services, size, text,
    url_path, variable, whole,
};
use super::{branch_purposes, env_files, forges, health, running};
use crate::model::notify;
use crate::model::{host_names, template};

/// Checks `value` against `kind`.
///
/// # Errors
///
/// Returns what is wrong with it.
pub fn check(kind: KeyKind, value: &Value) -> Result<(), ValueFault> {
    match kind {
        KeyKind::Text => text(value).map(|_| ()),
        KeyKind::Template(known) => {
            let written = text(value)?;
            template::check(written, known).map_err(|fault| ValueFault {
                message: fault.message,
                hint: fault.hint,
                element: None,
            })
        }
        KeyKind::Host => host_names::check(text(value)?).map_err(|fault| ValueFault {
            message: fault.message,
            hint: fault.hint,
            element: None,
        }),
        KeyKind::Words => list(value, "texts", text).map(|_| ()),
        KeyKind::Choices(words) => list(value, "words", |word| choice(word, words)).map(|_| ()),
        KeyKind::UrlPath => url_path(value).map(|_| ()),
        KeyKind::Services => services(value).map(|_| ()),
        KeyKind::Variables => list(value, "names of variables", variable).map(|_| ()),
        KeyKind::Environment => environment(value).map(|_| ()),
        KeyKind::Ports => ports(value).map(|_| ()),
        KeyKind::Exclusions => exclusions(value).map(|_| ()),
        KeyKind::Choice(words) => choice(value, words),
        KeyKind::ChoiceOrCommand(words) => match running::chooser(value)? {
            Some(_) => Ok(()),
            None => choice(value, words),
        },
        KeyKind::Whole(least, most) => whole(value, least, most).map(|_| ()),
        KeyKind::Number(least, most) => number(value, least, most).map(|_| ()),
        KeyKind::Duration => duration(value).map(|_| ()),
        KeyKind::Size => size(value).map(|_| ()),
        KeyKind::Health => health::check(value),
        KeyKind::Flag => flag(value).map(|_| ()),
        KeyKind::BranchPurposes => branch_purposes::read(value).map(|_| ()),
        KeyKind::Forge => forges::read(value).map(|_| ()),
        KeyKind::PortWish => port_wish(value).map(|_| ()),
        KeyKind::Command => running::command(value).map(|_| ()),
        KeyKind::NoticeCommand => notify::settings::command(value).map(|_| ()),
        KeyKind::Webhook => notify::webhook::read(value).map(|_| ()),
        KeyKind::Hours => notify::quiet::read(value).map(|_| ()),
        KeyKind::EnvFile => env_files::file(value).map(|_| ()),
        KeyKind::Commands => running::commands(value).map(|_| ()),
        KeyKind::Folder => running::folder(value).map(|_| ()),
        KeyKind::Compose => running::compose(value).map(|_| ()),
        KeyKind::Needs => running::depends_on(value).map(|_| ()),
        KeyKind::Stop => running::stop(value).map(|_| ()),
        KeyKind::Limits => limits::read(value).map(|_| ()),
        KeyKind::Restart => running::restart(value).map(|_| ()),
    }
}
