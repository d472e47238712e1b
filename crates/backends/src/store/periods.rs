//! How long what is learnt from runs is kept, whatever database has it.

use monitor_core::cost::{Run, Work};
use monitor_core::performance::Distribution;
use monitor_core::time::Timestamp;
use std::collections::BTreeMap;

pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Counts are kept by periods of so many milliseconds, so that old ones can go.
const HALF_YEAR_MS: i64 = 182 * DAY_MS;
const FORGOTTEN_AFTER_MS: i64 = 365 * DAY_MS;

/// What did not run since is forgotten.
pub(crate) fn forgotten_before(now: Timestamp) -> i64 {
    now.as_millis().saturating_sub(FORGOTTEN_AFTER_MS)
}

/// Events may be here before their generation; what has none since came when it was pruned already.
pub(crate) fn orphaned_before(now: Timestamp) -> i64 {
    now.as_millis().saturating_sub(DAY_MS)
}

/// How long these runs took, and the newest of them, by class and half year.
pub(crate) fn counted<'a>(runs: &[(&'a Work, Run)]) -> BTreeMap<(&'a str, i64), (Timestamp, Distribution)> {
    let mut counts: BTreeMap<(&str, i64), (Timestamp, Distribution)> = BTreeMap::new();
    for (work, run) in runs {
        let half_year = run.at.as_millis().div_euclid(HALF_YEAR_MS);
        let (newest, times) = counts.entry((&work.class_type, half_year)).or_default();
        *newest = run.at.max(*newest);
        times.learn(run.duration_ms);
    }
    counts
}
