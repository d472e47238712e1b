//! How our types are written into columns and read back.

use super::Failure;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteRow, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, Row, Sqlite, Type};
use uuid::Uuid;

/// An id as its 16 bytes: less than half of its text, in every index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Id(pub(crate) Uuid);

impl Type<Sqlite> for Id {
    fn type_info() -> SqliteTypeInfo {
        <[u8] as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Id {
    fn encode_by_ref(&self, values: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        self.0.as_bytes().as_slice().encode(values)
    }
}

impl Decode<'_, Sqlite> for Id {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Id(Uuid::from_slice(<&[u8]>::decode(value)?)?))
    }
}

/// `SQLite` counts to 2^63 - 1; so far no counter of ours gets.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A unit variant as its name on the wire (`"pending"` without the quotes).
pub(super) fn named(value: &impl Serialize) -> Result<String, Failure> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(name) => Ok(name),
        other => Err(Failure::Row(format!("{other} is no name"))),
    }
}

pub(super) fn from_named<T: DeserializeOwned>(name: &str) -> Result<T, Failure> {
    Ok(serde_json::from_value(serde_json::Value::from(name))?)
}

/// The first column, JSON, of each row.
///
/// A document that cannot be read (of another version, or damaged) is reported and left out: one bad row must not take
/// the good ones with it.
pub(crate) fn decoded<T: DeserializeOwned>(rows: &[SqliteRow]) -> Result<Vec<T>, Failure> {
    let mut values = Vec::with_capacity(rows.len());
    for row in rows {
        match serde_json::from_str(row.try_get::<&str, _>(0)?) {
            Ok(value) => values.push(value),
            Err(error) => {
                tracing::error!(%error, "a row of the store cannot be read and is left out");
            }
        }
    }
    Ok(values)
}
