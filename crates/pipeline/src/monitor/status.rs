//! What the outside sees of an instance (`/v1/instances`, `doctor`, logs).

use crate::api::Reading;
use monitor_core::event::Device;
use monitor_core::generation::{InstanceState, Memory};
use monitor_core::time::Timestamp;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// Readings are kept this long, milliseconds.
const KEPT_MS: u64 = 30 * 60_000;
/// A reading a second for that long, as extensions send them.
const MAX_READINGS: usize = 1_800;
/// Readings closer together than this say the same.
const APART_MS: u64 = 900;

/// How an instance is. Changes are seen through [`super::MonitorHandle::status`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstanceStatus {
    pub state: InstanceState,
    pub since: Timestamp,
    /// Why it is not connected, with what to do about it.
    pub reason: Option<String>,
    pub next_try_at: Option<Timestamp>,
    /// Of the last `GET /prompt`.
    pub round_trip_ms: Option<f64>,
    pub comfyui_version: Option<String>,
    pub devices: Vec<Device>,
    pub memory: Option<Memory>,
    pub queue_remaining: Option<u64>,
    /// Prompt ids.
    pub running: Vec<String>,
    /// Queue ids, the next one first.
    pub waiting: Vec<(Uuid, Option<u64>)>,
}

/// What went over the socket so far, for `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub text: u64,
    pub binary: u64,
    /// Types we do not know.
    pub unknown: u64,
    /// Read only on the second, lenient try.
    pub odd: u64,
    /// Unreadable, texts and frames.
    pub malformed: u64,
    /// Progress left out because we could not keep up.
    pub thinned: u64,
    /// Other messages dropped for the same reason; the truth was read over HTTP instead.
    pub lost: u64,
    pub connections: u64,
    pub failed_connections: u64,
    pub snapshots: u64,
}

/// GPU memory over the last half hour.
#[derive(Debug, Default)]
pub(super) struct Readings(Mutex<VecDeque<Reading>>);

impl Readings {
    pub(super) fn add(&self, reading: Reading) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.back().is_some_and(|last| reading.t.since(last.t) < APART_MS) {
            return;
        }
        kept.push_back(reading);
        while kept.len() > MAX_READINGS || kept.front().is_some_and(|first| reading.t.since(first.t) > KEPT_MS) {
            kept.pop_front();
        }
    }

    pub(super) fn since(&self, since: Option<Timestamp>) -> Vec<Reading> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().filter(|reading| since.is_none_or(|since| reading.t > since)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(t: i64) -> Reading {
        Reading { t: Timestamp(t), used_bytes: 1, total_bytes: 2 }
    }

    #[test]
    fn readings_are_kept_for_half_an_hour_and_never_more_than_one_a_second() {
        let readings = Readings::default();
        for t in 0..20_000 {
            readings.add(reading(t * 500));
        }
        let kept = readings.since(None);
        assert!((1_000..=MAX_READINGS).contains(&kept.len()), "{}", kept.len());
        assert_eq!(kept.last(), Some(&reading(19_998 * 500)));
        let (first, last) = (kept[0].t, kept[kept.len() - 1].t);
        assert!(last.since(first) <= KEPT_MS);
    }

    #[test]
    fn only_readings_after_the_given_moment_are_told() {
        let readings = Readings::default();
        for t in [0, 10_000, 20_000] {
            readings.add(reading(t));
        }
        assert_eq!(readings.since(Some(Timestamp(10_000))), [reading(20_000)]);
    }
}
