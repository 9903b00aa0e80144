//! `limits` of a service: what it may take before somebody is told.

use serde_json::Value;

use super::problem::ValueFault;
use super::value::{self, inside};
use crate::model::services::limits::Limits;

const EXAMPLE: &str = "write { memory = \"1GiB\", cpu = \"200%\" }";

/// Reads `{ memory = "1GiB", cpu = "200%" }`.
///
/// # Errors
///
/// Says what is wrong with it.
pub(super) fn read(value: &Value) -> Result<Limits, ValueFault> {
    let table = value.as_object().ok_or_else(|| value::wrong("a table of limits", value).hint(EXAMPLE))?;
    if table.is_empty() {
        return Err(ValueFault::new("names no limit").hint(EXAMPLE));
    }
    let mut limits = Limits::default();
    for (name, value) in table {
        match name.as_str() {
            "memory" => limits.memory_bytes = Some(value::size(value).map_err(|fault| inside(name, fault))?),
            "cpu" => limits.cpu_percent = Some(percent(value).map_err(|fault| inside(name, fault))?),
            _ => return Err(value::unknown_word("limit", name, &["memory", "cpu"])),
        }
    }
    Ok(limits)
}

fn percent(value: &Value) -> Result<f64, ValueFault> {
    let number =
        value::text(value)?.trim().strip_suffix('%').and_then(|number| number.trim_end().parse::<f64>().ok());
    let number = number.filter(|number| number.is_finite() && *number > 0.0);
    number
        .ok_or_else(|| ValueFault::new("is no share of a core above 0").hint("write \"200%\" for two cores"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn limits_are_a_size_and_a_share_of_cores() {
        let read = |value| super::read(&value);
        let both = read(json!({ "memory": "1GiB", "cpu": "200%" })).unwrap();
        assert_eq!(both, Limits { memory_bytes: Some(1 << 30), cpu_percent: Some(200.0) });
        assert_eq!(read(json!({ "cpu": "12.5 %" })).unwrap().cpu_percent, Some(12.5));
        for wrong in [
            json!({}),
            json!("1GiB"),
            json!({ "cpu": 2 }),
            json!({ "cpu": "0%" }),
            json!({ "disk": "1GiB" }),
            json!({ "memory": "x" }),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
