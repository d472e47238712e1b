//! One job: what was heard of it, and the events that follow. All its events are made here, so that ids, sequence
//! and order have one place.

use super::api::{Config, KnownJob, Submission};
use super::plan::Plan;
use crate::event::{
    Base, Body, Event, ExecutionData, FileRef, ImagesGenerated, InterruptReason, JobCompleted, JobError, JobFailed,
    JobInterrupted, JobQueued, JobStarted, NodeExecuted, NodeExecuting, NodeProgressUpdate, NodeRef, NodeState,
    SCHEMA_VERSION, WorkflowNodes,
};
use crate::ids::event_id;
use crate::messages::{message_with, verb};
use crate::names::NodeKind;
use crate::progress;
use crate::time::{Now, Timestamp, percentage};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// More ids than this in one job are heard but not kept: a server cannot make us grow without bound.
const MAX_NODES: usize = 50_000;
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

/// A node that has started, or that was told of otherwise.
#[derive(Debug)]
struct Live {
    node: NodeRef,
    kind: NodeKind,
    /// How messages begin, by the class of the node that people see.
    verb: &'static str,
    state: NodeState,
    steps: Option<(f64, f64)>,
    started: Option<u64>,
    weight: f64,
    finished_children: u32,
    executing_told: bool,
    executed_told: bool,
    images_told: bool,
    updates: u64,
}

/// What the server says of a node besides its id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a> {
    pub display: &'a str,
    pub parent: Option<&'a str>,
    pub real: Option<&'a str>,
}

impl<'a> Given<'a> {
    pub(super) fn display(display: &'a str) -> Given<'a> {
        Given { display, parent: None, real: None }
    }

    fn of(node: &'a NodeRef) -> Given<'a> {
        Given {
            display: &node.display_node_id,
            parent: node.parent_node_id.as_deref(),
            real: node.real_node_id.as_deref(),
        }
    }
}

impl Live {
    fn is_over(&self) -> bool {
        matches!(self.state, NodeState::Finished | NodeState::Cached | NodeState::Skipped)
    }
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

    /// The place of a node, made if it is new. `given` says what the server said of it.
    fn place(&mut self, id: &str, given: Option<Given>) -> Option<usize> {
        if let Some(at) = self.index.get(id).copied() {
            if let Some(given) = given.filter(|given| given.real.is_some()) {
                let node = &mut self.nodes[at].node;
                if node.real_node_id.is_none() {
                    node.real_node_id = given.real.map(str::to_owned);
                    node.parent_node_id = given.parent.map(str::to_owned);
                }
            }
            return Some(at);
        }
        if self.nodes.len() >= MAX_NODES {
            return None;
        }
        let own = self.plan.node(id);
        let display = given.map_or(id, |given| given.display);
        let seen = own.or_else(|| self.plan.node(display));
        let kind = seen.map_or(NodeKind::Other, |node| node.kind);
        let live = Live {
            node: NodeRef {
                node_id: id.to_owned(),
                display_node_id: display.to_owned(),
                parent_node_id: given.and_then(|given| given.parent).map(str::to_owned),
                real_node_id: given.and_then(|given| given.real).map(str::to_owned),
                node_title: seen.map_or_else(|| display.to_owned(), |node| node.node_title.clone()),
                class_type: own.map(|node| node.class_type.clone()),
            },
            kind,
            verb: verb(seen.map_or("", |node| node.class_type.as_str()), kind),
            state: NodeState::Pending,
            steps: None,
            started: None,
            weight: self.plan.weight(id),
            finished_children: 0,
            executing_told: false,
            executed_told: false,
            images_told: false,
            updates: 0,
        };
        self.nodes.push(live);
        self.index.insert(id.to_owned(), self.nodes.len() - 1);
        Some(self.nodes.len() - 1)
    }

    fn begin(&mut self, at: usize, mono: Option<u64>) {
        let live = &mut self.nodes[at];
        if live.state == NodeState::Pending {
            live.state = NodeState::Running;
            live.started = mono;
            self.running.push(at);
            // Listed as cached, and runs after all: the cache had let it go.
            if self.cached.remove(&live.node.node_id) {
                self.total_weight += live.weight;
            }
        }
    }

    /// True the first time.
    fn end(&mut self, at: usize, state: NodeState) -> bool {
        let live = &mut self.nodes[at];
        if live.is_over() {
            return false;
        }
        let ran = live.state == NodeState::Running;
        live.state = state;
        if let (Some((_, max)), NodeState::Finished) = (live.steps, state) {
            live.steps = Some((max, max));
        }
        let counted = !self.cached.contains(&live.node.node_id);
        if counted {
            self.done_weight += live.weight;
        }
        let parent = live.node.parent_node_id.clone();
        if ran {
            self.running.retain(|running| *running != at);
        }
        if let Some(parent) = parent.and_then(|parent| self.index.get(&parent).copied()) {
            self.nodes[parent].finished_children += 1;
        }
        true
    }

    /// A node starts: `executing`, or its first appearance in `progress_state`.
    pub fn node_starts(&mut self, pen: &mut Pen, id: &str, given: Option<Given>) {
        let Some(at) = self.place(id, given) else { return };
        if self.nodes[at].state != NodeState::Pending {
            return;
        }
        self.begin(at, Some(pen.now.mono));
        if !self.nodes[at].executing_told {
            self.nodes[at].executing_told = true;
            let node = self.nodes[at].node.clone();
            self.tell(pen, id, 0, NodeExecuting { node });
        }
    }

    /// What a `progress_state` says of one node, or a `progress` of an older server.
    pub fn node_says(&mut self, pen: &mut Pen, id: &str, given: Option<Given>, finished: bool, bar: (f64, f64)) {
        let Some(at) = self.place(id, given) else { return };
        if finished {
            self.node_finished(pen, at);
            return;
        }
        if self.nodes[at].is_over() {
            return;
        }
        self.node_starts(pen, id, given);
        // 0 of 1 is what every node starts with: nothing is known. Once a bar has moved, a fall back to 0 of 1 is a
        // node that was called again, and says as little.
        let (value, max) = bar;
        let known =
            !(value == 0.0 && (max - 1.0).abs() < f64::EPSILON) && value.is_finite() && max.is_finite() && max > 0.0;
        if known && self.nodes[at].steps != Some(bar) {
            self.nodes[at].steps = Some((value.clamp(0.0, max), max));
            self.tell_progress(pen, at);
        }
    }

    fn node_finished(&mut self, pen: &mut Pen, at: usize) {
        let id = self.nodes[at].node.node_id.clone();
        // Never seen to run, and nothing was missed: it was served from the cache.
        let cached = self.nodes[at].state == NodeState::Pending && (self.cached.contains(&id) || !self.gap);
        if !self.end(at, if cached { NodeState::Cached } else { NodeState::Finished }) {
            return;
        }
        if !self.nodes[at].executed_told {
            self.tell_executed(pen, at, None, cached);
        }
        self.tell_progress(pen, at);
    }

    /// An older server runs one node at a time and tells only of starts: what ran before is done.
    pub fn others_finish(&mut self, pen: &mut Pen, starting: &str) {
        for at in self.running.clone() {
            if self.nodes[at].node.node_id != starting {
                self.node_finished(pen, at);
            }
        }
    }

    /// `executed`: a node with something to show is done, or served from the cache.
    pub fn node_executed(&mut self, pen: &mut Pen, id: &str, display: Option<&str>, output: &Value) {
        let given = display.filter(|display| *display != id).map(Given::display);
        let Some(at) = self.place(id, given) else { return };
        let cached = self.nodes[at].state == NodeState::Pending && (self.cached.contains(id) || !self.gap);
        self.take_output(pen, at, output, cached);
    }

    fn take_output(&mut self, pen: &mut Pen, at: usize, output: &Value, cached: bool) {
        if !output.is_null() {
            self.outputs.insert(self.nodes[at].node.node_id.clone(), output.clone());
        }
        self.tell_executed(pen, at, Some(output), cached);
    }

    fn tell_executed(&mut self, pen: &mut Pen, at: usize, output: Option<&Value>, cached: bool) {
        let output = output.filter(|output| !output.is_null());
        let live = &mut self.nodes[at];
        let id = live.node.node_id.clone();
        if !live.executed_told {
            live.executed_told = true;
            let body = NodeExecuted {
                node_id: id.clone(),
                display_node_id: live.node.display_node_id.clone(),
                duration_ms: live.started.map(|started| pen.now.mono.saturating_sub(started)),
                output: output.cloned(),
                cached,
                blocked: None,
                steps: live.steps.map(|(_, max)| max),
            };
            self.tell(pen, &id, 0, body);
        }
        if let Some(output) = output.filter(|_| !self.nodes[at].images_told) {
            let images = files(output);
            if !images.is_empty() {
                self.nodes[at].images_told = true;
                self.tell(pen, &id, 0, ImagesGenerated { node_id: id.clone(), images, output: output.clone() });
            }
        }
    }

    /// `execution_error` of type `ExecutionBlocked`: this branch ends, the job goes on.
    pub fn node_blocked(&mut self, pen: &mut Pen, id: &str, why: &str) {
        let Some(at) = self.place(id, None) else { return };
        if self.nodes[at].executed_told || !self.end(at, NodeState::Skipped) {
            return;
        }
        self.nodes[at].executed_told = true;
        let body = NodeExecuted {
            node_id: id.to_owned(),
            display_node_id: self.nodes[at].node.display_node_id.clone(),
            duration_ms: None,
            output: None,
            cached: false,
            blocked: Some(why.to_owned()),
            steps: None,
        };
        self.tell(pen, id, 0, body);
    }

    fn tell_progress(&mut self, pen: &mut Pen, at: usize) {
        let running = self.running.iter().map(|at| {
            let live = &self.nodes[*at];
            (live.weight, progress::fraction(live.steps, live.finished_children))
        });
        self.percentage = self.percentage.max(progress::overall(self.total_weight, self.done_weight, running));
        let overall = percentage(self.percentage);
        let live = &mut self.nodes[at];
        let ordinal = live.updates;
        live.updates += 1;
        let steps = live.steps;
        let id = live.node.node_id.clone();
        let body = NodeProgressUpdate {
            node: live.node.clone(),
            node_progress: steps.map(|(value, _)| value),
            node_max_progress: steps.map(|(_, max)| max),
            node_percentage: steps.map(|(value, max)| percentage(value / max * 100.0)),
            node_state: live.state,
            message: message_with(live.verb, live.kind, &live.node.node_title, steps),
            overall_percentage: overall,
            eta: None,
        };
        self.tell(pen, &id, ordinal, body);
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
                let body = JobFailed {
                    error: error.clone(),
                    duration_ms: duration,
                    will_retry: false,
                    output: made.then_some(output),
                };
                self.tell(pen, "", 0, body);
            }
            Heard::Interrupted(node_id) => {
                let reason = if self.cancelling { InterruptReason::Cancelled } else { InterruptReason::Interrupted };
                let body = JobInterrupted {
                    reason,
                    node_id: node_id.clone(),
                    duration_ms: duration,
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
        self.tell(pen, "", 0, JobInterrupted { reason, node_id: None, duration_ms: None, output: None });
    }
}

fn files(output: &Value) -> Vec<FileRef> {
    use crate::comfy::output::{Content, read};
    read(output)
        .items
        .into_iter()
        .filter_map(|item| match item.content {
            Content::File { file, .. } => Some(FileRef {
                r#type: file.folder.as_str().to_owned(),
                filename: file.filename,
                subfolder: file.subfolder,
            }),
            Content::Text(_) => None,
        })
        .collect()
}
