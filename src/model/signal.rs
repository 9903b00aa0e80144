//! The signals that ask a process to end, by the names and numbers that people give them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A signal whose usual effect is that the process ends (signal(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndSignal {
    Hup,
    Int,
    Quit,
    Abrt,
    Kill,
    Usr1,
    Usr2,
    Alrm,
    Term,
}

/// Names, and the numbers that POSIX fixes; those of USR1 and USR2 differ between systems.
const KNOWN: [(EndSignal, &str, Option<u32>); 9] = [
    (EndSignal::Hup, "HUP", Some(1)),
    (EndSignal::Int, "INT", Some(2)),
    (EndSignal::Quit, "QUIT", Some(3)),
    (EndSignal::Abrt, "ABRT", Some(6)),
    (EndSignal::Kill, "KILL", Some(9)),
    (EndSignal::Usr1, "USR1", None),
    (EndSignal::Usr2, "USR2", None),
    (EndSignal::Alrm, "ALRM", Some(14)),
    (EndSignal::Term, "TERM", Some(15)),
];

impl EndSignal {
    /// Returns the name without `SIG`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        KNOWN.iter().find(|(signal, ..)| *signal == self).map_or("TERM", |(_, name, _)| name)
    }
}

impl FromStr for EndSignal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let is_it = |(_, known, number): &&(Self, &str, Option<u32>)| {
            *known == name || number.is_some_and(|number| number.to_string() == text)
        };
        let found = KNOWN.iter().find(is_it).map(|(signal, ..)| *signal);
        found.ok_or_else(|| {
            let names: Vec<&str> = KNOWN.iter().map(|(_, name, _)| *name).collect();
            format!("`{}` is no signal that ends a process: use {}", text.escape_debug(), names.join(", "))
        })
    }
}

impl fmt::Display for EndSignal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for EndSignal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EndSignal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_known_by_name_with_or_without_sig_and_by_number() {
        for text in ["TERM", "term", "SIGTERM", "sigterm", "15"] {
            assert_eq!(text.parse(), Ok(EndSignal::Term), "{text}");
        }
        for (signal, name, number) in KNOWN {
            assert_eq!(name.parse(), Ok(signal));
            assert_eq!(signal.to_string(), name);
            assert!(number.is_none_or(|number| number.to_string().parse() == Ok(signal)));
        }
    }

    #[test]
    fn what_stops_nothing_or_is_no_signal_is_refused() {
        for text in ["", "STOP", "CONT", "CHLD", "0", "-15", "99", "10", "TERMINATE", "SIG"] {
            assert!(text.parse::<EndSignal>().is_err(), "{text}");
        }
    }
}
