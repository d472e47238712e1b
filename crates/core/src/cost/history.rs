//! What was run on one instance.

use super::{Drivers, Work};
use crate::names::NodeKind;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Runs that a bucket keeps, the newest: enough for a median, few enough to follow a server that changes.
const KEPT: usize = 15;
/// Different things of one class that are remembered; the one not run for longest goes first.
pub const BUCKETS_PER_CLASS: usize = 64;

/// One run of what a bucket stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

    pub fn learn(&mut self, run: Run) {
        self.runs += 1;
        let place = self.recent.partition_point(|kept| kept.at <= run.at);
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

    pub fn buckets(&self) -> impl Iterator<Item = &Bucket> {
        self.classes.values().flat_map(BTreeMap::values)
    }

    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.classes.keys().map(String::as_str)
    }

    pub fn of_class(&self, class_type: &str) -> impl Iterator<Item = &Bucket> {
        self.classes.get(class_type).into_iter().flat_map(BTreeMap::values)
    }

    pub fn learn(&mut self, work: &Work, run: Run) {
        let class = self.classes.entry(work.class_type.clone()).or_default();
        class.entry(Bucket::key(&work.drivers)).or_insert_with(|| Bucket::new(work)).learn(run);
        if class.len() > BUCKETS_PER_CLASS
            && let Some(oldest) = class.iter().min_by_key(|(_, bucket)| bucket.recent.last().map(|run| run.at))
        {
            let oldest = oldest.0.clone();
            class.remove(&oldest);
        }
    }
}
