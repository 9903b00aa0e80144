//! A value as a type. Every refusal says what would have been right.

use std::collections::HashSet;
use std::fmt::Display;
use std::time::Duration;

use serde_json::Value;

use super::problem::ValueFault;
use super::taken::TakenRanges;
use crate::model::creation::{MOST_PORTS, WantedPorts};
use crate::model::port::exclusion::Exclusion;
use crate::model::port::{Port, PortRange, PortRanges};
use crate::model::quantity;
use crate::model::service::ServiceName;
use crate::model::suggestion::nearest;

/// Returns a text that is not empty.
pub fn text(value: &Value) -> Result<&str, ValueFault> {
    match value.as_str() {
        Some("") => Err(ValueFault::new("must not be empty")),
        Some(text) if text.contains('\0') => Err(ValueFault::new("must not contain NUL")),
        Some(text) => Ok(text),
        None => Err(wrong("a text", value)),
    }
}

/// Returns the ports that a new worktree is to have.
pub fn port_wish(value: &Value) -> Result<WantedPorts, ValueFault> {
    if value.is_array() {
        services(value)?;
    }
    WantedPorts::find(value).ok_or_else(|| {
        ValueFault::new(format!(
            "must be true, false, a number from 1 to {MOST_PORTS}, or a list of services"
        ))
        .hint("such as `true`, `2` or `[\"web\"]`")
    })
}

/// Returns the elements of a list; a fault says which element it is about.
pub fn list<'a, T>(
    value: &'a Value,
    of: &str,
    element: impl Fn(&'a Value) -> Result<T, ValueFault>,
) -> Result<Vec<T>, ValueFault> {
    let Some(elements) = value.as_array() else { return Err(wrong(&format!("a list of {of}"), value)) };
    elements
        .iter()
        .enumerate()
        .map(|(index, value)| element(value).map_err(|fault| fault.at(index)))
        .collect()
}

/// Returns the name of a variable that may stand in an env block.
pub fn variable(value: &Value) -> Result<&str, ValueFault> {
    let name = text(value)?;
    let first_is_fine = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if first_is_fine && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        if steers_programs(name) {
            let message = format!("`{name}` decides which programs run or how: wt does not set it");
            return Err(
                ValueFault::new(message).hint("choose another name, such as one that ends in `_PORT`")
            );
        }
        return Ok(name);
    }
    Err(ValueFault::new(format!(
        "`{}` is not the name of a variable: use letters, digits and `_`",
        name.escape_debug()
    )))
}

/// Names that the loader, shells, interpreters, git and we ourselves look for: a port in one of them would be a folder or
/// a file name that somebody else chooses what is in (ld.so(8), bash(1), sh(1)).
fn steers_programs(name: &str) -> bool {
    const WHOLE: [&str; 18] = [
        "PATH",
        "HOME",
        "ENV",
        "IFS",
        "PS4",
        "CDPATH",
        "SHELL",
        "SHELLOPTS",
        "PROMPT_COMMAND",
        "USER",
        "LOGNAME",
        "TMPDIR",
        "PWD",
        "EDITOR",
        "PAGER",
        "CLASSPATH",
        "JAVA_TOOL_OPTIONS",
        "GOPATH",
    ];
    const BEGINNINGS: [&str; 12] = [
        "LD_",
        "DYLD_",
        "BASH_",
        "PYTHON",
        "PERL5",
        "RUBYOPT",
        "RUBYLIB",
        "NODE_OPTIONS",
        "NODE_PATH",
        "GIT_",
        "XDG_",
        "WT_",
    ];
    WHOLE.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// Returns the names of services, each once.
pub fn services(value: &Value) -> Result<Vec<ServiceName>, ValueFault> {
    let names =
        list(value, "service names", |name| text(name)?.parse::<ServiceName>().map_err(ValueFault::new))?;
    let mut seen = HashSet::new();
    match names.iter().enumerate().find(|(_, name)| !seen.insert(name.as_str())) {
        Some((index, name)) => Err(ValueFault::new(format!("`{name}` is listed twice")).at(index)),
        None => Ok(names),
    }
}

/// Returns the names of variables.
pub fn variables(value: &Value) -> Result<Vec<String>, ValueFault> {
    list(value, "names of variables", |name| variable(name).map(str::to_owned))
}

/// Returns variables with their values, in the order in which they are written.
pub fn environment(value: &Value) -> Result<Vec<(String, String)>, ValueFault> {
    let table = value
        .as_object()
        .ok_or_else(|| wrong("a table of variables", value).hint("write { LOG = \"debug\" }"))?;
    let pairs = table.iter().map(|(name, value)| {
        let name = variable(&Value::String(name.clone())).map(str::to_owned)?;
        let text = value.as_str().ok_or_else(|| inside(&name, wrong("a text", value)))?;
        if text.contains('\0') {
            return Err(inside(&name, ValueFault::new("a value cannot hold a NUL")));
        }
        Ok((name, text.to_owned()))
    });
    pairs.collect()
}

/// Returns the ranges, in order and without a port in two of them.
pub fn ports(value: &Value) -> Result<PortRanges, ValueFault> {
    let ranges = match value {
        Value::Array(_) => list(value, "port ranges", range)?,
        _ => vec![range(value)?],
    };
    let mut taken = TakenRanges::default();
    for (index, later) in ranges.iter().enumerate() {
        let one = PortRanges(vec![*later]);
        if let Some(earlier) = taken.first_overlapping(&one).map(|earlier| ranges[earlier]) {
            return Err(ValueFault::new(format!("the ranges {earlier} and {later} overlap")).at(index));
        }
        taken.add(&one, index);
    }
    Ok(PortRanges(ranges))
}

fn range(value: &Value) -> Result<PortRange, ValueFault> {
    match value {
        Value::String(text) => text.parse().map_err(|message: String| {
            let fault = ValueFault::new(message);
            let turned =
                text.split_once('-').map(|(first, last)| format!("{}-{}", last.trim(), first.trim()));
            match turned.filter(|turned| turned.parse::<PortRange>().is_ok()) {
                Some(turned) => fault.hint(format!("did you mean `{turned}`?")),
                None => fault.hint("write a range such as \"5000-5099\", or one port"),
            }
        }),
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            let port = number.as_u64().and_then(|number| u16::try_from(number).ok()).and_then(Port::new);
            port.and_then(|port| PortRange::new(port, port))
                .ok_or_else(|| ValueFault::new(format!("port {number} is outside 1-65535")))
        }
        _ => Err(wrong("a port range such as \"5000-5099\", a port, or a list of them", value)),
    }
}

/// Returns the exclusions, with their reasons.
pub fn exclusions(value: &Value) -> Result<Vec<Exclusion>, ValueFault> {
    const EXAMPLE: &str = "write { ports = \"5010-5012\", reason = \"the printer\" }";
    list(value, "{ ports, reason }", |element| {
        let Some(table) = element.as_object() else {
            return Err(wrong("a table with `ports` and `reason`", element).hint(EXAMPLE));
        };
        if let Some(unknown) = table.keys().find(|key| !["ports", "reason"].contains(&key.as_str())) {
            return Err(unknown_word("key", unknown, &["ports", "reason"]));
        }
        let missing = |key: &str| ValueFault::new(format!("`{key}` is missing")).hint(EXAMPLE);
        let range = range(table.get("ports").ok_or_else(|| missing("ports"))?)?;
        let reason = text(table.get("reason").ok_or_else(|| missing("reason"))?)?;
        Ok(Exclusion::new(range, reason))
    })
}

/// A fault inside of a table, at its key.
pub fn inside(key: &str, fault: ValueFault) -> ValueFault {
    // What names its own subject is no sentence about the key.
    let colon = if fault.message.starts_with("unknown ") { ":" } else { "" };
    ValueFault { message: format!("`{}`{colon} {}", key.escape_debug(), fault.message), ..fault }
}

/// Makes sure that it is one of `words`.
pub fn choice(value: &Value, words: &[&str]) -> Result<(), ValueFault> {
    let word = text(value)?;
    if words.contains(&word) { Ok(()) } else { Err(unknown_word("value", word, words)) }
}

/// The fault of a word that is not one of `words`, with the near one.
pub fn unknown_word(what: &str, word: &str, words: &[&str]) -> ValueFault {
    let list = words.join(", ");
    let hint = match nearest(word, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? Known are {list}"),
        None => format!("known are {list}"),
    };
    ValueFault::new(format!("unknown {what} `{}`", word.escape_debug())).hint(hint)
}

/// Returns the path of a URL, as it stands in a request.
pub fn url_path(value: &Value) -> Result<&str, ValueFault> {
    let path = text(value)?;
    if path.starts_with('/') && path.chars().all(|letter| letter.is_ascii_graphic() && letter != '#') {
        return Ok(path);
    }
    let message = format!("`{}` is no path of a URL", path.escape_debug());
    Err(ValueFault::new(message).hint("write it as `/metrics`"))
}

/// Returns a whole number within bounds.
pub fn whole(value: &Value, least: u32, most: u32) -> Result<u32, ValueFault> {
    if !(value.is_i64() || value.is_u64()) {
        return Err(wrong("a whole number", value));
    }
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number.filter(|number| (least..=most).contains(number)).ok_or_else(|| outside(value, least, most))
}

/// Returns a number within bounds.
pub fn number(value: &Value, least: f64, most: f64) -> Result<f64, ValueFault> {
    let number = value.as_f64().ok_or_else(|| wrong("a number", value))?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(outside(value, least, most)) }
}

fn outside(value: &Value, least: impl Display, most: impl Display) -> ValueFault {
    ValueFault::new(format!("{value} is outside {least} to {most}"))
}

/// Returns true or false.
pub fn flag(value: &Value) -> Result<bool, ValueFault> {
    value.as_bool().ok_or_else(|| wrong("true or false", value))
}

/// Returns a length of time.
pub fn duration(value: &Value) -> Result<Duration, ValueFault> {
    let written = value.as_str().ok_or_else(|| wrong("a duration such as \"10s\" or \"7d\"", value))?;
    quantity::duration(written).map_err(ValueFault::new)
}

/// Returns a number of bytes.
pub fn size(value: &Value) -> Result<u64, ValueFault> {
    match value {
        Value::String(written) => quantity::size(written).map_err(ValueFault::new),
        _ => value.as_u64().ok_or_else(|| wrong("a size such as \"10GiB\"", value)),
    }
}

/// The fault of a value that is of another type.
pub fn wrong(wanted: &str, value: &Value) -> ValueFault {
    let given = match value {
        Value::Null => "a date or no finite number",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    };
    ValueFault::new(format!("must be {wanted}, not {given}"))
}

#[cfg(test)]
mod tests;
