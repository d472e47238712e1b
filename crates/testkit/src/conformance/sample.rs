//! Generations, events and media to try an adapter with. Numbers make ids: the same number is the same thing.

use monitor_core::event::{
    Base, Body, Event, ExecutionData, JobCompleted, JobError, JobFailed, JobQueued, JobRetrying, JobStarted,
    MonitorStopped, NodeExecuted, NodeExecuting, NodeProgressUpdate, NodeRef, NodeState, SCHEMA_VERSION, SYSTEM_PROMPT,
};
use monitor_core::generation::{Origin, OutputKind, OutputStatus, Status, Summary};
use monitor_core::ids;
use monitor_core::retry::Tried;
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::{AttemptRecord, GenerationRecord, MediaRecord, PlannedRetry, Sending};
use serde_json::json;
use uuid::Uuid;

pub const INSTANCE: &str = "gpu-1";
const START: i64 = 1_800_000_000_000;

/// What strings of strangers may hold.
pub fn hostile_strings() -> Vec<String> {
    [
        "nul \0 inside",
        "'; DROP TABLE generations; --",
        "\"quoted\" \\ %_ [x]",
        "🎈 grüße \u{202e}right to left",
        "\u{feff}\u{1}\u{7f}\u{85}",
        "",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(["x".repeat(1024 * 1024)])
    .collect()
}

/// `seconds` after some fixed moment.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp(START + seconds * 1000)
}

pub fn record(number: u32) -> GenerationRecord {
    GenerationRecord {
        queue_id: Uuid::from_u128(u128::from(number) << 64),
        origin: Origin::Submitted,
        title: format!("picture {number}"),
        instance_id: Some(INSTANCE.to_owned()),
        created_at: at(i64::from(number)),
        idempotency_key: None,
        metadata: None,
        warnings: Vec::new(),
    }
}

pub fn attempt(record: &GenerationRecord, number: u32) -> AttemptRecord {
    AttemptRecord {
        queue_id: record.queue_id,
        number,
        prompt_id: format!("prompt-{}-{number}", record.queue_id.simple()),
        instance_id: record.instance_id.clone(),
        sending: Sending::Accepted,
        workflow: json!({"3": {"class_type": "KSampler", "inputs": {"seed": u64::MAX, "cfg": 7.5}}}),
        change: None,
        created_at: record.created_at,
        refusal: None,
        complaints: Vec::new(),
        queue_number: Some(f64::from(number)),
        submitter_client_id: None,
        retry: None,
        retry_stopped: false,
    }
}

/// A retry that is to become attempt `number`.
pub fn planned(record: &GenerationRecord, number: u32) -> PlannedRetry {
    PlannedRetry {
        queue_id: record.queue_id,
        number,
        retry_at: at(i64::from(number) * 1_000),
        tried: Tried { policy: "out_of_memory".to_owned(), step: 2, at: at(10) },
        retry_count: number - 1,
        max_retries: 4,
        failed_at: INSTANCE.to_owned(),
        other_instance: false,
        free_memory: true,
        workflow: json!({"5": {"class_type": "EmptyLatentImage", "inputs": {"batch_size": 2}}}),
        change: Some("Batch size 4 to 2".to_owned()),
        next: None,
    }
}

pub fn summary(record: &GenerationRecord, status: Status, sequence: u64) -> Summary {
    Summary {
        queue_id: record.queue_id,
        prompt_id: attempt(record, 1).prompt_id,
        instance_id: record.instance_id.clone().unwrap_or_default(),
        origin: record.origin,
        status,
        reason: None,
        title: record.title.clone(),
        created_at: record.created_at,
        started_at: None,
        completed_at: status.is_ended().then(|| record.created_at.plus(1000)),
        duration_ms: None,
        queue_position: None,
        estimated_wait_time: None,
        overall_percentage: 0.0,
        eta: None,
        over_ms: None,
        message: None,
        stalled_since: None,
        error: None,
        warnings: Vec::new(),
        retry_count: 0,
        retry: None,
        metadata: None,
        coarse: false,
        sequence,
        strip: Vec::new(),
        current: None,
        thumbnail_url: None,
        output_count: 0,
    }
}

pub fn media(record: &GenerationRecord, position: u32) -> MediaRecord {
    MediaRecord {
        media_id: ids::media_id(record.queue_id, 1, "9", &position.to_string()),
        queue_id: record.queue_id,
        attempt: 1,
        instance_id: INSTANCE.to_owned(),
        node_id: "9".to_owned(),
        kind: OutputKind::Image,
        preview: false,
        status: OutputStatus::Pending,
        source: None,
        text: None,
        content_type: None,
        size: None,
        width: None,
        height: None,
        sha256: None,
        key: None,
        thumbnail_key: None,
        reason: None,
        position,
    }
}

/// One attempt of a generation, as its events tell it.
#[derive(Clone)]
pub struct Job {
    pub queue_id: Uuid,
    pub prompt_id: String,
    pub instance_id: String,
    pub attempt: u32,
}

impl Job {
    pub fn of(attempt: &AttemptRecord) -> Job {
        Job {
            queue_id: attempt.queue_id,
            prompt_id: attempt.prompt_id.clone(),
            instance_id: attempt.instance_id.clone().unwrap_or_default(),
            attempt: attempt.number,
        }
    }

    pub fn event(&self, sequence: u64, body: impl Into<Body>) -> Event {
        let body = body.into();
        let id = |kind| ids::event_id(&self.queue_id.to_string(), self.attempt, kind, "", sequence);
        Event {
            base: Base {
                prompt_id: self.prompt_id.clone(),
                timestamp: at(i64::try_from(sequence).unwrap()),
                client_id: "monitor".to_owned(),
                event_id: id(body.detail_type()),
                sequence,
                attempt: self.attempt,
                instance_id: self.instance_id.clone(),
                queue_id: Some(self.queue_id),
                schema_version: SCHEMA_VERSION,
                occurred_at: None,
                submitter_client_id: None,
                overall_percentage: None,
            },
            body,
        }
    }

    pub fn queued(&self, sequence: u64) -> Event {
        self.event(sequence, JobQueued { queue_position: Some(1), title: None })
    }

    pub fn started(&self, sequence: u64) -> Event {
        self.event(sequence, JobStarted { total_nodes: 2, cached_nodes: Vec::new() })
    }

    pub fn executing(&self, sequence: u64, node_id: &str) -> Event {
        self.event(sequence, NodeExecuting { node: node(node_id) })
    }

    pub fn progress(&self, sequence: u64, node_id: &str) -> Event {
        let body = NodeProgressUpdate {
            node: node(node_id),
            node_progress: Some(3.0),
            node_max_progress: Some(20.0),
            node_percentage: Some(15.0),
            node_state: NodeState::Running,
            message: "Generating image using K-Sampler: 3/20 steps (15%)".to_owned(),
            overall_percentage: 12.5,
            eta: None,
        };
        self.event(sequence, body)
    }

    pub fn executed(&self, sequence: u64, node_id: &str) -> Event {
        let body = NodeExecuted {
            node_id: node_id.to_owned(),
            display_node_id: node_id.to_owned(),
            duration_ms: Some(1500),
            output: None,
            cached: false,
            blocked: None,
            steps: Some(20.0),
            work: None,
        };
        self.event(sequence, body)
    }

    pub fn completed(&self, sequence: u64, duration_ms: u64) -> Event {
        let execution_data = ExecutionData { prompt_id: self.prompt_id.clone(), output: json!({}) };
        self.event(
            sequence,
            JobCompleted { execution_data, duration_ms, cached_nodes: Vec::new(), peak_memory_bytes: None },
        )
    }

    pub fn failed(&self, sequence: u64, duration_ms: u64) -> Event {
        let body = JobFailed {
            error: error(),
            duration_ms: Some(duration_ms),
            will_retry: true,
            node_progress: Some(7.0),
            node_max_progress: Some(20.0),
            output: None,
            peak_memory_bytes: None,
        };
        self.event(sequence, body)
    }

    pub fn retrying(&self, sequence: u64) -> Event {
        let body =
            JobRetrying { retry_count: 1, max_retries: 3, retry_delay: 5000, error: error(), change: None, next: None };
        self.event(sequence, body)
    }

    /// All the events of a short run that ends well.
    pub fn run(&self) -> Vec<Event> {
        vec![
            self.queued(1),
            self.started(2),
            self.executing(3, "3"),
            self.executed(4, "3"),
            self.executing(5, "9"),
            self.executed(6, "9"),
            self.completed(7, 3000),
        ]
    }
}

fn node(node_id: &str) -> NodeRef {
    NodeRef {
        node_id: node_id.to_owned(),
        display_node_id: node_id.to_owned(),
        parent_node_id: None,
        real_node_id: None,
        node_title: "K-Sampler".to_owned(),
        class_type: Some("KSampler".to_owned()),
    }
}

pub fn error() -> JobError {
    JobError { r#type: "torch.OutOfMemoryError".to_owned(), message: "out of memory".to_owned(), ..JobError::default() }
}

/// A monitor-level event.
pub fn stopped(instance_id: &str, sequence: u64) -> Event {
    Event {
        base: Base {
            prompt_id: SYSTEM_PROMPT.to_owned(),
            timestamp: at(i64::try_from(sequence).unwrap()),
            client_id: "monitor".to_owned(),
            event_id: ids::event_id(instance_id, 1, "Monitor Stopped", "", sequence),
            sequence,
            attempt: 1,
            instance_id: instance_id.to_owned(),
            queue_id: None,
            schema_version: SCHEMA_VERSION,
            occurred_at: None,
            submitter_client_id: None,
            overall_percentage: None,
        },
        body: MonitorStopped { reason: "shutdown".to_owned() }.into(),
    }
}

/// The same order for the same seed: a failure can be looked at again.
pub fn shuffled<T: Clone>(items: &[T], seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
    let mut items = items.to_vec();
    for place in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(place, (state >> 33) as usize % (place + 1));
    }
    items
}
