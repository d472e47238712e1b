//! How many automatic retries an instance is given: so many within any minute, never more. Each books the moment it
//! goes at, so that a person is told when that is as soon as it is known.

use monitor_core::time::Timestamp;

/// The window that the limit holds for, milliseconds: any, not only those that begin with a full minute.
pub const WINDOW: u64 = 60_000;

/// The retries of one instance.
#[derive(Clone, Debug)]
pub struct Budget {
    most: usize,
    /// In order; those that lie a window back no longer count and go.
    booked: Vec<Timestamp>,
}

impl Budget {
    /// At most `most` retries within a window; at least one is granted.
    pub fn new(most: u32) -> Budget {
        Budget { most: most.max(1) as usize, booked: Vec::new() }
    }

    /// Takes the first moment from `wanted` on at which another retry fits.
    pub fn book(&mut self, now: Timestamp, wanted: Timestamp) -> Timestamp {
        let past = self.booked.partition_point(|at| at.plus(WINDOW) <= now);
        self.booked.drain(..past);
        // A moment that is too full becomes free when one of those before it leaves the window, and not earlier.
        let later = self.booked.iter().map(|at| at.plus(WINDOW)).filter(|at| *at > wanted);
        let at = std::iter::once(wanted).chain(later).find(|at| self.fits(*at)).unwrap_or(wanted);
        let place = self.booked.partition_point(|booked| *booked <= at);
        self.booked.insert(place, at);
        at
    }

    /// It goes at another time after all, or never.
    pub fn give_back(&mut self, at: Timestamp) {
        if let Ok(place) = self.booked.binary_search(&at) {
            self.booked.remove(place);
        }
    }

    /// Whether no window around this moment would hold more than it may.
    fn fits(&self, at: Timestamp) -> bool {
        let place = self.booked.partition_point(|booked| *booked <= at);
        let around = self.booked.get(place.saturating_sub(self.most)..).unwrap_or_default();
        // With it there would be one more among so many neighbours as may share a window.
        let windows = around.windows(self.most).take(self.most + 1);
        windows.into_iter().all(|window| match (window.first(), window.last()) {
            (Some(first), Some(last)) => (*last).max(at).since((*first).min(at)) >= WINDOW,
            _ => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn most_in_a_window(granted: &[Timestamp]) -> usize {
        granted
            .iter()
            .map(|start| granted.iter().filter(|at| *at >= start && at.since(*start) < WINDOW).count())
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn what_fits_goes_when_it_wants_and_what_does_not_when_it_does() {
        let (now, mut budget) = (Timestamp(0), Budget::new(2));
        assert_eq!(budget.book(now, Timestamp(1_000)), Timestamp(1_000));
        assert_eq!(budget.book(now, Timestamp(500)), Timestamp(500));
        assert_eq!(budget.book(now, Timestamp(700)), Timestamp(60_500));
        assert_eq!(budget.book(now, Timestamp(0)), Timestamp(61_000));
        assert_eq!(budget.book(now, Timestamp(121_000)), Timestamp(121_000));
    }

    #[test]
    fn what_was_given_back_is_free_again() {
        let (now, mut budget) = (Timestamp(0), Budget::new(1));
        let at = budget.book(now, Timestamp(5));
        budget.give_back(at);
        assert_eq!(budget.book(now, Timestamp(5)), Timestamp(5));
        budget.give_back(Timestamp(77));
        assert_eq!(budget.book(now, Timestamp(5)), Timestamp(60_005));
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_it_may_and_none_goes_early(
            most in 1_u32..6,
            asked in proptest::collection::vec((0_u64..20_000, 0_u64..200_000), 1..80),
        ) {
            let (mut budget, mut now, mut granted) = (Budget::new(most), Timestamp(0), Vec::new());
            for (passes, wait) in asked {
                now = now.plus(passes);
                let wanted = now.plus(wait);
                let at = budget.book(now, wanted);
                prop_assert!(at >= wanted);
                granted.push(at);
            }
            prop_assert!(most_in_a_window(&granted) <= most as usize, "{granted:?}");
        }

        #[test]
        fn nobody_waits_although_there_is_room(
            most in 1_u32..6,
            asked in proptest::collection::vec(0_i64..200_000, 1..40),
        ) {
            let (mut budget, mut granted) = (Budget::new(most), Vec::new());
            for wanted in asked.into_iter().map(Timestamp) {
                let at = budget.book(Timestamp(0), wanted);
                if at > wanted {
                    granted.push(wanted);
                    prop_assert!(most_in_a_window(&granted) > most as usize, "{wanted} waited until {at}: {granted:?}");
                    granted.pop();
                }
                granted.push(at);
            }
        }
    }
}
