//! The tracker: what one `ComfyUI` server says goes in, events come out. Pure and synchronous: the caller brings the
//! time and does the asking.
//!
//! A job lives here from its submission (or from the moment it is first seen in the queue) to its end. What the socket
//! says moves it on; what `/queue` and `/history` say heals what the socket did not. The outcome is always the
//! history's, where it has one.

mod api;
mod costs;
mod deadlines;
mod hearing;
mod job;
mod plan;
mod reconcile;
mod strangers;
mod waits;

pub use api::{
    Answer, Class, Config, Estimate, Input, KnownJob, Observed, Output, Pace, Picture, Place, Snapshot, Submission,
    Want,
};

use crate::comfy::graph::Graph;
use crate::comfy::message::Message;
use crate::cost::History;
use crate::event::{
    Base, Body, Event, MonitorDisconnected, MonitorInitialized, MonitorReconnected, MonitorStopped, QueueStatusUpdated,
    SCHEMA_VERSION, SYSTEM_PROMPT,
};
use crate::ids::event_id;
use crate::time::Now;
use costs::Costs;
pub use job::SEQUENCE_LEAP;
use job::{Heard, Job, Pen, Phase};
use plan::Plan;
use std::collections::{BTreeMap, HashMap, VecDeque};
use strangers::{Stranger, owned_entry};

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

/// Tracks all jobs of one instance.
#[derive(Debug)]
pub struct Tracker {
    config: Config,
    costs: Costs,
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
    queue: Option<QueueStatusUpdated>,
    /// When the queue is told of again, changed or not.
    beat_due: Option<u64>,
    /// Places in line that changed and have not been told.
    moved: BTreeMap<uuid::Uuid, u32>,
    /// When the waits of those in line are to be told again.
    waits_due: Option<u64>,
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
        let costs = Costs::new(std::mem::take(&mut config.history));
        let mut tracker = Tracker {
            sequence: if config.last_sequence == 0 { 0 } else { config.last_sequence + 1 },
            config,
            costs,
            classes: HashMap::new(),
            jobs: Vec::new(),
            strangers: HashMap::new(),
            ended: ended.into_iter().map(|prompt_id| Ended { prompt_id, number: None }).collect(),
            connected_once: false,
            disconnected_at: None,
            healing_since: None,
            queue: None,
            beat_due: None,
            moved: BTreeMap::new(),
            waits_due: None,
            last_progress: None,
            pictures: HashMap::new(),
            coarse_due: None,
            snapshot_asked: false,
        };
        for job in known {
            let plan = tracker.plan(&job.submission.workflow, &[]);
            tracker.jobs.push(Job::resumed(&job, plan, &tracker.costs, now));
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
                self.costs.connected(&devices, now.wall);
                // Jobs of a former run of ours were charted before the device was known.
                for job in &mut self.jobs {
                    job.expect_again(&self.costs, now, usize::MAX, |_| true);
                }
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
            Input::Memory { used_bytes } => self.jobs.iter_mut().for_each(|job| job.uses_memory(used_bytes)),
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
        self.waits(now, &mut out);
        out
    }

    /// The monotonic moment at which [`Input::Tick`] is wanted, if nothing else comes before.
    pub fn deadline(&self) -> Option<u64> {
        let jobs = self.jobs.iter().flat_map(|job| [job.start_due, job.end_due]);
        let strangers = self.strangers.values().map(|stranger| Some(stranger.ask_due));
        jobs.chain(strangers).chain([self.coarse_due, self.beat_due, self.paces_due()]).flatten().min()
    }

    /// Prompts that run by what is known, the one that is heard of first.
    pub fn running_prompts(&self) -> Vec<String> {
        let running = self.jobs.iter().filter(|job| job.phase == Phase::Running);
        running.map(|job| job.prompt_id.clone()).collect()
    }

    /// What nodes took here, all that was learnt included.
    pub fn learnt(&self) -> &History {
        &self.costs.history
    }

    /// Prompts that have not ended, for a caller that reads the queue of its own accord.
    pub fn open_prompts(&self) -> Vec<String> {
        self.jobs.iter().map(|job| job.prompt_id.clone()).chain(self.strangers.keys().cloned()).collect()
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
                overall_percentage: None,
            },
            body,
        })));
    }

    /// Lets a job write its events.
    fn write(&mut self, now: Now, at: usize, out: &mut Vec<Output>, what: impl FnOnce(&mut Job, &mut Pen)) {
        let mut events = Vec::new();
        let (config, costs) = (&self.config, &self.costs);
        what(&mut self.jobs[at], &mut Pen { config, costs, now, occurred_at: None, out: &mut events });
        for event in &events {
            if self.costs.learn(now, event)
                && let Body::NodeExecuted(done) = &event.body
            {
                self.jobs[at].learnt_of(&self.costs, &done.node_id, now);
            }
        }
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
        if job.is_started() {
            self.costs.ran(&job.plan);
        }
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
        (self.queue, self.beat_due) = (None, None);
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
}

#[cfg(test)]
mod tests;
