//! Trying again with other parameters: policies as data, and the decision they lead to. Pure: what happened and what is
//! known goes in, what to do comes out.
//!
//! [`policy`] is what a person writes, `matching` says which policy is for a failure, [`decide()`] which of its steps
//! is next. `change` makes another workflow of the one that failed, and [`check()`] is what nothing gets past that
//! `ComfyUI` would refuse. [`suggest()`] is for what has failed for good.

mod change;
pub mod check;
mod decide;
mod matching;
pub mod policy;
mod shipped;
pub mod suggest;
mod words;
mod written;

pub use check::check;
pub use decide::{decide, needed_classes};
pub use matching::matches;
pub use policy::{Policies, PolicyError};
pub use suggest::{Suggestion, SuggestionKind, suggest};

use crate::event::JobError;
use crate::names::NodeKind;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A node raised an exception.
    ExecutionError,
    /// The instance keeps no record of the job.
    InstanceLost,
    /// It took longer than it may, and was interrupted.
    Timeout,
    /// `ComfyUI` refused the workflow.
    Refused,
}

/// The failure to decide about.
#[derive(Clone, Debug)]
pub struct Failure {
    pub cause: Cause,
    pub error: JobError,
    /// Of the node that failed.
    pub kind: Option<NodeKind>,
    pub at: Timestamp,
}

/// One automatic retry of this generation so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Name of the policy.
    pub policy: String,
    /// Which of its steps, from 0.
    pub step: usize,
    /// When what it answered had failed.
    pub at: Timestamp,
}

/// What is known besides the failure.
pub struct Circumstances<'a> {
    /// The graph as it was sent last.
    pub workflow: &'a Value,
    /// What `/object_info` says of a class, at the instance the retry would go to.
    pub classes: &'a dyn Fn(&str) -> Option<&'a Value>,
    /// Another connected instance exists.
    pub other_instance: bool,
    /// Automatic retries so far, oldest first.
    pub tried: &'a [Tried],
    /// From 0 to 1: spreads what failed together.
    pub jitter: f64,
}

/// What to do about a failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub policy: String,
    pub step: usize,
    /// From 1, counting this one.
    pub retry_count: u32,
    pub max_retries: u32,
    pub delay_ms: u64,
    /// `/free` at the instance before it is sent.
    pub free_memory: bool,
    /// Not where it failed.
    pub other_instance: bool,
    /// The graph to send.
    pub workflow: Value,
    /// What differs, in words ("Batch size 4 to 2").
    pub change: Option<String>,
    /// What comes if this fails too, in words.
    pub next: Option<String>,
}
