//! The two passes of reading: straight into the type, then leniently.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::mend::mend;
use super::{Malformed, Message, NodeEntry};
use crate::comfy::field::{Object, Text};
use crate::comfy::lenient::repair;

/// A message and how it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed<'a> {
    pub message: Message<'a>,
    /// The message did not have the form expected of it: count it as an oddity, also when it was readable after all.
    pub lenient: bool,
}

/// Reads one text message. Borrows from `text` where it can; never fails.
pub fn parse(text: &[u8]) -> Parsed<'_> {
    match serde_json::from_slice::<Envelope>(text) {
        Ok(Envelope(message)) => Parsed { message, lenient: false },
        Err(_) => Parsed { message: again(text), lenient: true },
    }
}

/// Reads a message whose type and data come apart, as they stand in the `status.messages` of a history entry.
pub fn parse_parts<'a>(kind: &'a str, data: &'a str) -> Parsed<'a> {
    match from_data(kind, data) {
        Ok(message) => Parsed { message, lenient: false },
        Err(_) => Parsed {
            message: match serde_json::from_str(&repair(data.as_bytes())) {
                Ok(data) => mended(kind.to_owned(), data),
                Err(error) => malformed(Some(kind.to_owned()), &error),
            },
            lenient: true,
        },
    }
}

fn from_data<'a>(kind: &'a str, data: &'a str) -> serde_json::Result<Message<'a>> {
    let mut deserializer = serde_json::Deserializer::from_str(data);
    let message = Data(Cow::Borrowed(kind)).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(message)
}

/// The second try: what is no JSON but comes out of Python is made JSON, and fields of a wrong type are left out.
fn again(text: &[u8]) -> Message<'static> {
    let mut whole = match serde_json::from_str(&repair(text)) {
        Ok(Value::Object(whole)) => whole,
        Ok(_) => return malformed(None, &"not an object"),
        Err(error) => return malformed(None, &error),
    };
    match whole.get_mut("type").map(Value::take) {
        Some(Value::String(kind)) => mended(kind, whole.get_mut("data").map(Value::take).unwrap_or_default()),
        _ => malformed(None, &"the field \"type\" is no text"),
    }
}

fn mended(kind: String, mut data: Value) -> Message<'static> {
    mend(&kind, &mut data);
    if !is_known(&kind) {
        return Message::Unknown { kind: Cow::Owned(kind), data: Cow::Owned(data.to_string()) };
    }
    match Data(Cow::Borrowed(&kind)).deserialize(&data) {
        Ok(message) => message.into_owned(),
        Err(error) => malformed(Some(kind), &error),
    }
}

fn malformed(kind: Option<String>, reason: &dyn fmt::Display) -> Message<'static> {
    let reason = reason.to_string().chars().take(200).collect();
    Message::Malformed(Malformed { kind, reason })
}

/// The whole message. The server writes `type` before `data`, so the data can be read as what it is at once.
struct Envelope<'a>(Message<'a>);

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a message {\"type\", \"data\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut kind: Option<Cow<'de, str>> = None;
        let mut message = None;
        let mut early: Option<&'de RawValue> = None;
        while let Some(key) = map.next_key_seed(Text)? {
            match (&*key, &kind) {
                ("type", None) => kind = Some(map.next_value_seed(Text)?),
                ("data", Some(kind)) if message.is_none() => {
                    message = Some(map.next_value_seed(Data(kind.clone()))?);
                }
                ("data", None) if early.is_none() => early = Some(map.next_value()?),
                ("type" | "data", _) => return Err(A::Error::custom("a field stands twice")),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let kind = kind.ok_or_else(|| A::Error::missing_field("type"))?;
        match (message, early) {
            (Some(message), None) => Ok(Envelope(message)),
            (Some(_), Some(_)) => Err(A::Error::custom("a field stands twice")),
            (None, early) => {
                let mut data = serde_json::Deserializer::from_str(early.map_or("null", RawValue::get));
                Data(kind).deserialize(&mut data).map(Envelope).map_err(A::Error::custom)
            }
        }
    }
}

/// The data of a message of a known type, read into that type.
struct Data<'a>(Cow<'a, str>);

macro_rules! known_types {
    ($($name:literal => $variant:ident),+ $(,)?) => {
        fn is_known(kind: &str) -> bool {
            matches!(kind, $($name)|+)
        }

        impl<'de> DeserializeSeed<'de> for Data<'de> {
            type Value = Message<'de>;

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                match &*self.0 {
                    $($name => Object::deserialize(deserializer).map(|data| Message::$variant(data.0)),)+
                    _ => {
                        let data = <&RawValue>::deserialize(deserializer)?;
                        Ok(Message::Unknown { kind: self.0, data: Cow::Borrowed(data.get()) })
                    }
                }
            }
        }
    };
}

known_types! {
    "status" => Status,
    "execution_start" => ExecutionStart,
    "execution_cached" => ExecutionCached,
    "executing" => Executing,
    "progress" => Progress,
    "progress_state" => ProgressState,
    "executed" => Executed,
    "execution_success" => ExecutionSuccess,
    "execution_error" => ExecutionError,
    "execution_interrupted" => ExecutionInterrupted,
    "feature_flags" => FeatureFlags,
    "logs" => Logs,
    "crystools.monitor" => Crystools,
}

/// The entries of `progress_state` in the order they came, which is the order of first start.
pub(super) fn node_entries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NodeEntry<'de>>, D::Error> {
    deserializer.deserialize_map(EntriesVisitor)
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Vec<NodeEntry<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of node entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(node_id) = map.next_key_seed(Text)? {
            let Object(entry) = map.next_value::<Object<NodeEntry<'de>>>()?;
            entries.push(NodeEntry { node_id, ..entry });
        }
        Ok(entries)
    }
}
