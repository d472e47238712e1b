//! Which ended generations stay, and for how long.

use super::given::{count, unless_none};
use super::quantity;
use monitor_pipeline::ports;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// `None`: for ever.
    pub max_age: Option<Duration>,
    /// The newest that many; `None`: all.
    pub max_count: Option<u64>,
}

impl Default for Retention {
    fn default() -> Retention {
        Retention { max_age: Some(Duration::from_hours(30 * 24)), max_count: Some(10_000) }
    }
}

impl Retention {
    /// `30 days`, or `none`.
    pub(crate) fn read_age(text: &str) -> Result<Option<Duration>, String> {
        unless_none(text, quantity::parse_duration)
    }

    /// `10000`, or `none`.
    pub(crate) fn read_count(text: &str) -> Result<Option<u64>, String> {
        unless_none(text, |text| count(text, 0))
    }

    pub(crate) fn asked_of_stores(&self) -> ports::Retention {
        ports::Retention {
            max_age_ms: self.max_age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            max_count: self.max_count,
        }
    }
}
