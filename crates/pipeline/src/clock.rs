//! The one place that reads the clocks; everything below is told.

use monitor_core::time::{Now, Timestamp};
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Wall clock and monotonic clock at this moment.
pub fn now() -> Now {
    static START: OnceLock<Instant> = OnceLock::new();
    let mono = START.get_or_init(Instant::now).elapsed().as_millis();
    // A second is added so that a moment shortly before our start is still above zero.
    Now { wall: wall(), mono: u64::try_from(mono).unwrap_or(u64::MAX).saturating_add(1_000) }
}

pub fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
