//! What the events of one attempt say, guarded per field.

use super::AttemptSeed;
use super::graph::Graph;
use super::guard::{Newest, keep_min, raise};
use super::node::NodeFacts;
use crate::event::{Base, Body, Eta, InterruptReason, JobError, JobRetrying, WorkflowNode};
use crate::generation::Status;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Nodes of one attempt that are kept. Those with the highest ids go first: which ones are kept then depends on the
/// set of ids alone, never on the order they came in.
const MAX_NODES: usize = 50_000;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Attempt {
    pub(super) number: u32,
    pub(super) seed: Option<AttemptSeed>,
    prompt_id: Newest<String>,
    instance_id: Newest<String>,
    pub(super) queued: Newest<Queued>,
    started_at: Option<Timestamp>,
    pub(super) graph: Newest<Graph>,
    pub(super) cached: BTreeSet<String>,
    pub(super) nodes: BTreeMap<String, NodeFacts>,
    /// Places in the graph of the nodes that nobody has heard of and that are to run: what comes next is told with every
    /// progress frame, and must not cost what there is.
    ahead: BTreeSet<usize>,
    /// Nodes that run by their own words, in the order they started: what a progress frame costs follows this.
    running: BTreeSet<(u64, String)>,
    /// A node was heard of while it ran.
    pub(super) heard: bool,
    /// Somebody else's client id stands in its events.
    pub(super) foreign: bool,
    pub(super) percentage: f64,
    pub(super) eta: Newest<Option<(Timestamp, Eta)>>,
    pub(super) end: Option<End>,
    /// A failure that will not be tried again, even where an earlier word said it would.
    final_failure: bool,
    pub(super) retrying: Newest<(Timestamp, JobRetrying)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Queued {
    pub(super) position: Option<u32>,
    pub(super) title: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct End {
    sequence: u64,
    /// By the server's clock where it was learnt later.
    pub(super) at: Timestamp,
    /// Heard as it happened: by our clock.
    pub(super) heard: bool,
    duration_ms: Option<u64>,
    /// Steps of the node it stopped in, and of how many.
    pub(super) reached: Option<(f64, f64)>,
    pub(super) peak_memory_bytes: Option<u64>,
    pub(super) how: Ending,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ending {
    Completed,
    Failed { error: JobError },
    Interrupted { reason: InterruptReason, node_id: Option<String> },
}

impl Attempt {
    pub(super) fn new(number: u32) -> Attempt {
        Attempt { number, ..Attempt::default() }
    }

    pub(super) fn apply(&mut self, base: &Base, body: &Body) -> bool {
        let sequence = base.sequence;
        let mut changed = self.prompt_id.offer_same(sequence, &base.prompt_id)
            | self.instance_id.offer_same(sequence, &base.instance_id);
        if base.submitter_client_id.is_some() {
            changed |= raise(&mut self.foreign);
        }
        changed
            | match body {
                Body::JobQueued(body) => {
                    self.queued.offer(sequence, || Queued { position: body.queue_position, title: body.title.clone() })
                }
                Body::JobStarted(body) => {
                    keep_min(&mut self.started_at, base.happened_at()) | self.add_cached(&body.cached_nodes)
                }
                Body::WorkflowNodes(body) => {
                    let newer = self.graph.offer(sequence, || Graph::new(body.workflow_nodes.clone()));
                    if newer {
                        self.look_ahead();
                    }
                    newer
                }
                Body::NodeExecuting(body) => {
                    raise(&mut self.heard)
                        | keep_min(&mut self.started_at, base.timestamp)
                        | self.about_node(&body.node.node_id, |node| node.executing(base, body))
                }
                Body::NodeProgressUpdate(body) => {
                    raise(&mut self.heard)
                        | keep_min(&mut self.started_at, base.timestamp)
                        | self.reached(body.overall_percentage)
                        | self.eta.offer(sequence, || body.eta.map(|eta| (base.timestamp, eta)))
                        | self.about_node(&body.node.node_id, |node| node.progress(base, body))
                }
                Body::NodeExecuted(body) => self.about_node(&body.node_id, |node| node.executed(base, body)),
                Body::JobCompleted(body) => {
                    self.add_cached(&body.cached_nodes)
                        | self.ended(base, Some(body.duration_ms), None, body.peak_memory_bytes, || Ending::Completed)
                }
                Body::JobFailed(body) => {
                    let reached = body.node_progress.zip(body.node_max_progress);
                    (!body.will_retry && raise(&mut self.final_failure))
                        | self.ended(base, body.duration_ms, reached, body.peak_memory_bytes, || Ending::Failed {
                            error: body.error.clone(),
                        })
                }
                Body::JobInterrupted(body) => {
                    let reached = body.node_progress.zip(body.node_max_progress);
                    self.ended(base, body.duration_ms, reached, body.peak_memory_bytes, || Ending::Interrupted {
                        reason: body.reason,
                        node_id: body.node_id.clone(),
                    })
                }
                Body::JobRetrying(body) => self.retrying.offer(sequence, || (base.timestamp, body.clone())),
                // Outputs come in by their media rows; the others are not about a job.
                Body::ImagesGenerated(_)
                | Body::MonitorInitialized(_)
                | Body::MonitorStopped(_)
                | Body::MonitorDisconnected(_)
                | Body::MonitorReconnected(_)
                | Body::QueueStatusUpdated(_) => false,
            }
    }

    pub(super) fn reached(&mut self, percentage: f64) -> bool {
        let further = percentage > self.percentage;
        if further {
            self.percentage = percentage;
        }
        further
    }

    fn add_cached(&mut self, nodes: &[String]) -> bool {
        let mut more = false;
        for id in nodes {
            if self.cached.insert(id.clone()) {
                more = true;
                self.foresee(id);
            }
        }
        more
    }

    /// The nodes to come, in topological order.
    pub(super) fn ahead(&self) -> impl Iterator<Item = &WorkflowNode> {
        let graph = self.graph.get();
        self.ahead.iter().filter_map(move |place| graph?.nodes().get(*place))
    }

    fn is_ahead(&self, node: &WorkflowNode) -> bool {
        let will_run = self.graph.get().is_some_and(|graph| graph.will_run(node));
        will_run && !self.cached.contains(&node.node_id) && !self.nodes.contains_key(&node.node_id)
    }

    /// The whole graph anew.
    fn look_ahead(&mut self) {
        let nodes = self.graph.get().map_or(&[][..], Graph::nodes);
        self.ahead = (0..).zip(nodes).filter(|(_, node)| self.is_ahead(node)).map(|(place, _)| place).collect();
    }

    /// One node anew, since what is known of it changed.
    fn foresee(&mut self, node_id: &str) {
        let Some(graph) = self.graph.get() else { return };
        let Some((place, node)) = graph.place(node_id).and_then(|place| Some((place, graph.nodes().get(place)?)))
        else {
            return;
        };
        if self.is_ahead(node) {
            self.ahead.insert(place);
        } else {
            self.ahead.remove(&place);
        }
    }

    /// There is one end; should a second one ever be told, the first by sequence stands.
    fn ended(
        &mut self,
        base: &Base,
        duration_ms: Option<u64>,
        reached: Option<(f64, f64)>,
        peak_memory_bytes: Option<u64>,
        how: impl FnOnce() -> Ending,
    ) -> bool {
        let first = self.end.as_ref().is_none_or(|end| base.sequence < end.sequence);
        if first {
            let (at, heard) = (base.happened_at(), base.occurred_at.is_none());
            self.end =
                Some(End { sequence: base.sequence, at, heard, duration_ms, reached, peak_memory_bytes, how: how() });
        }
        first
    }

    fn about_node(&mut self, node_id: &str, learn: impl FnOnce(&mut NodeFacts) -> bool) -> bool {
        let facts = match self.nodes.get_mut(node_id) {
            Some(facts) => facts,
            None => self.nodes.entry(node_id.to_owned()).or_default(),
        };
        let (ran, new, first) = (facts.runs(), facts.first.is_none(), facts.first.unwrap_or(0));
        let changed = learn(facts);
        let (runs, now_first) = (facts.runs(), facts.first.unwrap_or(0));
        if ran && (!runs || first != now_first) {
            self.running.remove(&(first, node_id.to_owned()));
        }
        if runs && (!ran || first != now_first) {
            self.running.insert((now_first, node_id.to_owned()));
        }
        if new {
            self.foresee(node_id);
        }
        while self.nodes.len() > MAX_NODES {
            if let Some((id, facts)) = self.nodes.pop_last() {
                self.foresee(&id);
                self.running.remove(&(facts.first.unwrap_or(0), id));
            }
        }
        changed
    }

    /// Ids of the nodes that run by their own words, newest first; none once the job has ended.
    pub(super) fn running(&self) -> impl Iterator<Item = &str> {
        let under_way = self.end.is_none();
        self.running.iter().rev().filter(move |_| under_way).map(|(_, id)| id.as_str())
    }

    /// Those that ran when the job ended, newest first.
    pub(super) fn left_running(&self) -> impl Iterator<Item = &str> {
        self.running.iter().rev().map(|(_, id)| id.as_str())
    }

    /// `settled`: every output is stored, or has finally failed.
    pub(super) fn status(&self, settled: bool) -> Status {
        match self.end.as_ref().map(|end| &end.how) {
            Some(Ending::Completed) if settled => Status::Completed,
            Some(Ending::Completed) => Status::Processing,
            Some(Ending::Failed { .. }) => Status::Failed,
            Some(Ending::Interrupted { .. }) => Status::Interrupted,
            None if self.started_at.is_some() => Status::Processing,
            None if self.refusal().is_some() => Status::Failed,
            None => Status::Pending,
        }
    }

    /// It failed, and another attempt is to come.
    pub(super) fn will_retry(&self) -> bool {
        let stopped = self.seed.as_ref().is_some_and(|seed| seed.retry_stopped);
        let failed = matches!(&self.end, Some(End { how: Ending::Failed { .. }, .. }));
        failed && !self.final_failure && !stopped
    }

    fn refusal(&self) -> Option<&JobError> {
        self.seed.as_ref().and_then(|seed| seed.refusal.as_ref())
    }

    pub(super) fn error(&self) -> Option<&JobError> {
        match &self.end {
            Some(End { how: Ending::Failed { error }, .. }) => Some(error),
            Some(_) => None,
            None => self.refusal().filter(|_| self.started_at.is_none()),
        }
    }

    pub(super) fn prompt_id(&self) -> &str {
        self.prompt_id.get().or(self.seed.as_ref().map(|seed| &seed.prompt_id)).map_or("", String::as_str)
    }

    pub(super) fn instance_id(&self) -> Option<&str> {
        let seeded = || self.seed.as_ref().and_then(|seed| seed.instance_id.as_ref());
        self.instance_id.get().or_else(seeded).map(String::as_str)
    }

    /// As heard, or reckoned back from the end where the start was not.
    pub(super) fn started_at(&self) -> Option<Timestamp> {
        let reckoned = || {
            let end = self.end.as_ref()?;
            let duration = i64::try_from(end.duration_ms?).ok()?;
            Some(Timestamp(end.at.as_millis().saturating_sub(duration)))
        };
        self.started_at.or_else(reckoned)
    }

    pub(super) fn completed_at(&self) -> Option<Timestamp> {
        match &self.end {
            Some(end) => Some(end.at),
            None => self.seed.as_ref().filter(|_| self.error().is_some()).and_then(|seed| seed.completed_at),
        }
    }

    /// As measured; absent where nobody could.
    pub(super) fn duration_ms(&self) -> Option<u64> {
        self.end.as_ref().and_then(|end| end.duration_ms)
    }

    /// Until now, or until it ended.
    pub(super) fn elapsed_ms(&self, now: Timestamp) -> u64 {
        self.duration_ms().or_else(|| self.started_at().map(|started| now.since(started))).unwrap_or(0)
    }
}
