//! Events as entries of a request, and how many entries a request holds.

use monitor_core::event::{Event, SOURCE};
use monitor_core::time::Timestamp;

/// A request takes no more.
pub(super) const MOST: usize = 10;
/// All entries of a request are to stay under 1 MB, which nobody says is 2^20 or 10^6; less, so that it does not matter.
pub(super) const ROOM: usize = 950_000;
/// A larger entry goes beside the bus. Well above all but whole outputs, and below what a Lambda function, a queue or a
/// log line takes of an event, with the envelope that each puts around it.
pub(super) const LARGE: usize = 240 * 1024;
/// What AWS counts for the time of an entry.
const TIME: usize = 14;

#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// For the dead letters.
    pub(super) event: Event,
    pub(super) detail: String,
}

impl Entry {
    pub(super) fn detail_type(&self) -> &'static str {
        self.event.detail_type()
    }

    pub(super) fn time(&self) -> Timestamp {
        self.event.base.timestamp
    }

    /// As AWS counts it; there are no resources.
    pub(super) fn size(&self) -> usize {
        TIME + SOURCE.len() + self.detail_type().len() + self.detail.len()
    }
}

/// What goes together in one request, in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    entries: Vec<Entry>,
    size: usize,
}

impl Batch {
    /// Takes it, or gives it back where it no longer fits. Into an empty one anything fits.
    pub(super) fn offer(&mut self, entry: Entry) -> Option<Entry> {
        let size = self.size + entry.size();
        if !self.entries.is_empty() && (self.entries.len() == MOST || size > ROOM) {
            return Some(entry);
        }
        self.size = size;
        self.entries.push(entry);
        None
    }

    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_testkit::conformance::sample::{Job, attempt, record};
    use proptest::prelude::*;

    fn entry(sequence: u64, size: usize) -> Entry {
        let event = Job::of(&attempt(&record(1), 1)).queued(sequence);
        let mut entry = Entry { event, detail: String::new() };
        entry.detail = "x".repeat(size.saturating_sub(entry.size()));
        entry
    }

    fn batches(entries: impl IntoIterator<Item = Entry>) -> Vec<Vec<Entry>> {
        let (mut full, mut batch) = (Vec::new(), Batch::default());
        for entry in entries {
            if let Some(entry) = batch.offer(entry) {
                full.push(std::mem::take(&mut batch).into_entries());
                assert!(batch.offer(entry).is_none());
            }
        }
        full.push(batch.into_entries());
        full
    }

    #[test]
    fn an_entry_is_as_large_as_aws_counts_it() {
        let event = Job::of(&attempt(&record(1), 1)).queued(1);
        let entry = Entry { event, detail: r#"{"title": "grüße"}"#.to_owned() };
        assert_eq!(entry.size(), 14 + "comfyui.monitor".len() + "Job Queued".len() + 20);
    }

    #[test]
    fn a_request_holds_ten_or_as_much_as_there_is_room_for() {
        let counts = |sizes: &[usize]| {
            let entries = sizes.iter().zip(1..).map(|(size, sequence)| entry(sequence, *size));
            batches(entries).iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(counts(&[100; 21]), [10, 10, 1]);
        assert_eq!(counts(&[ROOM / 2, ROOM / 2, 100]), [2, 1]);
        assert_eq!(counts(&[ROOM / 2, ROOM / 2 + 1, 100]), [1, 2]);
        assert_eq!(counts(&[100, ROOM + 1, 100]), [1, 1, 1]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_entry_is_in_one_request_in_order_and_no_request_is_too_large(
            sizes in prop::collection::vec(prop_oneof![100..2_000_usize, 100..LARGE, LARGE..ROOM], 0..60),
        ) {
            let entries = sizes.iter().zip(1..).map(|(size, sequence)| entry(sequence, *size));
            let batches = batches(entries);
            let order: Vec<u64> = batches.iter().flatten().map(|entry| entry.event.base.sequence).collect();
            prop_assert_eq!(order, (1..=sizes.len() as u64).collect::<Vec<_>>());
            for pair in batches.windows(2) {
                let size = pair[0].iter().map(Entry::size).sum::<usize>();
                prop_assert!(size <= ROOM && pair[0].len() <= MOST);
                prop_assert!(pair[0].len() == MOST || size + pair[1][0].size() > ROOM, "not full");
            }
        }
    }
}
