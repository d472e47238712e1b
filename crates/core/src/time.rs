//! Time as a value: the core never asks a clock, it is told.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A moment in UTC, in milliseconds since the Unix epoch. In JSON: RFC 3339 with milliseconds and `Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Milliseconds from `earlier` to `self`, 0 if it is not earlier.
    pub fn since(self, earlier: Timestamp) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    #[must_use]
    pub fn plus(self, millis: u64) -> Timestamp {
        Timestamp(self.0.saturating_add_unsigned(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{at:.3}")
    }
}

impl std::str::FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>().map(|at| Timestamp(at.as_millisecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

/// "Now", as the caller of the core knows it: the wall clock for what people see, the monotonic one for durations, so
/// that a clock that is set never bends a measured time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    pub wall: Timestamp,
    /// Milliseconds since some fixed moment of this process.
    pub mono: u64,
}

impl Now {
    /// For tests and replays, where one clock is all there is.
    pub fn at(millis: u64) -> Now {
        Now { wall: Timestamp(i64::try_from(millis).unwrap_or(i64::MAX)), mono: millis }
    }
}

/// A percentage as the contract has it: 0 to 100 with at most two decimals.
pub fn percentage(value: f64) -> f64 {
    if value.is_finite() { (value.clamp(0.0, 100.0) * 100.0).floor() / 100.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_written_in_utc_with_milliseconds_and_read_back() {
        let at = Timestamp(1_795_538_344_974);
        assert_eq!(at.to_string(), "2026-11-24T16:39:04.974Z");
        assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_percentage_has_two_decimals_and_never_leaves_its_range() {
        assert!((percentage(99.999) - 99.99).abs() < 1e-9);
        assert!((percentage(-3.0)).abs() < 1e-9);
        assert!((percentage(250.0) - 100.0).abs() < 1e-9);
        assert!(percentage(f64::NAN).abs() < 1e-9);
    }
}
