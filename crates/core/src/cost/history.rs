//! What was run on one instance.

use super::{Drivers, Work};
use crate::event::{Body, Event};
use crate::names::NodeKind;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Runs that a bucket keeps, the newest: enough for a median, few enough to follow a server that changes.
const KEPT: usize = 15;
/// Different things of one class that are remembered; the one not run for longest goes first.
pub const BUCKETS_PER_CLASS: usize = 64;
/// Classes of one instance that are remembered; likewise.
pub const CLASSES: usize = 512;
/// Bytes of a class name and of what drives a cost. No real node comes near; what is longer is not remembered.
const LONGEST_CLASS: usize = 256;
const LONGEST_KEY: usize = 2048;
/// Nothing runs longer than thirty days, whatever a clock says; sums of such never overflow.
const LONGEST_RUN_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// One run of what a bucket stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Run {
    pub at: Timestamp,
    pub duration_ms: u64,
    /// Of these, spent on loading a model.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub load_ms: Option<u64>,
    /// How often its bar ran, where more than once.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rounds: Option<u32>,
}

impl Run {
    /// What an event tells of a node that ran; `None` where it did not (it was cached, or its branch blocked), where it
    /// is no node of the submitted graph, and where nothing measured it.
    pub fn of(event: &Event) -> Option<(&Work, Run)> {
        let Body::NodeExecuted(done) = &event.body else { return None };
        let (work, duration_ms) = (done.work.as_ref()?, done.duration_ms?.min(LONGEST_RUN_MS));
        if done.cached || done.blocked.is_some() || work.class_type.len() > LONGEST_CLASS {
            return None;
        }
        let at = event.base.happened_at();
        Some((work, Run { load_ms: work.load_ms.map(|load| load.min(duration_ms)), ..work.run(at, duration_ms) }))
    }
}

/// Runs of one class that are alike in all that drives their cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    pub class_type: String,
    pub kind: NodeKind,
    pub drivers: Drivers,
    /// All there ever were.
    pub runs: u64,
    /// The newest, oldest first, at most 15.
    pub recent: Vec<Run>,
}

impl Bucket {
    pub fn new(work: &Work) -> Bucket {
        Bucket {
            class_type: work.class_type.clone(),
            kind: work.kind,
            drivers: work.drivers.clone(),
            runs: 0,
            recent: Vec::new(),
        }
    }

    /// Identifies it within its instance and class.
    pub fn key(drivers: &Drivers) -> String {
        // Numbers, short strings and maps of them: always encodable.
        serde_json::to_string(drivers).unwrap_or_default()
    }

    /// When it ran last.
    pub fn newest(&self) -> Option<Timestamp> {
        self.recent.last().map(|run| run.at)
    }

    pub fn learn(&mut self, run: Run) {
        self.runs += 1;
        let place = self.recent.partition_point(|kept| *kept <= run);
        self.recent.insert(place, run);
        if self.recent.len() > KEPT {
            self.recent.remove(0);
        }
    }
}

/// The buckets of one instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    classes: BTreeMap<String, BTreeMap<String, Bucket>>,
}

impl History {
    pub fn from_buckets(buckets: impl IntoIterator<Item = Bucket>) -> History {
        let mut history = History::default();
        for bucket in buckets {
            let class = history.classes.entry(bucket.class_type.clone()).or_default();
            class.insert(Bucket::key(&bucket.drivers), bucket);
        }
        history
    }

    /// Those of one class.
    pub fn of_class(&self, class_type: &str) -> impl Iterator<Item = &Bucket> {
        self.classes.get(class_type).into_iter().flat_map(BTreeMap::values)
    }

    pub fn buckets(&self) -> impl Iterator<Item = &Bucket> {
        self.classes.values().flat_map(BTreeMap::values)
    }

    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.classes.keys().map(String::as_str)
    }

    /// Beyond the bounds, what has not run for longest is forgotten.
    pub fn learn(&mut self, work: &Work, run: Run) {
        let key = Bucket::key(&work.drivers);
        if key.len() > LONGEST_KEY || work.class_type.len() > LONGEST_CLASS {
            return;
        }
        let class = self.classes.entry(work.class_type.clone()).or_default();
        class.entry(key).or_insert_with(|| Bucket::new(work)).learn(run);
        forget_beyond(BUCKETS_PER_CLASS, class, Bucket::newest);
        forget_beyond(CLASSES, &mut self.classes, |class| class.values().filter_map(Bucket::newest).max());
    }
}

/// One too many at most: this is asked after each that was added.
fn forget_beyond<T>(most: usize, kept: &mut BTreeMap<String, T>, newest: impl Fn(&T) -> Option<Timestamp>) {
    if kept.len() > most
        && let Some(oldest) = kept.iter().min_by_key(|(_, value)| newest(value)).map(|(key, _)| key.clone())
    {
        kept.remove(&oldest);
    }
}
