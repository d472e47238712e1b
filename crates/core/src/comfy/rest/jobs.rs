//! `GET /api/jobs` and `GET /api/jobs/{id}` (0.6.0 and newer).

use serde_json::{Map, Value};

use super::fields::{Fields, from_tree};
use super::{Answer, NotJson};
use crate::comfy::message::{ExecutionError, Message, parse_parts};

/// A page of jobs, newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Jobs {
    pub jobs: Vec<Job>,
    pub pagination: Pagination,
}

/// Where the page stands in the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pagination {
    pub offset: u64,
    pub limit: Option<u64>,
    pub total: u64,
    pub has_more: bool,
}

/// A job as the server's own list tells it. Times are the server's clock in ms.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub id: String,
    /// Beware: a cycle found while running counts as completed. [`Job::error`] is set all the same.
    pub status: JobStatus,
    /// The `number` of the queue.
    pub priority: Option<f64>,
    pub create_time: Option<i64>,
    pub execution_start_time: Option<i64>,
    pub execution_end_time: Option<i64>,
    pub error: Option<ExecutionError>,
    pub outputs_count: Option<u64>,
    pub preview_output: Option<Value>,
    pub workflow_id: Option<String>,
    /// Output by node, only of a finished job asked for by its id.
    pub outputs: Map<String, Value>,
    /// The messages of the job, only of a finished job asked for by its id.
    pub messages: Vec<Message<'static>>,
}

/// The state of a job as the server names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    Pending,
    InProgress,
    Completed,
    Failed,
    /// 0.9 and newer; before, interrupted jobs were `failed`.
    Cancelled,
    Unknown,
}

/// Reads the answer of `GET /api/jobs`.
pub fn jobs(body: &[u8]) -> Result<Answer<Jobs>, NotJson> {
    from_tree(body, |fields| {
        let jobs = fields.list("jobs").iter().filter_map(|job| read(&mut fields.in_value(job))).collect();
        let mut pagination = fields.inside("pagination");
        let pagination = Pagination {
            offset: pagination.count("offset").unwrap_or_default(),
            limit: pagination.count("limit"),
            total: pagination.count("total").unwrap_or_default(),
            has_more: pagination.flag("has_more"),
        };
        Jobs { jobs, pagination }
    })
}

/// Reads the answer of `GET /api/jobs/{id}`; `None` for one that names no job, as the 404 does.
pub fn job(body: &[u8]) -> Result<Answer<Option<Job>>, NotJson> {
    from_tree(body, |fields| if fields.get("id").is_some() { read(fields) } else { None })
}

fn read(fields: &mut Fields) -> Option<Job> {
    let Some(id) = fields.text("id") else {
        fields.odd();
        return None;
    };
    let status = match fields.text("status").as_deref() {
        Some("pending") => JobStatus::Pending,
        Some("in_progress") => JobStatus::InProgress,
        Some("completed") => JobStatus::Completed,
        Some("failed") => JobStatus::Failed,
        Some("cancelled") => JobStatus::Cancelled,
        _ => {
            fields.odd();
            JobStatus::Unknown
        }
    };
    let error = fields.get("execution_error").map(|error| message("execution_error", error, fields));
    Some(Job {
        id,
        status,
        priority: fields.number("priority"),
        create_time: fields.millis("create_time"),
        execution_start_time: fields.millis("execution_start_time"),
        execution_end_time: fields.millis("execution_end_time"),
        error: error.and_then(|error| match error {
            Message::ExecutionError(error) => Some(error),
            _ => None,
        }),
        outputs_count: fields.count("outputs_count"),
        preview_output: fields.get("preview_output").cloned(),
        workflow_id: fields.text("workflow_id"),
        outputs: fields.object("outputs").cloned().unwrap_or_default(),
        messages: messages(fields),
    })
}

fn messages(fields: &mut Fields) -> Vec<Message<'static>> {
    let mut messages = Vec::new();
    for pair in fields.inside("execution_status").list("messages") {
        match pair.as_array().map(Vec::as_slice) {
            Some([Value::String(kind), data]) => messages.push(message(kind, data, fields)),
            _ => fields.odd(),
        }
    }
    messages
}

fn message(kind: &str, data: &Value, fields: &mut Fields) -> Message<'static> {
    let data = data.to_string();
    let parsed = parse_parts(kind, &data);
    if parsed.lenient {
        fields.odd();
    }
    parsed.message.into_owned()
}
