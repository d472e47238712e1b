//! Spans of time in words, the same wherever people read them: measured, ticking, to come, left.

use crate::event::Eta;

/// Below this, counting seconds says more than is known.
const FEW_MS: u64 = 5_000;
/// What is shown of a time left changes no more often than this.
const STEADY_MS: u64 = 2_000;

/// A time that was measured: `0.62 s`, `11.4 s`, `4:07`, `1:04:09`.
pub fn measured(ms: u64) -> String {
    match ms {
        ..10 => "under 0.01 s".to_owned(),
        10..1_000 => format!("0.{:02} s", ms / 10),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => ticking(ms),
    }
}

/// A time that goes on while it is read: `45 s`, `1:12`, `1:04:09`.
pub fn ticking(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

/// A time to come, no finer than it is known: `8 s`, `25 s`, `2 min`, `3 h`.
pub fn to_come(ms: u64) -> String {
    match ms.div_ceil(1_000) {
        seconds @ ..10 => format!("{seconds} s"),
        seconds @ 10..60 => format!("{} s", seconds.div_ceil(5) * 5),
        seconds @ 60..3_600 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{} h", (seconds + 1_800) / 3_600),
    }
}

/// The time a running job has left, no more exact than it is known: `about 20 s left`, `2 to 4 min left`,
/// `10 to 40 min, first run here`, `longer than usual, 1:12 over`, `a few seconds`, `not known yet`.
///
/// `over_ms`: how long it is past what nine of ten runs take.
pub fn left(eta: Option<Eta>, over_ms: Option<u64>) -> String {
    if let Some(over) = over_ms {
        return format!("longer than usual, {} over", ticking(over));
    }
    let Some(Eta { remaining_ms, low_ms, high_ms }) = eta else { return "not known yet".to_owned() };
    if remaining_ms < FEW_MS && high_ms < 3 * FEW_MS {
        return "a few seconds".to_owned();
    }
    let wide = high_ms > low_ms.saturating_add(low_ms / 2);
    // Of the last seconds of any job little is known; that alone does not make it a first run.
    let first = high_ms / 3 > low_ms && high_ms.saturating_sub(low_ms) >= 60_000;
    match range(low_ms, high_ms).filter(|_| wide) {
        Some(range) if first => format!("{range}, first run here"),
        Some(range) => format!("{range} left"),
        None => {
            let Amount(count, unit) = Amount::of(remaining_ms);
            format!("about {count} {unit} left")
        }
    }
}

/// `2 to 4 min`, `40 s to 3 min`, `up to 20 s`; nothing where both ends read the same.
fn range(low_ms: u64, high_ms: u64) -> Option<String> {
    let Amount(high, unit) = Amount::of(high_ms);
    let Amount(low, low_unit) = match Amount::of(low_ms) {
        Amount(seconds @ 60.., "s") if unit != "s" => Amount((seconds + 30) / 60, "min"),
        amount => amount,
    };
    match (low, low_unit == unit) {
        (0, _) => Some(format!("up to {high} {unit}")),
        (_, true) => (low < high).then(|| format!("{low} to {high} {unit}")),
        (_, false) => Some(format!("{low} {low_unit} to {high} {unit}")),
    }
}

/// A number a person can keep in mind, and its unit: steps of 5 s below 1 min, 10 s below 2 min, then minutes, hours.
struct Amount(u64, &'static str);

impl Amount {
    fn of(ms: u64) -> Amount {
        let seconds = ms.saturating_add(500) / 1_000;
        let nearest = |step: u64| (seconds + step / 2) / step;
        match seconds {
            ..58 => Amount(nearest(5) * 5, "s"),
            58..115 => Amount(nearest(10) * 10, "s"),
            115..7_200 => Amount(nearest(60), "min"),
            _ => Amount(nearest(3_600), "h"),
        }
    }
}

/// The words of a time left as one place shows them: they change at most every two seconds, and an estimate that
/// wavers does not make them flip between two values.
#[derive(Clone, Debug, Default)]
pub struct Steady {
    text: String,
    /// Monotonic milliseconds.
    since: u64,
    /// The estimate that the text was made of; none where there was none, or it was used up.
    basis: Option<u64>,
}

impl Steady {
    /// As [`left`]; `now` is in monotonic milliseconds.
    pub fn left(&mut self, eta: Option<Eta>, over_ms: Option<u64>, now: u64) -> &str {
        let basis = eta.filter(|_| over_ms.is_none()).map(|eta| eta.remaining_ms);
        let moved = match (self.basis, basis) {
            (Some(shown), Some(new)) => shown.abs_diff(new) > (shown / 10).max(1_500),
            _ => true,
        };
        if self.text.is_empty() || (moved && now.saturating_sub(self.since) >= STEADY_MS) {
            let text = left(eta, over_ms);
            if text != self.text {
                *self = Steady { text, since: now, basis };
            }
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eta(remaining_ms: u64, low_ms: u64, high_ms: u64) -> Eta {
        Eta { remaining_ms, low_ms, high_ms }
    }

    fn told(remaining_ms: u64, low_ms: u64, high_ms: u64) -> String {
        left(Some(eta(remaining_ms, low_ms, high_ms)), None)
    }

    #[test]
    fn a_measured_time_reads_as_the_page_writes_it() {
        let cases = [
            (3, "under 0.01 s"),
            (620, "0.62 s"),
            (999, "0.99 s"),
            (11_480, "11.4 s"),
            (59_999, "59.9 s"),
            (247_000, "4:07"),
            (3_849_000, "1:04:09"),
        ];
        for (ms, text) in cases {
            assert_eq!(measured(ms), text);
        }
    }

    #[test]
    fn a_time_to_come_is_no_finer_than_it_is_known() {
        assert_eq!([800, 8_000, 23_000, 130_000, 7_200_000].map(to_come), ["1 s", "8 s", "25 s", "2 min", "2 h"]);
    }

    #[test]
    fn a_narrow_time_left_is_one_number_in_steps_that_grow_with_it() {
        let cases = [
            (5_200, "about 5 s left"),
            (18_200, "about 20 s left"),
            (59_000, "about 60 s left"),
            (71_000, "about 70 s left"),
            (118_000, "about 2 min left"),
            (590_000, "about 10 min left"),
            (7_900_000, "about 2 h left"),
        ];
        for (ms, text) in cases {
            assert_eq!(told(ms, ms - ms / 10, ms + ms / 10), text);
        }
    }

    #[test]
    fn a_wide_time_left_is_told_as_the_range_it_is() {
        assert_eq!(told(190_000, 110_000, 240_000), "2 to 4 min left");
        assert_eq!(told(20_000, 12_000, 31_000), "10 to 30 s left");
        assert_eq!(told(70_000, 42_000, 95_000), "40 to 100 s left");
        assert_eq!(told(100_000, 51_000, 150_000), "50 s to 3 min left");
        assert_eq!(told(8_000, 1_000, 21_000), "up to 20 s left");
        assert_eq!(told(5_500_000, 5_400_000, 10_800_000), "90 min to 3 h left");
        // Both ends round to the same: a range would say nothing.
        assert_eq!(told(5_400, 4_000, 7_000), "about 5 s left");
    }

    #[test]
    fn a_very_wide_time_left_says_that_it_is_the_first_run() {
        assert_eq!(told(1_300_000, 610_000, 2_400_000), "10 to 40 min, first run here");
        assert_eq!(told(9_000, 2_000, 14_000), "up to 15 s left");
    }

    #[test]
    fn what_is_nearly_done_or_overdue_or_unknown_has_its_own_words() {
        assert_eq!(told(3_000, 1_000, 9_000), "a few seconds");
        assert_eq!(told(3_000, 1_000, 50_000), "up to 50 s left");
        assert_eq!(left(Some(eta(0, 0, 0)), Some(72_400)), "longer than usual, 1:12 over");
        assert_eq!(left(Some(eta(0, 0, 0)), Some(9_000)), "longer than usual, 9 s over");
        assert_eq!(left(None, None), "not known yet");
        assert_eq!(told(u64::MAX, u64::MAX, u64::MAX), format!("about {} h left", u64::MAX / 3_600_000));
    }

    #[test]
    fn what_is_shown_does_not_flip_between_two_values_and_changes_at_most_every_two_seconds() {
        let narrow = |ms: u64| Some(eta(ms, ms.saturating_sub(100), ms + 100));
        let mut steady = Steady::default();
        assert_eq!(steady.left(narrow(22_600), None, 0), "about 25 s left");
        for (now, ms) in [(2_500, 22_400), (5_000, 22_600), (7_500, 22_400)] {
            assert_eq!(steady.left(narrow(ms), None, now), "about 25 s left");
        }
        assert_eq!(steady.left(narrow(19_000), None, 8_000), "about 20 s left");
        assert_eq!(steady.left(narrow(12_000), None, 9_900), "about 20 s left");
        assert_eq!(steady.left(narrow(12_000), None, 10_000), "about 10 s left");
        // It may rise, when it is really more.
        assert_eq!(steady.left(narrow(31_000), None, 12_000), "about 30 s left");
        assert_eq!(steady.left(narrow(0), Some(1_000), 14_000), "longer than usual, 1 s over");
        assert_eq!(steady.left(None, None, 16_000), "not known yet");
    }
}
