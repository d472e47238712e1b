//! One job: what was heard of it, and the events that follow. All its events are made here, so that ids, sequence
//! and order have one place.

mod nodes;

pub(super) use nodes::Given;
use nodes::Live;

use super::api::{Config, KnownJob, Submission};
use super::plan::Plan;
use crate::event::{
    Base, Body, Event, ExecutionData, InterruptReason, JobCompleted, JobError, JobFailed, JobInterrupted, JobQueued,
    JobStarted, NodeState, SCHEMA_VERSION, WorkflowNodes,
};
use crate::ids::event_id;
use crate::time::{Now, Timestamp};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// More nodes than this that are not in the submitted graph are heard but not followed: each costs events, and a server
/// cannot make us grow without bound.
const MAX_CHILDREN: usize = 5_000;
/// Room left in the sequence for what a former run of ours gave out and did not store.
const SEQUENCE_LEAP: u64 = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Sent, no answer and no message yet.
    Submitting,
    Waiting,
    Running,
}

/// The end of a job as it was heard on the socket; the history has the last word.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    Success,
    Error(JobError),
    Interrupted(Option<String>),
}

#[derive(Debug)]
pub(super) struct Job {
    pub queue_id: Uuid,
    pub attempt: u32,
    pub prompt_id: String,
    pub title: Option<String>,
    /// Submitted by us.
    pub ours: bool,
    /// Its messages come to our socket.
    pub addressed_to_us: bool,
    pub submitter: Option<String>,
    pub number: Option<f64>,
    /// Server clock, ms.
    pub create_time: Option<i64>,
    pub phase: Phase,
    pub cancelling: bool,
    pub heard_end: Option<Heard>,
    /// `executing` with `node: null` came: the history must have it now.
    pub last_word: bool,
    /// When to ask the history again, or to give up asking.
    pub end_due: Option<u64>,
    pub history_asks: u32,
    /// `execution_start` came, `execution_cached` not yet: tell of the start at this moment at the latest.
    pub start_due: Option<u64>,
    /// Something may have been missed since it started.
    pub gap: bool,
    pub position: Option<u32>,
    plan: Plan,
    total_weight: f64,
    done_weight: f64,
    sequence: u64,
    queued_told: bool,
    started_told: bool,
    started: Option<Now>,
    cached: HashSet<String>,
    nodes: Vec<Live>,
    index: HashMap<String, usize>,
    /// Places in `nodes` of those that run.
    running: Vec<usize>,
    /// `{nodeId: output}` as heard.
    outputs: Map<String, Value>,
    percentage: f64,
    /// Newer servers tell all in `progress_state`; `progress` then only says whose preview comes next.
    modern: bool,
}

/// Where events go, with what all of them carry.
pub(super) struct Pen<'a> {
    pub config: &'a Config,
    pub now: Now,
    pub occurred_at: Option<Timestamp>,
    pub out: &'a mut Vec<Event>,
}

impl Job {
    pub fn new(submission: &Submission, ours: bool, plan: Plan, phase: Phase) -> Job {
        Job {
            queue_id: submission.queue_id,
            attempt: submission.attempt,
            prompt_id: submission.prompt_id.clone(),
            title: submission.title.clone(),
            ours,
            addressed_to_us: ours,
            submitter: None,
            number: None,
            create_time: None,
            phase,
            cancelling: false,
            heard_end: None,
            last_word: false,
            end_due: None,
            history_asks: 0,
            start_due: None,
            gap: false,
            position: None,
            total_weight: plan.total_weight(),
            plan,
            done_weight: 0.0,
            sequence: submission.last_sequence,
            queued_told: false,
            started_told: false,
            started: None,
            cached: HashSet::new(),
            nodes: Vec::new(),
            index: HashMap::new(),
            running: Vec::new(),
            outputs: Map::new(),
            percentage: 0.0,
            modern: false,
        }
    }

    /// A job that a former run of ours told about: what it published is not published again.
    pub fn resumed(known: &KnownJob, plan: Plan, now: Now) -> Job {
        let mut job = Job::new(&known.submission, known.ours, plan, Phase::Waiting);
        job.sequence = known.last_sequence + SEQUENCE_LEAP;
        job.submitter.clone_from(&known.submitter_client_id);
        job.number = known.number;
        job.gap = true;
        job.percentage = known.highest_percentage;
        if known.ours && known.events.is_empty() {
            job.phase = Phase::Submitting;
        }
        let attempt = job.attempt;
        for event in known.events.iter().filter(|event| event.base.attempt == attempt) {
            match &event.body {
                Body::JobQueued(_) => job.queued_told = true,
                Body::JobStarted(body) => {
                    job.queued_told = true;
                    job.started_told = true;
                    job.phase = Phase::Running;
                    job.take_cached(&body.cached_nodes);
                    // Of a former run's monotonic clock nothing is left; the difference of wall clocks is the best.
                    let ago = now.wall.since(event.base.timestamp);
                    job.started = Some(Now { wall: event.base.timestamp, mono: now.mono.saturating_sub(ago) });
                }
                Body::NodeExecuting(body) => {
                    if let Some(at) = job.place(&body.node.node_id, Some(Given::of(&body.node))) {
                        job.nodes[at].executing_told = true;
                        job.begin(at, None);
                    }
                }
                Body::NodeExecuted(body) => {
                    if let Some(at) = job.place(&body.node_id, None) {
                        job.nodes[at].executed_told = true;
                        job.end(at, NodeState::Finished);
                    }
                    if let Some(output) = &body.output {
                        job.outputs.insert(body.node_id.clone(), output.clone());
                    }
                }
                Body::ImagesGenerated(body) => {
                    if let Some(at) = job.place(&body.node_id, None) {
                        job.nodes[at].images_told = true;
                    }
                }
                _ => {}
            }
        }
        job
    }

    pub fn is_started(&self) -> bool {
        self.started_told
    }

    /// Which output nodes are to run became known (`prompt[4]` of `/queue`).
    pub fn replan(&mut self, plan: Plan) {
        if !self.started_told {
            self.total_weight = plan.total_weight();
            self.plan = plan;
        }
    }

    fn tell(&mut self, pen: &mut Pen, node_id: &str, ordinal: u64, body: impl Into<Body>) {
        let body = body.into();
        self.sequence += 1;
        let mut queue = Uuid::encode_buffer();
        let queue = self.queue_id.hyphenated().encode_lower(&mut queue);
        pen.out.push(Event {
            base: Base {
                prompt_id: self.prompt_id.clone(),
                timestamp: pen.now.wall,
                client_id: pen.config.client_id.clone(),
                event_id: event_id(queue, self.attempt, body.detail_type(), node_id, ordinal),
                sequence: self.sequence,
                attempt: self.attempt,
                instance_id: pen.config.instance_id.clone(),
                queue_id: Some(self.queue_id),
                schema_version: SCHEMA_VERSION,
                occurred_at: pen.occurred_at,
                submitter_client_id: self.submitter.clone(),
            },
            body,
        });
    }

    pub fn tell_queued(&mut self, pen: &mut Pen) {
        if !self.queued_told {
            self.queued_told = true;
            let body = JobQueued { queue_position: self.position, title: self.title.clone() };
            self.tell(pen, "", 0, body);
        }
        if self.phase == Phase::Submitting {
            self.phase = Phase::Waiting;
        }
    }

    /// `execution_cached`, or what a history says of it: the whole of what is known when the job starts.
    pub fn start(&mut self, pen: &mut Pen, cached: &[String]) {
        self.start_due = None;
        self.phase = Phase::Running;
        if self.started_told {
            self.take_cached(cached);
            return;
        }
        self.tell_queued(pen);
        self.position = None;
        self.started_told = true;
        self.started.get_or_insert(pen.now);
        self.take_cached(cached);
        let total_nodes = u32::try_from(self.plan.nodes.len()).unwrap_or(u32::MAX);
        self.tell(pen, "", 0, JobStarted { total_nodes, cached_nodes: cached.to_vec() });
        let body = WorkflowNodes { workflow_nodes: self.plan.nodes.clone(), total_nodes };
        self.tell(pen, "", 0, body);
    }

    /// `execution_start`: its `execution_cached` follows at once.
    pub fn start_heard(&mut self, pen: &mut Pen, patience: u64) {
        self.phase = Phase::Running;
        self.started.get_or_insert(pen.now);
        if !self.started_told {
            self.tell_queued(pen);
            self.start_due.get_or_insert(pen.now.mono + patience);
        }
    }

    fn take_cached(&mut self, cached: &[String]) {
        for id in cached {
            if self.cached.insert(id.clone()) {
                self.total_weight -= self.plan.weight(id);
            }
        }
    }

    pub fn hears_progress_state(&mut self) {
        self.modern = true;
    }

    pub fn is_modern(&self) -> bool {
        self.modern
    }

    /// The next sequence for something live that is not an event, and what a preview is a picture of.
    pub fn picture_of(&mut self, id: &str) -> (u64, Option<(f64, f64)>, bool) {
        let at = self.index.get(id).copied();
        let class = self.plan.node(id).map(|node| node.class_type.as_str());
        (self.sequence, at.and_then(|at| self.nodes[at].steps), class == Some("SaveImageWebsocket"))
    }

    pub fn error_node(&self, id: &str) -> (Option<String>, Option<String>) {
        let node = self.plan.node(id);
        (node.map(|node| node.node_title.clone()), node.map(|node| node.class_type.clone()))
    }

    /// Milliseconds since it started, by our clock.
    fn elapsed(&self, now: Now) -> u64 {
        self.started.map_or(0, |started| now.mono.saturating_sub(started.mono))
    }

    /// Outputs that only the history told of.
    fn tell_outputs_of(&mut self, pen: &mut Pen, outputs: &Map<String, Value>) {
        for (id, output) in outputs {
            let Some(at) = self.place(id, None).filter(|at| !self.nodes[*at].images_told) else { continue };
            let cached = self.nodes[at].state == NodeState::Pending && self.cached.contains(id);
            self.take_output(pen, at, output, cached);
            self.end(at, if cached { NodeState::Cached } else { NodeState::Finished });
        }
    }

    /// The one end of this attempt. `outputs` are the history's, `None` where it has none and what was heard must do.
    pub fn conclude(
        &mut self,
        pen: &mut Pen,
        end: &Heard,
        outputs: Option<&Map<String, Value>>,
        servers_ms: Option<u64>,
    ) {
        if !matches!(end, Heard::Error(error) if error.r#type == "submission_refused") {
            self.tell_queued(pen);
        }
        if let Some(outputs) = outputs {
            self.tell_outputs_of(pen, outputs);
        }
        let output = Value::Object(outputs.cloned().unwrap_or_else(|| std::mem::take(&mut self.outputs)));
        let made = output.as_object().is_some_and(|output| !output.is_empty());
        let lost = matches!(end, Heard::Error(error) if error.r#type == "instance_lost");
        let duration = if self.started.is_some() && !self.gap { Some(self.elapsed(pen.now)) } else { servers_ms }
            .or_else(|| self.started.map(|_| self.elapsed(pen.now)))
            .filter(|_| !lost);
        match end {
            Heard::Success => {
                let mut cached_nodes: Vec<String> = self.cached.iter().cloned().collect();
                cached_nodes.sort();
                let body = JobCompleted {
                    execution_data: ExecutionData { prompt_id: self.prompt_id.clone(), output },
                    duration_ms: duration.unwrap_or(0),
                    cached_nodes,
                };
                self.tell(pen, "", 0, body);
            }
            Heard::Error(error) => {
                let reached = self.reached(error.node_id.as_deref());
                let body = JobFailed {
                    error: error.clone(),
                    duration_ms: duration,
                    will_retry: false,
                    node_progress: reached.map(|(value, _)| value),
                    node_max_progress: reached.map(|(_, max)| max),
                    output: made.then_some(output),
                };
                self.tell(pen, "", 0, body);
            }
            Heard::Interrupted(node_id) => {
                let reason = if self.cancelling { InterruptReason::Cancelled } else { InterruptReason::Interrupted };
                let reached = self.reached(node_id.as_deref());
                let body = JobInterrupted {
                    reason,
                    node_id: node_id.clone(),
                    duration_ms: duration,
                    node_progress: reached.map(|(value, _)| value),
                    node_max_progress: reached.map(|(_, max)| max),
                    output: made.then_some(output),
                };
                self.tell(pen, "", 0, body);
            }
        }
    }

    /// It left the queue before it ran, and the server did not restart.
    pub fn removed(&mut self, pen: &mut Pen) {
        self.tell_queued(pen);
        let reason = if self.cancelling { InterruptReason::Cancelled } else { InterruptReason::RemovedFromQueue };
        self.tell(pen, "", 0, JobInterrupted::unseen(reason));
    }

    /// How far the node was that it stopped in: the one named, else the one that started last. A node that waited for
    /// its children is as far as the last of them.
    fn reached(&self, named: Option<&str>) -> Option<(f64, f64)> {
        let mut newest_first = self.running.iter().rev().map(|at| &self.nodes[*at]);
        let Some(id) = named else { return newest_first.find_map(|live| live.steps) };
        let own = self.index.get(id).and_then(|at| self.nodes[*at].steps);
        own.or_else(|| newest_first.filter(|live| live.node.real_node_id.as_deref() == Some(id)).find_map(|l| l.steps))
    }
}
