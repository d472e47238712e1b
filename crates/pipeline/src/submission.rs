//! From what a person sends to what is recorded: the graph in API format, changed as asked, with a title, and the rows of
//! its generation and first attempt.

use crate::api::{ApiError, Overrides, Source, Submit};
use crate::clock;
use crate::ports::{AttemptRecord, GenerationRecord, Sending};
use monitor_core::comfy::graph::Graph;
use monitor_core::event::{Base, Body, Event, InterruptReason, JobInterrupted, SCHEMA_VERSION};
use monitor_core::generation::Origin;
use monitor_core::ids::event_id;
use monitor_core::time::Timestamp;
use monitor_core::workflow::{editor, file, form, overrides, title};
use serde_json::Value;
use uuid::Uuid;

pub(crate) fn invalid(error: impl std::fmt::Display) -> ApiError {
    ApiError::Invalid { message: error.to_string(), node_id: None }
}

pub(crate) fn lookup<'a>(classes: Option<&'a Value>) -> impl Fn(&str) -> Option<&'a Value> {
    move |class| classes?.get(class)
}

/// A graph as it came, and what its file says of its name.
pub(crate) struct Carried {
    pub graph: file::Graph,
    pub title: Option<String>,
}

/// A graph in API format, likewise.
pub(crate) struct Read {
    pub workflow: Value,
    pub title: Option<String>,
}

pub(crate) async fn carried(source: Source) -> Result<Carried, ApiError> {
    match source {
        Source::File(bytes) => {
            let carried = tokio::task::spawn_blocking(move || file::extract(&bytes)).await.map_err(invalid)?;
            let carried = carried.map_err(invalid)?;
            Ok(Carried { graph: carried.graph, title: carried.title })
        }
        Source::Json(value) => {
            let is_editor = value.get("nodes").is_some_and(Value::is_array);
            let graph = if is_editor { file::Graph::Editor(value) } else { file::Graph::Api(value) };
            Ok(Carried { graph, title: None })
        }
    }
}

impl Carried {
    pub(crate) fn is_editor(&self) -> bool {
        matches!(self.graph, file::Graph::Editor(_))
    }

    /// `classes`: needed for the editor's format alone; why they are not there otherwise.
    pub(crate) fn read(self, classes: Result<&Value, String>) -> Result<Read, ApiError> {
        let workflow = match (self.graph, classes) {
            (file::Graph::Api(workflow), _) => {
                Graph::from_value(&workflow).map_err(invalid)?;
                workflow
            }
            (file::Graph::Editor(workflow), Ok(classes)) => {
                editor::to_api(&workflow, &lookup(Some(classes))).map_err(invalid)?
            }
            (file::Graph::Editor(_), Err(why)) => {
                return Err(invalid(format!(
                    "this is a workflow in the editor's format, and turning it into the API format needs a connected \
                     ComfyUI ({why}); or export it with \"Export (API)\""
                )));
            }
        };
        Ok(Read { workflow, title: self.title })
    }
}

pub(crate) fn override_inputs(graph: &mut Value, changes: Overrides, classes: Option<&Value>) -> Result<(), ApiError> {
    if changes.is_empty() {
        return Ok(());
    }
    overrides::apply(graph, &Value::Object(changes), &lookup(classes)).map_err(|error| ApiError::Invalid {
        node_id: error.field().map(|(node_id, _)| node_id.to_owned()),
        message: error.to_string(),
    })
}

/// What is recorded of a submission; `submit.source` has been read.
pub(crate) fn records(
    submit: Submit,
    read: Read,
    classes: Option<&Value>,
) -> Result<(GenerationRecord, AttemptRecord), ApiError> {
    let mut graph = read.workflow;
    override_inputs(&mut graph, submit.overrides, classes)?;
    let parsed = Graph::from_value(&graph).map_err(invalid)?;
    if parsed.is_empty() {
        return Err(invalid("the workflow has no nodes"));
    }
    let prompt = form::prompt_text(&parsed, &lookup(classes));
    let given = submit.title.as_deref().or(read.title.as_deref());
    let record = GenerationRecord {
        queue_id: submit.queue_id.unwrap_or_else(Uuid::new_v4),
        origin: Origin::Submitted,
        title: title::title(given, prompt.as_deref(), submit.filename.as_deref(), parsed.len()),
        instance_id: submit.instance_id.clone(),
        created_at: clock::wall(),
        idempotency_key: submit.idempotency_key,
        metadata: submit.metadata,
        warnings: Vec::new(),
    };
    let mut attempt = new_attempt(record.queue_id, 1, submit.instance_id, graph, None);
    if let Some(prompt_id) = submit.prompt_id {
        attempt.prompt_id = prompt_id;
    }
    Ok((record, attempt))
}

pub(crate) fn new_attempt(
    queue_id: Uuid,
    number: u32,
    instance_id: Option<String>,
    workflow: Value,
    change: Option<String>,
) -> AttemptRecord {
    AttemptRecord {
        queue_id,
        number,
        prompt_id: Uuid::new_v4().to_string(),
        instance_id,
        sending: Sending::Waiting,
        workflow,
        change,
        created_at: clock::wall(),
        refusal: None,
        complaints: Vec::new(),
        queue_number: None,
        submitter_client_id: None,
        retry: None,
        retry_stopped: false,
    }
}

/// The end of an attempt that was taken back before it was sent: no tracker knows of it.
pub(crate) fn taken_back(attempt: &AttemptRecord, client_id: String, sequence: u64, timestamp: Timestamp) -> Event {
    let body = Body::from(JobInterrupted::unseen(InterruptReason::Cancelled));
    let base = Base {
        prompt_id: attempt.prompt_id.clone(),
        timestamp,
        client_id,
        event_id: event_id(&attempt.queue_id.to_string(), attempt.number, body.detail_type(), "", 0),
        sequence,
        attempt: attempt.number,
        instance_id: attempt.instance_id.clone().unwrap_or_default(),
        queue_id: Some(attempt.queue_id),
        schema_version: SCHEMA_VERSION,
        occurred_at: None,
        submitter_client_id: None,
        overall_percentage: None,
    };
    Event { base, body }
}
