//! Answers of `ComfyUI`'s HTTP API, read from their bodies.
//!
//! All are read tolerantly: unknown fields are passed over, wrong ones are left out and counted, and the only error
//! is a body that is no JSON at all.

mod fields;
mod history;
mod jobs;
mod object_info;
mod prompt;
mod queue;
mod system;

use serde_json::Value;
use serde_json::value::RawValue;

pub use history::{History, HistoryEntry, Outcome, history};
pub use jobs::{Job, JobStatus, Jobs, Pagination, job, jobs};
pub use object_info::{ClassInfo, DynamicOption, Input, InputKind, ObjectInfo, OutputSlot, object_info};
pub use prompt::{
    Accepted, QueueLength, Refusal, Refused, UploadedImage, accepted, queue_length, refused, uploaded_image,
};
pub use queue::{Queue, QueueItem, queue};
pub use system::{Device, SystemStats, features, system_stats};

use super::graph::{Graph, GraphError};
use super::lenient::repair;

/// What an answer says, and how much of it was not as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    pub value: T,
    /// Fields and entries of a wrong type, which were left out.
    pub oddities: u32,
}

/// The body of an answer is no JSON: an error page of a proxy, or not `ComfyUI` at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not JSON ({reason}): check that the address is that of a ComfyUI server")]
pub struct NotJson {
    reason: String,
}

/// A workflow graph as it came, unread: queue and history hold many, of which few are looked at.
#[derive(Debug, Clone)]
pub struct RawGraph(Box<RawValue>);

impl RawGraph {
    /// The JSON text of the graph, byte for byte.
    pub fn json(&self) -> &str {
        self.0.get()
    }

    /// Reads the graph.
    pub fn read(&self) -> Result<Graph, GraphError> {
        serde_json::from_str(self.json())
            .map_err(|_| GraphError::NotAnObject)
            .and_then(|value: Value| Graph::from_value(&value))
    }
}

impl PartialEq for RawGraph {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

/// Hands the body to `read`, or if that fails as JSON, the body made JSON (see [`repair`]).
fn tolerant<T>(body: &[u8], read: impl Fn(&[u8]) -> serde_json::Result<Answer<T>>) -> Result<Answer<T>, NotJson> {
    if let Ok(answer) = read(body) {
        return Ok(answer);
    }
    let mut answer = read(repair(body).as_bytes()).map_err(|error| NotJson { reason: error.to_string() })?;
    answer.oddities += 1;
    Ok(answer)
}
