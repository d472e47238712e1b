//! The one place where the monitor asks for the time.

use monitor_core::time::{Now, Timestamp};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Milliseconds since the monitor began, and the wall clock beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(super) fn now(self) -> Now {
        let mono = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Now { wall: Timestamp(i64::try_from(wall).unwrap_or(i64::MAX)), mono }
    }

    pub(super) async fn sleep_until(self, mono: u64) {
        tokio::time::sleep_until(self.start + Duration::from_millis(mono)).await;
    }
}
