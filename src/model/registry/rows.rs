//! A list of the registry read row by row: one that cannot be read is kept as it stands, and hides none of the others.

use std::ops::{Deref, DerefMut};

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Rows of one kind; used as the list of those that could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows<T> {
    readable: Vec<T>,
    unreadable: Vec<Value>,
}

impl<T> Rows<T> {
    /// Returns what could not be read, as it stands in the file.
    #[must_use]
    pub fn unreadable(&self) -> &[Value] {
        &self.unreadable
    }

    /// Takes out what could not be read.
    pub fn take_unreadable(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.unreadable)
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { readable: Vec::new(), unreadable: Vec::new() }
    }
}

impl<T> Deref for Rows<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.readable
    }
}

impl<T> DerefMut for Rows<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.readable
    }
}

impl<T: Serialize> Serialize for Rows<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.lines())
    }
}

impl<T> Rows<T> {
    /// Returns every row as it is to be written, those that could not be read last.
    pub fn lines(&self) -> impl Iterator<Item = RowLine<'_, T>> {
        self.readable.iter().map(RowLine::Readable).chain(self.unreadable.iter().map(RowLine::Unreadable))
    }
}

/// A row to be written.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum RowLine<'a, T> {
    Readable(&'a T),
    Unreadable(&'a Value),
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rows = Self::default();
        for row in Vec::<Row<T>>::deserialize(deserializer)? {
            match row {
                Row::Readable(row) => rows.readable.push(row),
                Row::Unreadable(value) => rows.unreadable.push(value),
            }
        }
        Ok(rows)
    }
}

/// A row as it was read.
enum Row<T> {
    Readable(T),
    Unreadable(Value),
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Row<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // From the row's own text: a value of every row would cost more than the row.
        let text = Box::<RawValue>::deserialize(deserializer)?;
        match serde_json::from_str(text.get()) {
            Ok(row) => Ok(Self::Readable(row)),
            Err(_) => serde_json::from_str(text.get()).map(Self::Unreadable).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_stands_behind_what_can_until_it_is_taken_out() {
        let mut rows: Rows<u8> = serde_json::from_str("[1, \"x\", 300, 2]").unwrap();
        assert_eq!(*rows, [1, 2]);
        assert_eq!(rows.unreadable(), [Value::from("x"), Value::from(300)]);
        assert_eq!(serde_json::to_string(&rows).unwrap(), "[1,2,\"x\",300]");
        rows.push(3);
        assert_eq!(rows.take_unreadable(), [Value::from("x"), Value::from(300)]);
        assert_eq!(serde_json::to_string(&rows).unwrap(), "[1,2,3]");
        assert!(rows.unreadable().is_empty() && Rows::<u8>::default().is_empty());
    }
}
