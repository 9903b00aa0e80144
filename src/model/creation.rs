//! What a new worktree gets unless the command line says otherwise: `[create]` of the configuration.

use serde_json::Value;

use super::service::ServiceName;

/// Which ports the worktree should get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WantedPorts {
    #[default]
    None,
    /// One for each service of the purpose.
    Purpose,
    /// That many: the purpose's services in order, then `port-2`, `port-3`, …
    Count(usize),
    /// One for each of these.
    Services(Vec<ServiceName>),
}

/// How many ports may be asked for at once in a configuration.
pub const MOST_PORTS: u32 = 100;

/// Where a new branch starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// At HEAD of the worktree one stands in.
    #[default]
    Head,
    /// At the default branch.
    Default,
}

/// `[create]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateSettings {
    pub ports: WantedPorts,
    pub base: Base,
}

impl WantedPorts {
    /// Returns the wish that a value of the configuration is; `None` for what is neither true or false, a number of ports
    /// nor a list of services.
    #[must_use]
    pub fn find(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(false) => Some(Self::None),
            Value::Bool(true) => Some(Self::Purpose),
            Value::Number(count) => {
                let count = count.as_u64().filter(|count| (1..=u64::from(MOST_PORTS)).contains(count))?;
                usize::try_from(count).ok().map(Self::Count)
            }
            Value::Array(names) => {
                let names = names.iter().map(|name| name.as_str()?.parse().ok());
                let names = names.collect::<Option<Vec<ServiceName>>>()?;
                Some(if names.is_empty() { Self::None } else { Self::Services(names) })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ports_are_yes_a_number_or_services() {
        for (value, wish) in [
            (json!(true), Some(WantedPorts::Purpose)),
            (json!(false), Some(WantedPorts::None)),
            (json!(2), Some(WantedPorts::Count(2))),
            (json!(["web"]), Some(WantedPorts::Services(vec!["web".parse().unwrap()]))),
            (json!([]), Some(WantedPorts::None)),
            (json!(0), None),
            (json!(101), None),
            (json!(1.5), None),
            (json!("web"), None),
            (json!(["We b"]), None),
        ] {
            assert_eq!(WantedPorts::find(&value), wish, "{value}");
        }
    }
}
