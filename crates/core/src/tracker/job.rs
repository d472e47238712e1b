//! One job: what was heard of it, and the events that follow. All its events are made here, so that ids, sequence
//! and order have one place.

mod ending;
mod nodes;

pub(super) use nodes::Given;
use nodes::Live;

use super::api::{Config, KnownJob, Pace, Submission};
use super::costs::{Charted, Costs};
use super::plan::Plan;
use crate::cost::{Expected, Work};
use crate::event::{Base, Body, Eta, Event, JobError, JobQueued, JobStarted, NodeState, SCHEMA_VERSION, WorkflowNodes};
use crate::ids::event_id;
use crate::progress::Course;
use crate::time::{Now, Timestamp, percentage};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// More nodes than this that are not in the submitted graph are heard but not followed: each costs events, and a server
/// cannot make us grow without bound.
const MAX_CHILDREN: usize = 5_000;
/// How often the pace of a running job is told, when only time passes, ms.
pub(super) const PACE_INTERVAL: u64 = 500;
/// Nodes of its class that a node teaches when it is done: a graph of thousands would be reckoned anew with each.
const MOST_TAUGHT: usize = 64;
/// Room left in the sequence for what a former run of ours gave out and did not store.
pub const SEQUENCE_LEAP: u64 = 1 << 20;

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
    /// When its pace is to be told again.
    pub pace_due: Option<u64>,
    /// It ran longer than it may: when it is to be interrupted (again).
    pub interrupt_due: Option<u64>,
    /// What it is expected to take once it runs, while it waits.
    pub expected: Option<Eta>,
    pub plan: Plan,
    /// How far it is; empty until it starts.
    course: Course,
    /// What each node of the plan has to do.
    works: Vec<Work>,
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
    /// The most GPU memory its instance used since it started, bytes.
    peak_memory: Option<u64>,
    /// Newer servers tell all in `progress_state`; `progress` then only says whose preview comes next.
    modern: bool,
}

/// Where events go, with what all of them carry.
pub(super) struct Pen<'a> {
    pub config: &'a Config,
    pub costs: &'a Costs,
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
            pace_due: None,
            interrupt_due: None,
            expected: None,
            plan,
            course: Course::new(Vec::new(), 0),
            works: Vec::new(),
            sequence: submission.last_sequence,
            queued_told: false,
            started_told: false,
            started: None,
            cached: HashSet::new(),
            nodes: Vec::new(),
            index: HashMap::new(),
            running: Vec::new(),
            outputs: Map::new(),
            peak_memory: None,
            modern: false,
        }
    }

    /// A job that a former run of ours told about: what it published is not published again.
    pub fn resumed(known: &KnownJob, plan: Plan, costs: &Costs, now: Now) -> Job {
        let mut job = Job::new(&known.submission, known.ours, plan, Phase::Waiting);
        job.sequence = known.last_sequence + SEQUENCE_LEAP;
        job.submitter.clone_from(&known.submitter_client_id);
        job.number = known.number;
        job.gap = true;
        // Without a number the server has not answered, as far as we know.
        if known.ours && known.events.is_empty() && known.number.is_none() {
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
                    job.chart(costs, now);
                    job.course.reached(known.highest_percentage);
                }
                Body::NodeExecuting(body) => {
                    if let Some(at) = job.place(&body.node.node_id, Some(Given::of(&body.node))) {
                        job.nodes[at].executing_told = true;
                        let ago = now.wall.since(event.base.timestamp);
                        job.begin(at, now.mono.saturating_sub(ago));
                        job.nodes[at].started = None;
                    }
                }
                Body::NodeExecuted(body) => {
                    if let Some(at) = job.place(&body.node_id, None) {
                        job.nodes[at].executed_told = true;
                        job.end(at, NodeState::Finished, now.mono);
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

    pub fn signatures(&self) -> HashSet<u64> {
        self.plan.signatures.iter().copied().collect()
    }

    /// Monotonic ms.
    pub fn started_at(&self) -> Option<u64> {
        self.started.map(|started| started.mono)
    }

    pub fn is_started(&self) -> bool {
        self.started_told
    }

    /// Which output nodes are to run became known (`prompt[4]` of `/queue`).
    pub fn replan(&mut self, plan: Plan) {
        if !self.started_told {
            self.plan = plan;
            self.expected = None;
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
                overall_percentage: None,
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
        let expected = self.chart(pen.costs, pen.now);
        let mut workflow_nodes = self.plan.nodes.clone();
        for (node, expected) in workflow_nodes.iter_mut().zip(expected) {
            node.expected = expected;
        }
        self.tell(pen, "", 0, WorkflowNodes { workflow_nodes, total_nodes });
        self.pace_due = Some(pen.now.mono);
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
            if self.cached.insert(id.clone())
                && let Some(leg) = self.plan.place(id)
            {
                self.course.skip(leg);
            }
        }
    }

    /// What lies before it, now that it is known what comes from the cache.
    fn chart(&mut self, costs: &Costs, now: Now) -> Vec<Option<Expected>> {
        let started = self.started.map_or(now.mono, |started| started.mono);
        let Charted { course, works, expected } = costs.chart(&self.plan, &self.cached, now.wall, started);
        (self.course, self.works) = (course, works);
        // Nothing else asks for the inputs any more.
        self.plan.graph = Vec::new();
        expected
    }

    /// A node is done: what it took is news about others of its class.
    pub fn learnt_of(&mut self, costs: &Costs, done: &str, now: Now) {
        let Some(class) = self.plan.node(done).map(|node| node.class_type.clone()) else { return };
        self.expect_again(costs, now, MOST_TAUGHT, |work| work.class_type == class);
    }

    /// What is expected of these nodes has changed: of those that are not done, the first `most`.
    pub fn expect_again(&mut self, costs: &Costs, now: Now, most: usize, which: impl Fn(&Work) -> bool) {
        let course = &self.course;
        let open = self.works.iter().enumerate().filter(|(place, work)| course.is_open(*place) && which(work));
        let guesses: Vec<_> = open.take(most).map(|(place, work)| (place, costs.guess(work, now.wall))).collect();
        for (place, guess) in guesses {
            self.course.expect(place, guess);
        }
    }

    /// How far it is, when only time has passed.
    pub fn pace(&mut self, now: Now) -> Pace {
        let reading = self.course.read(now.mono);
        let node = |leg: usize| self.plan.nodes.get(leg).map(|node| node.node_id.clone());
        let silent = reading.silent_since.filter(|_| self.addressed_to_us);
        Pace {
            queue_id: self.queue_id,
            attempt: self.attempt,
            overall_percentage: percentage(reading.percentage),
            eta: reading.eta,
            critical_node_id: reading.critical.and_then(node),
            stalled_since: silent.map(|since| ago(now, since)),
        }
    }

    pub fn left(&mut self, now: Now) -> Option<Eta> {
        self.course.read(now.mono).eta
    }

    /// The instance uses so much GPU memory, bytes.
    pub fn uses_memory(&mut self, bytes: u64) {
        if self.is_started() && self.heard_end.is_none() {
            self.peak_memory = self.peak_memory.max(Some(bytes));
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
    pub fn elapsed(&self, now: Now) -> u64 {
        self.started.map_or(0, |started| now.mono.saturating_sub(started.mono))
    }

    /// Outputs that only the history told of.
    fn tell_outputs_of(&mut self, pen: &mut Pen, outputs: &Map<String, Value>) {
        for (id, output) in outputs {
            let Some(at) = self.place(id, None).filter(|at| !self.nodes[*at].images_told) else { continue };
            let cached = self.nodes[at].state == NodeState::Pending && self.cached.contains(id);
            self.take_output(pen, at, output, cached);
            self.end(at, if cached { NodeState::Cached } else { NodeState::Finished }, pen.now.mono);
        }
    }
}

/// The wall clock's time of a moment of the monotonic one.
fn ago(now: Now, mono: u64) -> Timestamp {
    let ago = i64::try_from(now.mono.saturating_sub(mono)).unwrap_or(i64::MAX);
    Timestamp(now.wall.as_millis().saturating_sub(ago))
}
