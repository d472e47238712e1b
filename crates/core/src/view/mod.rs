//! The view of a generation: the fold of its events, and the one read model. Whatever order the events of a generation
//! come in, and however often, the same view comes out; the store, the hub and the page's snapshots all use it.
//!
//! Beside the fold stand what only records know ([`Seed`], [`AttemptSeed`]), the outputs (media rows, guarded by the
//! rank of their status) and what is true only now ([`View::place_known`], [`View::pace_known`]). Nothing here is kept: a
//! view is rebuilt from the durable events, and what they do not tell (steps, percentages) comes back with the next
//! progress.
//!
//! One order matters to the caller: put the outputs that `Job Completed` names before applying it. With all outputs
//! settled the generation is completed, and none is settled too.

mod attempt;
mod frames;
mod graph;
mod guard;
mod node;
mod present;
mod project;
mod sentences;
mod shown;
mod strip;

pub use frames::{
    SNAPSHOT_LIMIT, end_frame, frames, overall_frame, queue_frame, settled_frames, snapshot, update_frame,
};
pub use project::{media_url, thumbnail_url};

use crate::event::{Body, Event, JobError};
use crate::generation::{NodeError, Origin, Output, OutputStatus, Status};
use crate::time::Timestamp;
use attempt::Attempt;
use graph::Graph;
use guard::Newest;
use present::Present;
use serde_json::Value;
use shown::Setting;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Children of expanded nodes that are listed; the others are counted.
pub const MAX_CHILDREN: usize = 200;

/// What is known of a generation before any event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seed {
    pub queue_id: Uuid,
    pub origin: Origin,
    /// Absent until it is chosen.
    pub instance_id: Option<String>,
    /// Empty: taken from `Job Queued`, else from the graph.
    pub title: String,
    pub created_at: Timestamp,
    pub metadata: Option<Value>,
    pub warnings: Vec<NodeError>,
}

/// What is known of an attempt by its record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttemptSeed {
    /// From 1.
    pub number: u32,
    pub prompt_id: String,
    pub instance_id: Option<String>,
    /// In words, what differs from the attempt before.
    pub change: Option<String>,
    /// Why `ComfyUI` refused it.
    pub refusal: Option<JobError>,
    /// When it was refused.
    pub completed_at: Option<Timestamp>,
    /// It failed and was to be tried again, and a person stopped that.
    pub retry_stopped: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct View {
    seed: Seed,
    attempts: BTreeMap<u32, Attempt>,
    outputs: BTreeMap<Uuid, (u32, Output)>,
    title: Newest<String>,
    sequence: u64,
    no_attempt: Attempt,
    no_graph: Graph,
    /// Beside the fold.
    present: Present,
}

impl View {
    pub fn new(seed: Seed) -> View {
        View {
            seed,
            attempts: BTreeMap::new(),
            outputs: BTreeMap::new(),
            title: Newest::default(),
            sequence: 0,
            no_attempt: Attempt::default(),
            no_graph: Graph::default(),
            present: Present::default(),
        }
    }

    /// What the record of an attempt says; the newest word of the record stands. Where events say otherwise (an old
    /// server that chose its own prompt id), they are right.
    pub fn attempt_known(&mut self, seed: AttemptSeed) -> bool {
        let attempt = self.attempt_mut(seed.number);
        let changed = attempt.seed.as_ref() != Some(&seed);
        attempt.seed = Some(seed);
        changed
    }

    /// A percentage shown before, of an attempt whose progress events are gone: it must not fall.
    pub fn percentage_known(&mut self, attempt: u32, overall_percentage: f64) -> bool {
        self.attempt_mut(attempt).reached(overall_percentage)
    }

    pub fn set_warnings(&mut self, warnings: Vec<NodeError>) {
        self.seed.warnings = warnings;
    }

    /// Whether it told anything new. Events of another generation, or of none, are left aside.
    pub fn apply(&mut self, event: &Event) -> bool {
        let Event { base, body } = event;
        if base.queue_id != Some(self.seed.queue_id) {
            return false;
        }
        let newer = base.sequence > self.sequence;
        self.sequence = self.sequence.max(base.sequence);
        if let Body::JobQueued(queued) = body
            && let Some(title) = &queued.title
        {
            self.title.offer(base.sequence, || title.clone());
        }
        let further = base.overall_percentage.is_some_and(|shown| self.attempt_mut(base.attempt).reached(shown));
        self.attempt_mut(base.attempt).apply(base, body) | further | newer
    }

    /// An output and its place. A word of lower rank (`pending` below `failed` below `stored`) changes nothing.
    pub fn put_output(&mut self, output: Output, position: u32) -> bool {
        let new = (position, output);
        let stands = self.outputs.get(&new.1.media_id).is_some_and(|held| *held == new || rank(&held.1) > rank(&new.1));
        if !stands {
            self.outputs.insert(new.1.media_id, new);
        }
        !stands
    }

    /// Several, likewise; those not named stay.
    pub fn set_outputs(&mut self, outputs: Vec<(Output, u32)>) -> bool {
        outputs.into_iter().fold(false, |changed, (output, position)| self.put_output(output, position) | changed)
    }

    pub fn queue_id(&self) -> Uuid {
        self.seed.queue_id
    }

    /// Of the newest attempt.
    pub fn prompt_id(&self) -> &str {
        self.newest().prompt_id()
    }

    /// Of the newest attempt; empty until it is chosen.
    pub fn instance_id(&self) -> &str {
        self.newest().instance_id().or(self.seed.instance_id.as_deref()).unwrap_or("")
    }

    /// The number of the newest attempt, 0 before there is one.
    pub fn attempt(&self) -> u32 {
        self.newest().number
    }

    /// The highest it holds.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The newest attempt decides.
    pub fn status(&self) -> Status {
        let newest = self.newest();
        match newest.status(self.settled()) {
            Status::Failed if newest.will_retry() => Status::Pending,
            status => status,
        }
    }

    /// 0 to 100; 100 only when completed.
    pub fn overall_percentage(&self) -> f64 {
        let newest = self.newest();
        match self.status() {
            Status::Completed => 100.0,
            // Done at the server, its files not yet here.
            Status::Processing if newest.end.is_some() => 99.99,
            _ => crate::time::percentage(newest.percentage.max(self.paced_percentage())).min(99.99),
        }
    }

    /// Every output is stored, or its download has finally failed.
    fn settled(&self) -> bool {
        self.outputs.values().all(|(_, output)| output.status != OutputStatus::Pending)
    }

    fn attempt_mut(&mut self, number: u32) -> &mut Attempt {
        self.attempts.entry(number).or_insert_with(|| Attempt::new(number))
    }

    fn newest(&self) -> &Attempt {
        self.attempts.last_key_value().map_or(&self.no_attempt, |(_, attempt)| attempt)
    }

    /// The newest attempt's; as long as its own graph has not come, that of the one before, which hardly ever differs.
    fn graph(&self) -> &Graph {
        self.attempts.values().rev().find_map(|attempt| attempt.graph.get()).unwrap_or(&self.no_graph)
    }

    fn setting(&self) -> Setting<'_> {
        Setting { attempt: self.newest(), graph: self.graph(), origin: self.seed.origin }
    }

    /// In their order.
    fn outputs(&self) -> Vec<&Output> {
        let mut placed: Vec<&(u32, Output)> = self.outputs.values().collect();
        placed.sort_by_key(|(position, output)| (*position, output.media_id));
        placed.into_iter().map(|(_, output)| output).collect()
    }
}

/// Stored outdoes failed: a download that was tried again may still succeed.
fn rank(output: &Output) -> u8 {
    match output.status {
        OutputStatus::Pending => 0,
        OutputStatus::Failed => 1,
        OutputStatus::Stored => 2,
    }
}
