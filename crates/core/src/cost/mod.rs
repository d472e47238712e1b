//! What a node costs: its expected time on one instance, from what nodes took there before.
//!
//! A run is described by its class and by what drives its cost ([`Drivers`]). Runs that are alike in all of it share a
//! [`Bucket`], which keeps the newest of them; a [`History`] is the buckets of one instance. However many runs there
//! were, a history is as large as the number of different things that were run, and that is bounded.

mod drivers;
mod history;
mod loops;
mod model;
mod priors;
mod spread;

pub use drivers::drivers;
pub use history::{BUCKETS_PER_CLASS, Bucket, CLASSES, History, Run};
pub use loops::{Loop, loops};
pub use model::{MEANS, Model, Standing, means};
pub use priors::Device;
pub use spread::Guess;

use crate::names::NodeKind;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What drives the cost of a node, as its graph tells it before it runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
pub struct Drivers {
    /// Steps asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<f64>,
    /// Width times height of one picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixels: Option<f64>,
    /// Pictures or frames worked on together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<f64>,
    /// File name of the model it works with or loads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampler: Option<String>,
    /// The model has to be loaded for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cold: bool,
    /// Other inputs of its own that are numbers, choices or switches; never seeds, texts or names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub inputs: BTreeMap<String, Value>,
}

/// What a node had to do, in the event that says that it is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Work {
    pub class_type: String,
    pub kind: NodeKind,
    pub drivers: Drivers,
    /// Milliseconds of its time that went into loading a model: what the first step took longer than the others.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub load_ms: Option<u64>,
    /// How often its bar ran, where it ran more than once: items of a list, passes, rounds of a loop.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rounds: Option<u32>,
}

impl Work {
    /// One run of it.
    pub fn run(&self, at: Timestamp, duration_ms: u64) -> Run {
        Run { at, duration_ms, load_ms: self.load_ms, rounds: self.rounds }
    }
}

/// An expected time: the middle, and the range that eight of ten runs fall into. Milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Expected {
    #[serde(rename = "expectedMs")]
    pub ms: u64,
    #[serde(rename = "expectedLowMs")]
    pub low_ms: u64,
    #[serde(rename = "expectedHighMs")]
    pub high_ms: u64,
}
