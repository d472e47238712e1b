//! Taking fields out of an answer, counting those that are not as they should be.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::{Answer, NotJson, tolerant};

/// Reads a body as a tree and hands its fields to `read`. For answers of bounded size.
pub(super) fn from_tree<T>(body: &[u8], read: impl Fn(&mut Fields) -> T) -> Result<Answer<T>, NotJson> {
    tolerant(body, |body| {
        let tree: Value = serde_json::from_slice(body)?;
        let mut odd = 0;
        let value = read(&mut Fields::of(Some(&tree), &mut odd));
        Ok(Answer { value, oddities: odd })
    })
}

/// The fields of an object. An absent or null field is nothing; one of a wrong type is nothing, and counted.
pub(super) struct Fields<'a, 'o> {
    map: Option<&'a Map<String, Value>>,
    odd: &'o mut u32,
}

impl<'a, 'o> Fields<'a, 'o> {
    /// Fields of what should be an object.
    pub(super) fn of(value: Option<&'a Value>, odd: &'o mut u32) -> Self {
        let map = value.and_then(Value::as_object);
        if map.is_none() && value.is_some_and(|value| !value.is_null()) {
            *odd += 1;
        }
        Self { map, odd }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map?.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn odd(&mut self) {
        *self.odd += 1;
    }

    fn typed<T>(&mut self, name: &str, read: impl Fn(&'a Value) -> Option<T>) -> Option<T> {
        let value = self.get(name)?;
        let read = read(value);
        if read.is_none() {
            self.odd();
        }
        read
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.typed(name, |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        self.typed(name, Value::as_f64)
    }

    /// A count of bytes, jobs or milliseconds; fractions are cut off, negative numbers are wrong.
    pub(super) fn count(&mut self, name: &str) -> Option<u64> {
        self.typed(name, |value| value.as_u64().or_else(|| value.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64)))
    }

    pub(super) fn millis(&mut self, name: &str) -> Option<i64> {
        self.typed(name, |value| value.as_i64().or_else(|| value.as_f64().map(|ms| ms as i64)))
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.typed(name, Value::as_bool).unwrap_or_default()
    }

    pub(super) fn list(&mut self, name: &str) -> &'a [Value] {
        self.typed(name, |value| value.as_array().map(Vec::as_slice)).unwrap_or_default()
    }

    pub(super) fn object(&mut self, name: &str) -> Option<&'a Map<String, Value>> {
        self.typed(name, Value::as_object)
    }

    /// A number with all its digits.
    pub(super) fn exact(&mut self, name: &str) -> Option<Number> {
        self.typed(name, |value| value.as_number().cloned())
    }

    /// All entries of the object, in order.
    pub(super) fn entries(&self) -> Vec<(&'a String, &'a Value)> {
        self.map.into_iter().flatten().collect()
    }

    pub(super) fn inside(&mut self, name: &str) -> Fields<'a, '_> {
        Fields::of(self.get(name), self.odd)
    }

    pub(super) fn in_value<'b>(&mut self, value: &'b Value) -> Fields<'b, '_> {
        Fields::of(Some(value), self.odd)
    }
}

/// The entries of an object in order, each still unread.
pub(super) struct RawEntries<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawEntries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawEntriesVisitor)
    }
}

impl<'a> RawEntries<'a> {
    /// The entries of a body; none, and counted, if it is JSON but no object.
    pub(super) fn of_body(body: &'a [u8], odd: &mut u32) -> serde_json::Result<Self> {
        serde_json::from_slice(body).or_else(|error| {
            if !error.is_data() {
                return Err(error);
            }
            *odd += 1;
            Ok(Self(Vec::new()))
        })
    }
}

struct RawEntriesVisitor;

impl<'de> Visitor<'de> for RawEntriesVisitor {
    type Value = RawEntries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(RawEntries(entries))
    }
}
