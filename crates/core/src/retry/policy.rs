//! Policies as a person writes them: `[retry]` of the configuration.
//!
//! ```toml
//! [retry.limits]
//! max_retries = 5
//! within = "30m"
//!
//! [[retry.policy]]
//! name = "out of memory"
//! match = { status = "execution_error", error = "OutOfMemoryError" }
//! do = [
//!   { free_memory = true, wait = "2s" },
//!   { change = "batch", times = 2 },
//!   { change = { what = "size", factor = 0.75, round = 8, floor = 512 } },
//! ]
//! ```
//!
//! Own policies come before the shipped ones, of which those of the same name are left out.

mod faults;

pub use faults::{PolicyError, Problem};

use super::Cause;
pub use super::written::Pattern;
use super::written::{Table, one_or_many, text_or_table};
use crate::names::NodeKind;
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Automatic retries of a generation where nobody says otherwise.
pub const MAX_RETRIES: u32 = 5;
/// How long after its first failure a generation is tried again, where nobody says otherwise.
pub const WITHIN: Millis = Millis(30 * 60_000);

/// What is done about failures: the first policy that matches decides.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Written")]
pub struct Policies {
    /// For a generation as a whole, whichever policies come into play.
    pub limits: Limits,
    pub list: Vec<Policy>,
}

/// `[retry]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    limits: Limits,
    /// Whether the shipped policies follow the own ones.
    #[serde(default = "yes")]
    shipped: bool,
    #[serde(default)]
    policy: Vec<Policy>,
}

impl From<Written> for Policies {
    fn from(written: Written) -> Self {
        let mut list = written.policy;
        if written.shipped {
            let own: Vec<String> = list.iter().map(|policy| policy.name.clone()).collect();
            list.extend(Self::shipped().list.into_iter().filter(|policy| !own.contains(&policy.name)));
        }
        Self { limits: written.limits, list }
    }
}

/// How often and how long; what is not given is left to the limits around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    #[serde(default)]
    pub max_retries: Option<u32>,
    /// Since the first failure of the generation: no retry is sent later.
    #[serde(default)]
    pub within: Option<Millis>,
}

/// What is done about one kind of failure.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub name: String,
    /// It is for a failure that one of these fits.
    #[serde(rename = "match", deserialize_with = "one_or_many")]
    pub on: Vec<Match>,
    /// Such a failure is not tried again.
    #[serde(default)]
    pub never: bool,
    /// In order, each as often as it says.
    #[serde(rename = "do", default, deserialize_with = "one_or_many")]
    pub steps: Vec<Step>,
    /// Of retries by this policy.
    #[serde(default)]
    pub limits: Limits,
}

/// Which failures: of each field that is given, one entry must fit.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    #[serde(deserialize_with = "one_or_many")]
    pub status: Vec<Cause>,
    /// The exception's name, with or without its modules.
    #[serde(deserialize_with = "one_or_many")]
    pub error: Vec<Pattern>,
    /// Part of what the exception says.
    #[serde(deserialize_with = "one_or_many")]
    pub message: Vec<Pattern>,
    /// Class of the node that failed.
    #[serde(deserialize_with = "one_or_many")]
    pub class: Vec<Pattern>,
    /// Kind of the node that failed.
    #[serde(deserialize_with = "one_or_many")]
    pub kind: Vec<NodeKind>,
}

/// What is done at once before one retry. A step that cannot be done, or that has nothing to change in the workflow, is
/// passed over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    #[serde(default)]
    pub wait: Option<Wait>,
    #[serde(default)]
    pub free_memory: bool,
    #[serde(default)]
    pub another_instance: Another,
    #[serde(default, deserialize_with = "one_or_many")]
    pub change: Vec<Change>,
    /// Which nodes are changed; all that bear on the failure if it is not given.
    #[serde(default)]
    pub on: Nodes,
    /// How often in a row, as long as it has something to change.
    #[serde(default = "once")]
    pub times: u32,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            wait: None,
            free_memory: false,
            another_instance: Another::default(),
            change: Vec::new(),
            on: Nodes::default(),
            times: once(),
        }
    }
}

/// How long before a retry: `first`, times `factor` for each time the step is repeated, `max` at most. Up to half more
/// is added by chance, so that what failed together does not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Wait {
    pub first: Millis,
    #[serde(default = "doubled")]
    pub factor: f64,
    #[serde(default = "a_minute")]
    pub max: Millis,
}

/// Where a retry goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected true, false or \"prefer\"")]
pub enum Another {
    /// `true`: not where it failed; without another instance the step is passed over. `false`: as the generation asks.
    Must(bool),
    /// Another instance if there is one, else the same.
    If(Preference),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    Prefer,
}

impl Default for Another {
    fn default() -> Self {
        Self::Must(false)
    }
}

/// Nodes by class or kind; all where neither is given.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Nodes {
    #[serde(deserialize_with = "one_or_many")]
    pub class: Vec<Pattern>,
    #[serde(deserialize_with = "one_or_many")]
    pub kind: Vec<NodeKind>,
}

/// A change of inputs. The floors are what a change never goes below.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    NewSeed {},
    /// `batch_size` times `factor`, rounded down.
    Batch {
        #[serde(default = "half")]
        factor: f64,
        #[serde(default = "one")]
        floor: u64,
    },
    /// Width and height times `factor`, to the nearest multiple of `round`; `floor` is for the shorter side.
    Size {
        #[serde(default = "three_quarters")]
        factor: f64,
        /// 64 suits the first models best, 8 keeps the shape of the picture.
        #[serde(default = "eight")]
        round: u64,
        #[serde(default = "five_hundred_twelve")]
        floor: u64,
    },
    /// The class that does the same in tiles, where the server has it.
    TiledVae {},
    /// The next lower precision an input offers, `floor` in bits.
    Precision {
        #[serde(default = "eight")]
        floor: u64,
    },
    /// Frames of a video times `factor`, to the next count the class takes.
    Frames {
        #[serde(default = "six_tenths")]
        factor: f64,
        #[serde(default = "seventeen")]
        floor: u64,
    },
}

impl<'de> Table<'de> for Wait {
    const KEY: &'static str = "first";
    const EXPECTED: &'static str = "a duration such as \"2s\", or a table { first, factor, max }";

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Wait::deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
}

impl<'de> Table<'de> for Change {
    const KEY: &'static str = "what";
    const EXPECTED: &'static str = "the name of a change such as \"batch\", or a table { what, … }";

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Change::deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for Change {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
}

/// A duration in milliseconds, written as `500ms`, `2s`, `30m`, `1h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl std::str::FromStr for Millis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let factor = UNITS.iter().find(|(name, _)| *name == unit.trim()).map(|(_, factor)| *factor);
        let millis = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
        millis.map(Millis).ok_or_else(|| format!("{text:?} is no duration: write \"2s\", \"30m\" or \"500ms\""))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor));
        let (name, factor) = unit.unwrap_or(&("ms", 1));
        write!(f, "{}{name}", self.0 / factor)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

fn yes() -> bool {
    true
}
fn once() -> u32 {
    1
}
fn doubled() -> f64 {
    2.0
}
fn a_minute() -> Millis {
    Millis(60_000)
}
fn half() -> f64 {
    0.5
}
fn three_quarters() -> f64 {
    0.75
}
fn six_tenths() -> f64 {
    0.6
}
fn one() -> u64 {
    1
}
fn eight() -> u64 {
    8
}
fn seventeen() -> u64 {
    17
}
fn five_hundred_twelve() -> u64 {
    512
}
