//! A TCP port. Zero is unsayable.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A TCP port, 1-65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Port(NonZeroU16);

impl Port {
    /// Returns the port with that number; `None` for 0.
    #[must_use]
    pub fn new(number: u16) -> Option<Self> {
        NonZeroU16::new(number).map(Self)
    }

    /// Returns the number, 1-65535.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number: u32 = text.trim().parse().map_err(|_| format!("`{text}` is not a port number"))?;
        u16::try_from(number)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| format!("port {number} is outside 1-65535"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_from_1_to_65535() {
        for (text, expected) in [
            ("1", Ok(1)),
            (" 5000 ", Ok(5000)),
            ("65535", Ok(65535)),
            ("0", Err("port 0 is outside 1-65535")),
            ("65536", Err("port 65536 is outside 1-65535")),
            ("-1", Err("`-1` is not a port number")),
            ("x", Err("`x` is not a port number")),
        ] {
            let read = text.parse::<Port>();
            assert_eq!(read.as_ref().map(|port| port.number()).map_err(String::as_str), expected, "{text}");
            assert!(read.is_err() || read.unwrap().to_string() == text.trim());
        }
        assert_eq!(Port::new(0), None);
    }
}
