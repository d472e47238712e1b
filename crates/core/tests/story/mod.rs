//! A made-up job told as events, a line each: sequence and time rise by themselves.
#![allow(dead_code, reason = "each test binary tells only some of it")]

use monitor_core::event::{
    Base, Body, Dependency, Event, ExecutionData, FileRef, ImagesGenerated, InterruptReason, JobCompleted, JobError,
    JobFailed, JobInterrupted, JobQueued, JobRetrying, JobStarted, NodeExecuted, NodeExecuting, NodeProgressUpdate,
    NodeRef, NodeState, SCHEMA_VERSION, WorkflowNode, WorkflowNodes,
};
use monitor_core::generation::{Generation, Node, Origin, Output, OutputKind, OutputStatus};
use monitor_core::ids::event_id;
use monitor_core::names::NodeKind;
use monitor_core::time::Timestamp;
use monitor_core::view::{Seed, View, media_url, thumbnail_url};
use serde_json::json;
use uuid::Uuid;

pub const START: Timestamp = Timestamp(1_795_538_344_000);
/// Milliseconds between two events.
pub const BEAT: u64 = 100;

pub fn queue_id() -> Uuid {
    Uuid::from_u128(0x1001)
}

pub fn seed() -> Seed {
    Seed {
        queue_id: queue_id(),
        origin: Origin::Submitted,
        instance_id: Some("cinder".into()),
        title: "Lighthouse at dusk".into(),
        created_at: START,
        metadata: Some(json!({"user": "ada"})),
        warnings: Vec::new(),
    }
}

/// Id, class, title, kind, ids it depends on.
pub type Spec<'a> = (&'a str, &'a str, &'a str, NodeKind, &'a [&'a str]);

pub const PICTURE: &[Spec<'static>] = &[
    ("4", "CheckpointLoaderSimple", "Checkpoint Loader", NodeKind::Loader, &[]),
    ("5", "EmptyLatentImage", "Empty Latent Image", NodeKind::Latent, &[]),
    ("6", "CLIPTextEncode", "CLIP Text Encoder", NodeKind::TextEncoder, &["4"]),
    ("3", "KSampler", "K-Sampler", NodeKind::Sampler, &["4", "6", "5"]),
    ("8", "VAEDecode", "VAE Decoder", NodeKind::Vae, &["3", "4"]),
    ("9", "SaveImage", "Save Image", NodeKind::Saver, &["8"]),
];

pub struct Story {
    pub events: Vec<Event>,
    pub attempt: u32,
    sequence: u64,
    pub now: Timestamp,
    pub submitter: Option<String>,
}

impl Story {
    pub fn new() -> Story {
        Story { events: Vec::new(), attempt: 1, sequence: 0, now: START, submitter: None }
    }

    /// Queued, started and laid out.
    pub fn of_a_picture(cached: &[&str]) -> Story {
        let mut story = Story::new();
        story.queued(1).started(cached).graph(PICTURE);
        story
    }

    pub fn tell(&mut self, body: impl Into<Body>) -> &mut Story {
        let body = body.into();
        self.sequence += 1;
        self.now = self.now.plus(BEAT);
        self.events.push(Event {
            base: Base {
                prompt_id: format!("prompt-{}", self.attempt),
                timestamp: self.now,
                client_id: "monitor".into(),
                event_id: event_id("story", self.attempt, body.detail_type(), "", self.sequence),
                sequence: self.sequence,
                attempt: self.attempt,
                instance_id: "cinder".into(),
                queue_id: Some(queue_id()),
                schema_version: SCHEMA_VERSION,
                occurred_at: None,
                submitter_client_id: self.submitter.clone(),
                overall_percentage: None,
            },
            body,
        });
        self
    }

    pub fn wait(&mut self, ms: u64) -> &mut Story {
        self.now = self.now.plus(ms);
        self
    }

    pub fn queued(&mut self, position: u32) -> &mut Story {
        self.tell(JobQueued { queue_position: Some(position), title: None })
    }

    pub fn started(&mut self, cached: &[&str]) -> &mut Story {
        self.tell(JobStarted { total_nodes: 6, cached_nodes: cached.iter().map(ToString::to_string).collect() })
    }

    pub fn graph(&mut self, specs: &[Spec<'_>]) -> &mut Story {
        let nodes = specs.iter().map(|(id, class, title, kind, from)| WorkflowNode {
            node_id: (*id).into(),
            class_type: (*class).into(),
            node_title: (*title).into(),
            kind: *kind,
            expected: None,
            dependencies: from
                .iter()
                .map(|from| Dependency { node_id: (*from).into(), input: "in".into(), output: 0, r#type: None })
                .collect(),
        });
        let total_nodes = u32::try_from(specs.len()).unwrap();
        self.tell(WorkflowNodes { workflow_nodes: nodes.collect(), total_nodes })
    }

    pub fn executing(&mut self, id: &str) -> &mut Story {
        self.tell(NodeExecuting { node: node_ref(id) })
    }

    pub fn step(&mut self, id: &str, value: f64, max: f64, overall: f64) -> &mut Story {
        self.says(id, NodeState::Running, Some((value, max)), overall)
    }

    pub fn says(&mut self, id: &str, state: NodeState, steps: Option<(f64, f64)>, overall: f64) -> &mut Story {
        let node = node_ref(id);
        let message = format!("Working on {}", node.node_title);
        self.tell(NodeProgressUpdate {
            node,
            node_progress: steps.map(|(value, _)| value),
            node_max_progress: steps.map(|(_, max)| max),
            node_percentage: steps.map(|(value, max)| value / max * 100.0),
            node_state: state,
            message,
            overall_percentage: overall,
            eta: None,
        })
    }

    pub fn executed(&mut self, id: &str, ms: u64) -> &mut Story {
        self.done(id, Some(ms), false, None)
    }

    pub fn served(&mut self, id: &str) -> &mut Story {
        self.done(id, None, true, None)
    }

    pub fn blocked(&mut self, id: &str) -> &mut Story {
        self.done(id, None, false, Some("no face found"))
    }

    fn done(&mut self, id: &str, duration_ms: Option<u64>, cached: bool, blocked: Option<&str>) -> &mut Story {
        let node = node_ref(id);
        self.tell(NodeExecuted {
            node_id: node.node_id,
            display_node_id: node.display_node_id,
            duration_ms,
            output: None,
            cached,
            blocked: blocked.map(Into::into),
            steps: None,
            work: None,
        })
    }

    pub fn images(&mut self, id: &str, filenames: &[&str]) -> &mut Story {
        let file =
            |name: &&str| FileRef { filename: (*name).into(), subfolder: String::new(), r#type: "output".into() };
        let images: Vec<FileRef> = filenames.iter().map(file).collect();
        let output = json!({ "images": images });
        self.tell(ImagesGenerated { node_id: id.into(), images, output })
    }

    pub fn completed(&mut self) -> &mut Story {
        let duration_ms = self.now.since(START);
        let execution_data = ExecutionData { prompt_id: format!("prompt-{}", self.attempt), output: json!({}) };
        self.tell(JobCompleted { execution_data, duration_ms, cached_nodes: Vec::new(), peak_memory_bytes: None })
    }

    pub fn failed(&mut self, kind: &str, node_id: Option<&str>, will_retry: bool) -> &mut Story {
        self.tell(JobFailed {
            error: error(kind, node_id),
            duration_ms: Some(1_000),
            will_retry,
            node_progress: None,
            node_max_progress: None,
            output: None,
            peak_memory_bytes: None,
        })
    }

    pub fn interrupted(&mut self, reason: InterruptReason, node_id: Option<&str>) -> &mut Story {
        let node_id = node_id.map(Into::into);
        self.tell(JobInterrupted { node_id, duration_ms: Some(1_000), ..JobInterrupted::unseen(reason) })
    }

    pub fn retrying(&mut self, retry_count: u32) -> &mut Story {
        self.tell(JobRetrying {
            retry_count,
            max_retries: 3,
            retry_delay: 8_000,
            error: error("torch.OutOfMemoryError", Some("3")),
            change: Some("batch size 2 instead of 4".into()),
            next: Some("batch size 1".into()),
        })
    }

    pub fn again(&mut self) -> &mut Story {
        self.attempt += 1;
        self
    }

    pub fn view(&self) -> View {
        let mut view = View::new(seed());
        for event in &self.events {
            view.apply(event);
        }
        view
    }

    pub fn generation(&self) -> Generation {
        self.view().generation(self.now, true)
    }
}

pub fn error(kind: &str, node_id: Option<&str>) -> JobError {
    JobError {
        r#type: kind.into(),
        message: "expected 4 channels, got 16\n".into(),
        node_id: node_id.map(Into::into),
        node_title: None,
        class_type: None,
        traceback: Vec::new(),
    }
}

/// `3.0.0.2` is a child that `3` expanded into, displayed under `8`, of the original node `3`.
pub fn node_ref(id: &str) -> NodeRef {
    let parent = id.rsplitn(4, '.').nth(3).map(str::to_owned);
    let real = parent.as_ref().and_then(|_| id.split('.').next()).map(str::to_owned);
    let display = if parent.is_some() { "8" } else { id };
    let spec = PICTURE.iter().find(|spec| spec.0 == display);
    NodeRef {
        node_id: id.into(),
        display_node_id: display.into(),
        node_title: spec.map_or(display, |spec| spec.2).into(),
        class_type: spec.filter(|_| parent.is_none()).map(|spec| spec.1.into()),
        parent_node_id: parent,
        real_node_id: real,
    }
}

pub fn node<'a>(generation: &'a Generation, id: &str) -> &'a Node {
    generation.nodes.iter().find(|node| node.node_id == id).unwrap_or_else(|| panic!("no node {id}"))
}

pub fn states(generation: &Generation) -> Vec<(&str, &'static str)> {
    generation.nodes.iter().map(|node| (node.node_id.as_str(), node.state.as_str())).collect()
}

pub fn image(number: u128, node_id: &str, status: OutputStatus) -> Output {
    let media_id = Uuid::from_u128(number);
    let stored = status == OutputStatus::Stored;
    Output {
        media_id,
        node_id: node_id.into(),
        kind: OutputKind::Image,
        preview: false,
        content_type: stored.then(|| "image/png".into()),
        size: stored.then_some(1_234),
        width: stored.then_some(1024),
        height: stored.then_some(1024),
        sha256: None,
        url: stored.then(|| media_url(media_id)),
        thumbnail_url: stored.then(|| thumbnail_url(media_id)),
        original_filename: Some("ComfyUI_00001_.png".into()),
        text: None,
        status,
        reason: (status == OutputStatus::Failed).then(|| "the server no longer has it".into()),
    }
}
