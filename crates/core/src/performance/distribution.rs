//! How long runs took, kept in bins: as small for a million of them as for a thousand.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bins of one octave, as a power of two: none is wider than a 64th of the times in it.
const FINENESS: u32 = 6;

/// Counts of runs by time. What is told from it is less than 1.6 percent off, and exact where all runs of a bin took
/// the same. In JSON: `[[bin, runs, milliseconds together], ...]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<(u16, u64, u64)>", from = "Vec<(u16, u64, u64)>")]
pub struct Distribution {
    bins: BTreeMap<u16, Bin>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bin {
    runs: u64,
    total_ms: u64,
}

impl From<Vec<(u16, u64, u64)>> for Distribution {
    fn from(bins: Vec<(u16, u64, u64)>) -> Distribution {
        let bins = bins.into_iter().filter(|(_, runs, _)| *runs > 0);
        Distribution { bins: bins.map(|(bin, runs, total_ms)| (bin, Bin { runs, total_ms })).collect() }
    }
}

impl From<Distribution> for Vec<(u16, u64, u64)> {
    fn from(times: Distribution) -> Vec<(u16, u64, u64)> {
        times.bins.into_iter().map(|(bin, Bin { runs, total_ms })| (bin, runs, total_ms)).collect()
    }
}

impl Bin {
    fn mean(self) -> u64 {
        self.total_ms.checked_div(self.runs).unwrap_or(0)
    }
}

impl Distribution {
    /// The bin of a run of so many milliseconds: each has its own up to 127, then 64 share the times up to their
    /// double.
    pub fn bin(duration_ms: u64) -> u16 {
        let octave = duration_ms.checked_ilog2().unwrap_or(0).saturating_sub(FINENESS);
        // At most 57 * 64 + 127.
        (u64::from(octave << FINENESS) + (duration_ms >> octave)) as u16
    }

    fn add(&mut self, bin: u16, runs: u64, total_ms: u64) {
        if runs == 0 {
            return;
        }
        let kept = self.bins.entry(bin).or_default();
        kept.runs = kept.runs.saturating_add(runs);
        kept.total_ms = kept.total_ms.saturating_add(total_ms);
    }

    pub fn learn(&mut self, duration_ms: u64) {
        self.add(Distribution::bin(duration_ms), 1, duration_ms);
    }

    /// Adds all the runs of another one.
    pub fn merge(&mut self, other: &Distribution) {
        for (bin, Bin { runs, total_ms }) in &other.bins {
            self.add(*bin, *runs, *total_ms);
        }
    }

    pub fn runs(&self) -> u64 {
        self.bins.values().map(|bin| bin.runs).fold(0, u64::saturating_add)
    }

    /// What all runs took together, in milliseconds.
    pub fn total_ms(&self) -> u64 {
        self.bins.values().map(|bin| bin.total_ms).fold(0, u64::saturating_add)
    }

    /// Milliseconds that `part` (from 0 to 1) of the runs did not exceed; in proportion where it lies between two, so
    /// that the median of an even count is the mean of the two in the middle. 0 where nothing ran.
    pub fn quantile(&self, part: f64) -> u64 {
        let place = part.clamp(0.0, 1.0) * self.runs().saturating_sub(1) as f64;
        let (below, above) = (self.at(place.floor() as u64), self.at(place.ceil() as u64));
        below + (above.saturating_sub(below) as f64 * place.fract()).round() as u64
    }

    /// Rising: every run, or so many evenly spaced quantiles where there are more.
    pub fn ticks(&self, most: u32) -> Vec<u64> {
        let runs = self.runs();
        if runs <= u64::from(most) {
            return (0..runs).map(|place| self.at(place)).collect();
        }
        let last = most.saturating_sub(1).max(1);
        (0..most).map(|tick| self.quantile(f64::from(tick) / f64::from(last))).collect()
    }

    /// The run at this place when the shortest is at 0.
    fn at(&self, place: u64) -> u64 {
        let mut before = 0_u64;
        for bin in self.bins.values() {
            before = before.saturating_add(bin.runs);
            if place < before {
                return bin.mean();
            }
        }
        self.bins.values().next_back().map_or(0, |bin| bin.mean())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(durations: impl IntoIterator<Item = u64>) -> Distribution {
        let mut times = Distribution::default();
        durations.into_iter().for_each(|duration| times.learn(duration));
        times
    }

    #[test]
    fn bins_rise_without_a_gap_and_none_is_wider_than_a_sixty_fourth() {
        let mut least = 0;
        for duration in 1..2_000_000_u64 {
            let (before, bin) = (Distribution::bin(duration - 1), Distribution::bin(duration));
            assert!(bin == before || bin == before + 1, "{duration}");
            if bin > before {
                least = duration;
            }
            assert!((duration - least) * 64 < least.max(1), "{duration} is in the bin of {least}");
        }
        assert_eq!(Distribution::bin(u64::MAX), 57 * 64 + 127);
    }

    #[test]
    fn quantiles_are_less_than_two_percent_off_for_whatever_durations() {
        let mut state = 7_u64;
        let mut durations: Vec<u64> = (0..10_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // From a millisecond to hours, most of them short.
                ((state >> 40) as f64 / f64::from(1 << 24) * 16.0).exp() as u64
            })
            .collect();
        let times = of(durations.iter().copied());
        durations.sort_unstable();
        for percent in 0..=100_usize {
            let told = times.quantile(percent as f64 / 100.0) as f64;
            let place = percent * (durations.len() - 1);
            let (low, high) = (durations[place / 100] as f64, durations[place.div_ceil(100)] as f64);
            assert!((low * 0.98..=high * 1.02).contains(&told), "{percent}%: {told}, between {low} and {high}");
        }
    }

    #[test]
    fn runs_that_are_all_alike_are_told_exactly() {
        let times = of([1_234_567; 9]);
        assert_eq!(
            (times.quantile(0.5), times.quantile(0.9), times.ticks(60)),
            (1_234_567, 1_234_567, vec![1_234_567; 9])
        );
    }

    #[test]
    fn it_is_read_back_as_it_was_written_and_merges_into_the_same() {
        let (one, other, both) = (of([0, 5, 900]), of([901, 77_000]), of([0, 5, 900, 901, 77_000]));
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(serde_json::from_str::<Distribution>(&text).unwrap(), both);
        assert_eq!(serde_json::to_string(&one).unwrap(), "[[0,1,0],[5,1,5],[304,1,900]]");
        let mut merged = one;
        merged.merge(&other);
        assert_eq!(merged, both);
    }

    #[test]
    fn it_does_not_grow_with_the_runs() {
        let spread = |runs: u64| of((0..runs).map(|run| 1_000 + run % 1_000));
        assert_eq!(spread(200_000).bins.len(), spread(1_000).bins.len());
    }

    #[test]
    fn where_nothing_ran_nothing_is_told() {
        let mut nothing = Distribution::default();
        nothing.add(3, 0, 9);
        assert_eq!((nothing.runs(), nothing.total_ms(), nothing.quantile(0.5), nothing.ticks(60)), (0, 0, 0, vec![]));
    }

    #[test]
    fn counts_that_cannot_be_overflow_nothing() {
        let mut times = of([u64::MAX]);
        times.add(Distribution::bin(u64::MAX), u64::MAX, u64::MAX);
        assert_eq!((times.runs(), times.total_ms(), times.ticks(2)), (u64::MAX, u64::MAX, vec![1, 1]));
    }
}
