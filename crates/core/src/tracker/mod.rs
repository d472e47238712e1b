//! The tracker: what one `ComfyUI` server says goes in, events come out. Pure and synchronous: the caller brings the
//! time and does the asking.
//!
//! A job lives here from its submission (or from the moment it is first seen in the queue) to its end. What the socket
//! says moves it on; what `/queue` and `/history` say heals what the socket did not. The outcome is always the
//! history's, where it has one.

mod api;
mod job;
mod plan;
mod reconcile;

pub use api::{Answer, Class, Config, Input, KnownJob, Observed, Output, Picture, Snapshot, Submission, Want};

use crate::comfy::binary::{Frame as BinaryFrame, ImageFormat};
use crate::comfy::graph::Graph;
use crate::comfy::message::{ExecutionError, Message, NodeEntry, NodeState as Told};
use crate::event::{
    Base, Body, Event, JobError, MonitorDisconnected, MonitorInitialized, MonitorReconnected, MonitorStopped,
    QueueStatusUpdated, SCHEMA_VERSION, SYSTEM_PROMPT,
};
use crate::ids::event_id;
use crate::time::Now;
use job::{Given, Heard, Job, Pen, Phase};
use plan::Plan;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// `execution_cached` follows `execution_start` at once; after this many ms the start is told without it.
const START_PATIENCE: u64 = 2_000;
/// How long the history may take to show a job that has ended before what was heard has to do, ms.
const HISTORY_PATIENCE: u64 = 5_000;
/// How long a prompt that nobody knows may stay unexplained before it is taken as it is, ms.
const STRANGER_PATIENCE: u64 = 3_000;
/// How often the queue is read while jobs are followed that the socket says nothing of, ms.
const COARSE_INTERVAL: u64 = 3_000;
/// Ended prompts that are remembered, to tell late messages from news and a restarted server from one that goes on.
const REMEMBERED: usize = 256;
/// Prompts that nobody knows, and messages of each, that are kept until the queue explains them.
const MAX_STRANGERS: usize = 32;
const MAX_STRANGER_MESSAGES: usize = 512;
const MAX_STRANGER_PICTURES: usize = 32 << 20;

/// A prompt that ended here.
#[derive(Debug)]
struct Ended {
    prompt_id: String,
    number: Option<f64>,
}

/// What was heard of a stranger.
#[derive(Debug)]
enum Kept {
    Message(Message<'static>),
    Picture { node_id: String, png: bool, image: Vec<u8> },
}

/// A prompt that messages speak of and that nobody knows yet.
#[derive(Debug)]
struct Stranger {
    kept: Vec<Kept>,
    picture_bytes: usize,
    since: u64,
    ask_due: u64,
}

/// Tracks all jobs of one instance.
#[derive(Debug)]
pub struct Tracker {
    config: Config,
    classes: HashMap<String, Class>,
    /// In the order of appearance; one per attempt that has not ended.
    jobs: Vec<Job>,
    strangers: HashMap<String, Stranger>,
    ended: VecDeque<Ended>,
    connected_once: bool,
    disconnected_at: Option<u64>,
    /// Reconnected, and not yet reconciled: when the connection had been lost.
    healing_since: Option<u64>,
    sequence: u64,
    queue_remaining: Option<u64>,
    /// Places in line that changed and have not been told.
    moved: BTreeMap<uuid::Uuid, u32>,
    /// Job and node of the `progress` heard last: a type 1 preview belongs to them.
    last_progress: Option<(String, String)>,
    pictures: HashMap<(uuid::Uuid, String), u32>,
    coarse_due: Option<u64>,
    snapshot_asked: bool,
}

impl Tracker {
    pub fn new(now: Now, mut config: Config) -> Tracker {
        let known = std::mem::take(&mut config.jobs);
        let ended = std::mem::take(&mut config.ended_prompts);
        let mut tracker = Tracker {
            sequence: if config.last_sequence == 0 { 0 } else { config.last_sequence + 1 },
            config,
            classes: HashMap::new(),
            jobs: Vec::new(),
            strangers: HashMap::new(),
            ended: ended.into_iter().map(|prompt_id| Ended { prompt_id, number: None }).collect(),
            connected_once: false,
            disconnected_at: None,
            healing_since: None,
            queue_remaining: None,
            moved: BTreeMap::new(),
            last_progress: None,
            pictures: HashMap::new(),
            coarse_due: None,
            snapshot_asked: false,
        };
        for job in known {
            let plan = tracker.plan(&job.submission.workflow, &[]);
            tracker.jobs.push(Job::resumed(&job, plan, now));
        }
        tracker
    }

    /// Takes in one input; what comes out is in order.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        match input {
            Input::Message { message, .. } => self.hear(now, message, &mut out),
            Input::Progress(progress) => {
                if let Some(at) = self.job_of(progress.prompt_id) {
                    self.entries(now, at, &progress.changed, &mut out);
                } else if !self.is_ended(progress.prompt_id) {
                    let nodes = progress.changed.iter().map(owned_entry).collect();
                    let message =
                        crate::comfy::message::ProgressState { prompt_id: progress.prompt_id.to_owned().into(), nodes };
                    self.keep_for_later(now, progress.prompt_id, Message::ProgressState(message), &mut out);
                }
            }
            Input::Binary(frame) => self.binary(frame, &mut out),
            Input::Connected { comfyui_version, devices } => {
                if self.connected_once {
                    self.healing_since = Some(self.disconnected_at.take().unwrap_or(now.mono));
                } else {
                    self.connected_once = true;
                    let body = MonitorInitialized {
                        comfyui_host: self.config.comfyui_host.clone(),
                        version: self.config.version.clone(),
                        comfyui_version,
                        devices,
                    };
                    self.tell(now, body, &mut out);
                }
                // A new socket: what a former one said of previews is over.
                self.last_progress = None;
            }
            Input::Disconnected { reason } => self.disconnected(now, reason, &mut out),
            Input::Snapshot(snapshot) => self.reconcile(now, &snapshot, &mut out),
            Input::History { prompt_id, entry } => self.history(now, &prompt_id, entry.as_deref(), &mut out),
            Input::Classes(classes) => self.classes.extend(classes),
            // Sent again after no answer came: it is the same job.
            Input::Submitting(submission)
                if self.jobs.iter().any(|job| {
                    job.queue_id == submission.queue_id && job.attempt == submission.attempt && job.number.is_none()
                }) => {}
            Input::Submitting(submission) => {
                let plan = self.plan(&submission.workflow, &[]);
                self.jobs.push(Job::new(&submission, true, plan, Phase::Submitting));
            }
            Input::Answered { prompt_id, answer } => self.answered(now, &prompt_id, answer, &mut out),
            Input::Withdrawn { prompt_id } => {
                self.jobs
                    .retain(|job| job.prompt_id != prompt_id || job.phase != Phase::Submitting || job.number.is_some());
            }
            Input::Cancelling { prompt_id } => {
                if let Some(at) = self.job_of(&prompt_id) {
                    self.jobs[at].cancelling = true;
                }
            }
            Input::Stopping { reason } => self.tell(now, MonitorStopped { reason }, &mut out),
            Input::Tick => {}
        }
        self.due(now, &mut out);
        self.positions(&mut out);
        out
    }

    /// The monotonic moment at which [`Input::Tick`] is wanted, if nothing else comes before.
    pub fn deadline(&self) -> Option<u64> {
        let jobs = self.jobs.iter().flat_map(|job| [job.start_due, job.end_due]);
        let strangers = self.strangers.values().map(|stranger| Some(stranger.ask_due));
        jobs.chain(strangers).chain([self.coarse_due]).flatten().min()
    }

    /// Prompts that run by what is known, the one that is heard of first.
    pub fn running_prompts(&self) -> Vec<String> {
        let running = self.jobs.iter().filter(|job| job.phase == Phase::Running);
        running.map(|job| job.prompt_id.clone()).collect()
    }

    /// Generations that wait, in the order in which they will run.
    pub fn waiting(&self) -> Vec<uuid::Uuid> {
        let mut waiting: Vec<&Job> = self.jobs.iter().filter(|job| job.position.is_some()).collect();
        waiting.sort_by_key(|job| job.position);
        waiting.into_iter().map(|job| job.queue_id).collect()
    }

    /// Prompts that have not ended, for a caller that reads the queue of its own accord.
    pub fn open_prompts(&self) -> Vec<String> {
        self.jobs.iter().map(|job| job.prompt_id.clone()).chain(self.strangers.keys().cloned()).collect()
    }

    /// Whether messages of a running job should be coming in on our socket.
    pub fn expects_messages(&self) -> bool {
        self.jobs.iter().any(|job| job.phase == Phase::Running && job.addressed_to_us)
    }

    fn plan(&self, workflow: &serde_json::Value, outputs: &[String]) -> Plan {
        Graph::from_value(workflow).map(|graph| Plan::new(&graph, outputs, &self.classes)).unwrap_or_default()
    }

    fn tell(&mut self, now: Now, body: impl Into<Body>, out: &mut Vec<Output>) {
        let body = body.into();
        self.sequence += 1;
        let instance = &self.config.instance_id;
        out.push(Output::Event(Box::new(Event {
            base: Base {
                prompt_id: SYSTEM_PROMPT.to_owned(),
                timestamp: now.wall,
                client_id: self.config.client_id.clone(),
                event_id: event_id(instance, 1, body.detail_type(), SYSTEM_PROMPT, self.sequence),
                sequence: self.sequence,
                attempt: 1,
                instance_id: instance.clone(),
                queue_id: None,
                schema_version: SCHEMA_VERSION,
                occurred_at: None,
                submitter_client_id: None,
            },
            body,
        })));
    }

    /// Lets a job write its events.
    fn write(&mut self, now: Now, at: usize, out: &mut Vec<Output>, what: impl FnOnce(&mut Job, &mut Pen)) {
        let mut events = Vec::new();
        what(&mut self.jobs[at], &mut Pen { config: &self.config, now, occurred_at: None, out: &mut events });
        out.extend(events.into_iter().map(|event| Output::Event(Box::new(event))));
    }

    /// The job that messages with this prompt id are about: of several with one id the one that runs, else the next.
    fn job_of(&self, prompt_id: &str) -> Option<usize> {
        let same = self.jobs.iter().enumerate().filter(|(_, job)| job.prompt_id == prompt_id);
        same.min_by(|(_, a), (_, b)| {
            let order = |job: &Job| (job.phase != Phase::Running, job.number.unwrap_or(f64::MAX));
            order(a).partial_cmp(&order(b)).unwrap_or(std::cmp::Ordering::Equal)
        })
        .map(|(at, _)| at)
    }

    fn is_ended(&self, prompt_id: &str) -> bool {
        self.ended.iter().any(|ended| ended.prompt_id == prompt_id)
    }

    fn forget(&mut self, at: usize) {
        let job = self.jobs.remove(at);
        self.pictures.retain(|(queue_id, _), _| *queue_id != job.queue_id);
        self.ended.push_back(Ended { prompt_id: job.prompt_id, number: job.number });
        if self.ended.len() > REMEMBERED {
            self.ended.pop_front();
        }
    }

    fn disconnected(&mut self, now: Now, reason: String, out: &mut Vec<Output>) {
        if self.disconnected_at.is_some() || !self.connected_once {
            return;
        }
        self.disconnected_at = Some(self.healing_since.take().unwrap_or(now.mono));
        for job in &mut self.jobs {
            job.gap |= job.phase == Phase::Running;
        }
        self.queue_remaining = None;
        self.tell(now, MonitorDisconnected { reason }, out);
    }

    fn healed(&mut self, now: Now, healed_jobs: u32, out: &mut Vec<Output>) {
        if let Some(since) = self.healing_since.take() {
            self.tell(now, MonitorReconnected { missed_ms: now.mono.saturating_sub(since), healed_jobs }, out);
        }
    }

    fn answered(&mut self, now: Now, prompt_id: &str, answer: Answer, out: &mut Vec<Output>) {
        let told = if let Answer::Accepted { number, .. } = &answer { *number } else { None };
        let sent = |job: &Job| job.prompt_id == prompt_id && job.ours;
        let matching = self.jobs.iter().position(|job| sent(job) && (job.number.is_none() || job.number == told));
        let Some(at) = matching.or_else(|| self.jobs.iter().position(sent)) else { return };
        match answer {
            Answer::Accepted { prompt_id: theirs, number } => {
                self.jobs[at].number = self.jobs[at].number.or(number);
                self.jobs[at].prompt_id.clone_from(&theirs);
                if self.jobs[at].phase == Phase::Submitting {
                    self.jobs[at].phase = Phase::Waiting;
                }
                self.place_in_line();
                self.write(now, at, out, Job::tell_queued);
                self.replay(now, &theirs, out);
            }
            Answer::Refused { error, node_errors } => {
                let _ = node_errors;
                self.write(now, at, out, |job, pen| job.conclude(pen, &Heard::Error(error), None, None));
                self.forget(at);
            }
        }
    }

    fn hear(&mut self, now: Now, message: &Message, out: &mut Vec<Output>) {
        if let Message::Status(status) = message {
            self.status(now, status.queue_remaining(), status.exec_info(), out);
            return;
        }
        let Some(prompt_id) = message.prompt_id() else { return };
        if let Message::Progress(step) = message
            && let Some(node) = &step.node
        {
            self.last_progress = Some((prompt_id.to_owned(), node.clone()));
        }
        let Some(at) = self.job_of(prompt_id) else {
            if !self.is_ended(prompt_id) || matches!(message, Message::ExecutionStart(_)) {
                self.keep_for_later(now, prompt_id, message.clone().into_owned(), out);
            }
            return;
        };
        match message {
            Message::ExecutionStart(_) => {
                self.jobs[at].addressed_to_us = true;
                self.write(now, at, out, |job, pen| job.start_heard(pen, START_PATIENCE));
            }
            Message::ExecutionCached(cached) => {
                self.jobs[at].addressed_to_us = true;
                self.write(now, at, out, |job, pen| job.start(pen, &cached.nodes));
            }
            Message::Executing(executing) => match &executing.node {
                Some(node) => {
                    let given = executing.display_node.as_deref().map(Given::display);
                    self.write(now, at, out, |job, pen| {
                        running(job, pen);
                        // An older server tells of no end but by the next start.
                        if !job.is_modern() {
                            job.others_finish(pen, node);
                        }
                        job.node_starts(pen, node, given);
                    });
                }
                None => self.last_word(now, at, out),
            },
            Message::ProgressState(state) => self.entries(now, at, &state.nodes, out),
            Message::Progress(step) => {
                let Some(node) = &step.node else { return };
                if let (false, Some(value), Some(max)) = (self.jobs[at].is_modern(), step.value, step.max) {
                    self.write(now, at, out, |job, pen| {
                        running(job, pen);
                        job.node_says(pen, node, None, false, (value, max));
                    });
                }
            }
            Message::Executed(executed) => self.write(now, at, out, |job, pen| {
                running(job, pen);
                job.node_executed(pen, &executed.node, executed.display_node.as_deref(), &executed.output);
            }),
            Message::ExecutionError(error) if error.is_blocked() => {
                let node = error.node_id.clone().unwrap_or_default();
                let why = error.exception_message.clone().unwrap_or_default();
                self.write(now, at, out, |job, pen| {
                    running(job, pen);
                    job.node_blocked(pen, &node, why.trim());
                });
            }
            Message::ExecutionError(error) => {
                let error = job_error(&self.jobs[at], error);
                self.heard_end(now, at, Heard::Error(error));
            }
            Message::ExecutionInterrupted(interrupted) => {
                self.heard_end(now, at, Heard::Interrupted(interrupted.node_id.clone()));
            }
            Message::ExecutionSuccess(_) => self.heard_end(now, at, Heard::Success),
            _ => {}
        }
    }

    fn entries(&mut self, now: Now, at: usize, entries: &[NodeEntry], out: &mut Vec<Output>) {
        self.write(now, at, out, |job, pen| {
            job.hears_progress_state();
            running(job, pen);
            for entry in entries {
                let given = Given {
                    display: entry.display_node_id.as_deref().unwrap_or(&entry.node_id),
                    parent: entry.parent_node_id.as_deref(),
                    real: entry.real_node_id.as_deref(),
                };
                let bar = (entry.value.unwrap_or(0.0), entry.max.unwrap_or(1.0));
                match entry.state {
                    Told::Pending => {}
                    Told::Finished => job.node_says(pen, &entry.node_id, Some(given), true, bar),
                    Told::Running | Told::Error | Told::Unknown => {
                        job.node_says(pen, &entry.node_id, Some(given), false, bar);
                    }
                }
            }
        });
    }

    fn heard_end(&mut self, now: Now, at: usize, end: Heard) {
        let job = &mut self.jobs[at];
        if job.heard_end.is_none() {
            job.heard_end = Some(end);
            // `executing` null is due at once; if it was lost, the history is asked all the same.
            job.end_due = Some(now.mono + 500);
        }
    }

    /// `executing` with `node: null`: the history has it.
    fn last_word(&mut self, now: Now, at: usize, out: &mut Vec<Output>) {
        let job = &mut self.jobs[at];
        if !job.last_word {
            job.last_word = true;
            job.end_due = Some(now.mono + 1_000);
            out.push(Output::Want(Want::History { prompt_id: job.prompt_id.clone() }));
        }
    }

    fn status(
        &mut self,
        now: Now,
        remaining: Option<u64>,
        exec_info: Option<&serde_json::Value>,
        out: &mut Vec<Output>,
    ) {
        let Some(remaining) = remaining else { return };
        if self.queue_remaining != Some(remaining) {
            self.queue_remaining = Some(remaining);
            let body =
                QueueStatusUpdated { queue_remaining: remaining, exec_info: exec_info.cloned().unwrap_or_default() };
            self.tell(now, body, out);
        }
        let known = self.jobs.iter().filter(|job| job.heard_end.is_none() && !job.last_word).count();
        if u64::try_from(known).is_ok_and(|known| known != remaining) {
            self.want_snapshot(out);
        }
    }

    fn want_snapshot(&mut self, out: &mut Vec<Output>) {
        if self.snapshot_asked {
            return;
        }
        self.snapshot_asked = true;
        // A submission without an answer may be on its way: its absence would mean nothing.
        let open = self.jobs.iter().filter(|job| job.phase != Phase::Submitting).map(|job| job.prompt_id.clone());
        let prompt_ids = open.chain(self.strangers.keys().cloned()).collect();
        out.push(Output::Want(Want::Snapshot { prompt_ids }));
    }

    fn keep_for_later(&mut self, now: Now, prompt_id: &str, message: Message<'static>, out: &mut Vec<Output>) {
        if !self.strangers.contains_key(prompt_id) {
            if self.strangers.len() >= MAX_STRANGERS {
                return;
            }
            let stranger = Stranger { kept: Vec::new(), picture_bytes: 0, since: now.mono, ask_due: now.mono + 1_000 };
            self.strangers.insert(prompt_id.to_owned(), stranger);
            self.want_snapshot(out);
        }
        if let Some(stranger) =
            self.strangers.get_mut(prompt_id).filter(|stranger| stranger.kept.len() < MAX_STRANGER_MESSAGES)
        {
            stranger.kept.push(Kept::Message(message));
        }
    }

    fn replay(&mut self, now: Now, prompt_id: &str, out: &mut Vec<Output>) {
        if let Some(stranger) = self.strangers.remove(prompt_id) {
            for kept in stranger.kept {
                match kept {
                    Kept::Message(message) => self.hear(now, &message, out),
                    Kept::Picture { node_id, png, image } => self.picture(prompt_id, &node_id, png, &image, out),
                }
            }
        }
    }

    /// What time alone brings about.
    fn due(&mut self, now: Now, out: &mut Vec<Output>) {
        let mut at = 0;
        while at < self.jobs.len() {
            if self.jobs[at].start_due.is_some_and(|due| due <= now.mono) {
                self.write(now, at, out, |job, pen| job.start(pen, &[]));
            }
            if self.jobs[at].end_due.is_some_and(|due| due <= now.mono) && self.end_is_due(now, at, out) {
                continue;
            }
            at += 1;
        }
        let mut overdue = Vec::new();
        let mut ask = false;
        let submitting = self.jobs.iter().any(|job| job.phase == Phase::Submitting);
        for (prompt_id, stranger) in &mut self.strangers {
            if stranger.ask_due <= now.mono {
                stranger.ask_due = now.mono + 1_000;
                ask = true;
                if now.mono.saturating_sub(stranger.since) >= STRANGER_PATIENCE && !submitting {
                    overdue.push(prompt_id.clone());
                }
            }
        }
        for prompt_id in overdue {
            if self.is_ended(&prompt_id) {
                // Words about a job that has ended, and the queue knows no second one.
                self.strangers.remove(&prompt_id);
            } else {
                self.adopt_unexplained(now, &prompt_id, out);
            }
        }
        if ask && !self.strangers.is_empty() {
            self.want_snapshot(out);
        }
        self.coarse(now, out);
    }

    /// Jobs that the socket says nothing of are followed by reading the queue.
    fn coarse(&mut self, now: Now, out: &mut Vec<Output>) {
        let coarse = self.disconnected_at.is_none()
            && self.jobs.iter().any(|job| !job.addressed_to_us || job.phase == Phase::Waiting);
        if !coarse {
            self.coarse_due = None;
        } else if self.coarse_due.is_none_or(|due| due <= now.mono) {
            if self.coarse_due.is_some() {
                self.want_snapshot(out);
            }
            self.coarse_due = Some(now.mono + COARSE_INTERVAL);
        }
    }

    /// True if the job is gone.
    fn end_is_due(&mut self, now: Now, at: usize, out: &mut Vec<Output>) -> bool {
        let job = &mut self.jobs[at];
        if self.disconnected_at.is_some() {
            // Nobody can be asked; the reconnect's snapshot will tell.
            job.end_due = None;
            return false;
        }
        job.history_asks += 1;
        if u64::from(job.history_asks) * 1_000 > HISTORY_PATIENCE
            && let Some(end) = job.heard_end.clone()
        {
            self.conclude(now, at, &end, None, out);
            return true;
        }
        job.end_due = Some(now.mono + 1_000);
        out.push(Output::Want(Want::History { prompt_id: job.prompt_id.clone() }));
        false
    }

    /// Gives every waiting job of ours and of others its place: 1 is next.
    fn place_in_line(&mut self) {
        let mut line: Vec<usize> = (0..self.jobs.len())
            .filter(|at| self.jobs[*at].phase == Phase::Waiting && !self.jobs[*at].is_started())
            .collect();
        line.sort_by(|a, b| {
            let number = |at: &usize| self.jobs[*at].number.unwrap_or(f64::MAX);
            number(a).total_cmp(&number(b))
        });
        for (place, at) in (1..).zip(line) {
            if self.jobs[at].position != Some(place) {
                self.jobs[at].position = Some(place);
                self.moved.insert(self.jobs[at].queue_id, place);
            }
        }
    }

    fn positions(&mut self, out: &mut Vec<Output>) {
        self.place_in_line();
        if !self.moved.is_empty() {
            out.push(Output::Positions(std::mem::take(&mut self.moved).into_iter().collect()));
        }
    }

    fn binary(&mut self, frame: &BinaryFrame, out: &mut Vec<Output>) {
        let (prompt_id, node_id, png, image) = match frame {
            BinaryFrame::Preview { format, image } => {
                let Some((prompt_id, node_id)) = self.last_progress.clone() else { return };
                (prompt_id, node_id, *format == ImageFormat::Png, *image)
            }
            BinaryFrame::PreviewWithMetadata { metadata, image } => (
                metadata.prompt_id.as_ref().to_owned(),
                metadata.node_id.as_ref().to_owned(),
                metadata.image_type.as_deref() == Some("image/png"),
                *image,
            ),
            BinaryFrame::Text { .. } | BinaryFrame::Unknown { .. } => return,
        };
        if let Some(stranger) = self.strangers.get_mut(&prompt_id) {
            if stranger.kept.len() < MAX_STRANGER_MESSAGES && stranger.picture_bytes < MAX_STRANGER_PICTURES {
                stranger.picture_bytes += image.len();
                stranger.kept.push(Kept::Picture { node_id, png, image: image.to_vec() });
            }
            return;
        }
        self.picture(&prompt_id, &node_id, png, image, out);
    }

    fn picture(&mut self, prompt_id: &str, node_id: &str, png: bool, image: &[u8], out: &mut Vec<Output>) {
        let Some(at) = self.job_of(prompt_id) else { return };
        let job = &mut self.jobs[at];
        let (sequence, steps, is_final) = job.picture_of(node_id);
        let ordinal = self.pictures.entry((job.queue_id, node_id.to_owned())).or_default();
        let picture = Picture {
            queue_id: job.queue_id,
            prompt_id: prompt_id.to_owned(),
            attempt: job.attempt,
            node_id: node_id.to_owned(),
            content_type: if png { "image/png" } else { "image/jpeg" },
            sequence,
            ordinal: *ordinal,
            value: steps.map(|(value, _)| value),
            max: steps.map(|(_, max)| max),
            image: image.to_vec(),
        };
        *ordinal += 1;
        out.push(if is_final { Output::Image(picture) } else { Output::Preview(picture) });
    }
}

/// Any word of a job but its start says that it runs; if the start itself was missed, it is told now.
fn running(job: &mut Job, pen: &mut Pen) {
    if !job.is_started() {
        job.start(pen, &[]);
    }
}

fn owned_entry(entry: &NodeEntry) -> NodeEntry<'static> {
    let own = |text: &Option<std::borrow::Cow<str>>| text.as_ref().map(|text| text.as_ref().to_owned().into());
    NodeEntry {
        node_id: entry.node_id.as_ref().to_owned().into(),
        state: entry.state,
        value: entry.value,
        max: entry.max,
        display_node_id: own(&entry.display_node_id),
        parent_node_id: own(&entry.parent_node_id),
        real_node_id: own(&entry.real_node_id),
        activity: own(&entry.activity),
    }
}

fn job_error(job: &Job, error: &ExecutionError) -> JobError {
    let (node_title, class) = error.node_id.as_deref().map_or((None, None), |id| job.error_node(id));
    JobError {
        r#type: error.exception_type.clone().unwrap_or_else(|| "unknown".to_owned()),
        message: error.exception_message.clone().unwrap_or_default().trim().to_owned(),
        node_id: error.node_id.clone(),
        node_title,
        class_type: error.node_type.clone().or(class),
        traceback: error.traceback.clone(),
    }
}

#[cfg(test)]
mod tests;
