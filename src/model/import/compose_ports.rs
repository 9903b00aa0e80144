//! A published port of a compose file, in its short and its long form (compose-spec, `ports`).

use serde_json::Value;

/// A port that is published on the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishedPort {
    /// `127.0.0.1`, where it is said.
    pub address: Option<String>,
    /// The variable that carries the machine's port; empty where the file names none.
    pub variable: String,
    /// Whether the file itself reads it from that variable.
    pub has_own_variable: bool,
    /// The machine's port where no variable is set.
    pub usual: u16,
    /// The port inside of the container.
    pub target: u16,
    /// `udp`, where it is not TCP.
    pub protocol: Option<String>,
}

impl PublishedPort {
    /// Returns the short form: `127.0.0.1:${DB_PORT:-5432}:5432/tcp`.
    #[must_use]
    pub fn written(&self) -> String {
        let address = self.address.as_ref().map(|address| format!("{address}:")).unwrap_or_default();
        let protocol = self.protocol.as_ref().map(|protocol| format!("/{protocol}")).unwrap_or_default();
        format!("{address}${{{}:-{}}}:{}{protocol}", self.variable, self.usual, self.target)
    }
}

/// Reads one element of `ports`; `None` for ranges and for what cannot be understood.
#[must_use]
pub fn published(written: &Value) -> Option<PublishedPort> {
    match written {
        Value::Object(table) => {
            let target = table.get("target").and_then(number)?;
            let (variable, usual) = match table.get("published") {
                None => (String::new(), 0),
                Some(Value::String(text)) => outer(text)?,
                Some(other) => (String::new(), number(other)?),
            };
            let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
            let (address, protocol) =
                (text("host_ip"), text("protocol").filter(|protocol| protocol != "tcp"));
            complete(address, (variable, usual), target, protocol)
        }
        Value::Number(_) => complete(None, (String::new(), 0), number(written)?, None),
        Value::String(text) => short(text),
        _ => None,
    }
}

fn number(value: &Value) -> Option<u16> {
    let text =
        value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))?;
    text.parse().ok().filter(|number| *number > 0)
}

/// `[address:][outer:]inner[/protocol]`; a variable may hold a `:` of its own.
fn short(text: &str) -> Option<PublishedPort> {
    let (text, protocol) = match text.rsplit_once('/') {
        Some((text, protocol)) => (text, Some(protocol.to_owned()).filter(|protocol| protocol != "tcp")),
        None => (text, None),
    };
    let mut parts: Vec<String> = vec![String::new()];
    let mut depth = 0_usize;
    for letter in text.chars() {
        match letter {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match parts.last_mut() {
            Some(_) if letter == ':' && depth == 0 => parts.push(String::new()),
            Some(part) => part.push(letter),
            None => {}
        }
    }
    let target = parts.pop()?.parse().ok()?;
    let published = match parts.pop() {
        Some(text) => outer(&text)?,
        None => (String::new(), 0),
    };
    let address = (!parts.is_empty()).then(|| parts.join(":"));
    complete(address, published, target, protocol)
}

/// `5432`, `${DB_PORT}`, `${DB_PORT:-5432}`.
fn outer(text: &str) -> Option<(String, u16)> {
    if let Ok(port) = text.parse() {
        return Some((String::new(), port));
    }
    let inside =
        text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).or_else(|| text.strip_prefix('$'))?;
    let (name, usual) = match inside.split_once(":-").or_else(|| inside.split_once('-')) {
        Some((name, usual)) => (name, usual.parse().ok()?),
        None => (inside, 0),
    };
    // A name that we may set: the same rule as for `env`.
    let is_name = crate::model::config::value::variables(&serde_json::json!([name])).is_ok();
    is_name.then(|| (name.to_owned(), usual))
}

fn complete(
    address: Option<String>,
    (variable, usual): (String, u16),
    target: u16,
    protocol: Option<String>,
) -> Option<PublishedPort> {
    let is_plain =
        |text: &String| text.chars().all(|letter| letter.is_ascii_alphanumeric() || ".:[]".contains(letter));
    if target == 0 || !address.iter().chain(&protocol).all(is_plain) {
        return None;
    }
    let has_own_variable = !variable.is_empty();
    Some(PublishedPort { address, variable, has_own_variable, usual, target, protocol })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_one_port_is_read_and_written_again() {
        for (written, again) in [
            (json!("5432:5432"), "${V:-5432}:5432"),
            (json!("127.0.0.1:5433:5432"), "127.0.0.1:${V:-5433}:5432"),
            (json!("[::1]:5433:5432/udp"), "[::1]:${V:-5433}:5432/udp"),
            (json!("${DB_PORT:-5433}:5432/tcp"), "${DB_PORT:-5433}:5432"),
            (json!("$DB_PORT:5432"), "${DB_PORT:-0}:5432"),
            (json!(6379), "${V:-0}:6379"),
            (json!("6379"), "${V:-0}:6379"),
            (
                json!({"target": 80, "published": "8080", "host_ip": "127.0.0.1", "protocol": "tcp"}),
                "127.0.0.1:${V:-8080}:80",
            ),
            (json!({"target": 80, "published": 8080, "mode": "host"}), "${V:-8080}:80"),
            (json!({"target": 53, "protocol": "udp"}), "${V:-0}:53/udp"),
        ] {
            let mut port = published(&written).unwrap_or_else(|| panic!("{written}"));
            if port.variable.is_empty() {
                port.variable = "V".to_owned();
            }
            assert_eq!(port.written(), again, "{written}");
        }
    }

    #[test]
    fn what_is_not_one_port_is_left_alone() {
        for written in [
            json!("3000-3005:3000-3005"),
            json!("3000-3005"),
            json!("a:b"),
            json!(true),
            json!("${LD_PRELOAD:-1}:80"),
            json!("${A:-${B}}:80"),
            json!({"published": 80}),
            json!("x y:80:80"),
            json!(0),
            json!("99999:80"),
        ] {
            assert_eq!(published(&written), None, "{written}");
        }
    }
}
