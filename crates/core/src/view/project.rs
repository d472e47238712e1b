//! What is made of a view: the generation and its summary.

use super::attempt::{Attempt, Ending};
use super::strip::strip;
use super::{MAX_CHILDREN, View};
use crate::event::{JobRetrying, NodeState};
use crate::generation::{
    self as shape, Current, Generation, Next, Node, Origin, Output, OutputStatus, Retry, Segment, Status, StoppedAt,
    Summary,
};
use crate::time::Timestamp;
use std::collections::HashSet;
use uuid::Uuid;

/// Nodes to come that are named.
const MAX_NEXT: usize = 3;
/// Our own causes of failure, which are a `reason` too.
const OWN_ERRORS: [&str; 3] = ["instance_lost", "submission_refused", "timeout"];

/// Where an output is served, relative to the API.
pub fn media_url(media_id: Uuid) -> String {
    format!("/v1/media/{media_id}")
}

/// Where its small version is served, for those that have one.
pub fn thumbnail_url(media_id: Uuid) -> String {
    format!("/v1/media/{media_id}/thumbnail")
}

impl View {
    /// All there is to show. `urls`: with the relative addresses of what is stored; without, they are left to the
    /// caller (an output that carries its own keeps it).
    pub fn generation(&self, now: Timestamp, urls: bool) -> Generation {
        let head = self.head(now);
        let (nodes, more_nodes) = self.nodes(now);
        let outputs = self.outputs().into_iter().map(|output| if urls { addressed(output) } else { output.clone() });
        Generation {
            queue_id: head.queue_id,
            prompt_id: head.prompt_id,
            instance_id: head.instance_id,
            origin: head.origin,
            status: head.status,
            reason: head.reason,
            title: head.title,
            created_at: head.created_at,
            started_at: head.started_at,
            completed_at: head.completed_at,
            duration_ms: head.duration_ms,
            queue_position: head.queue_position,
            estimated_wait_time: head.estimated_wait_time,
            overall_percentage: head.overall_percentage,
            eta: head.eta,
            over_ms: head.over_ms,
            message: head.message,
            stalled_since: head.stalled_since,
            critical_node_id: self.critical(&self.setting().running(MAX_CHILDREN)).map(|node| node.id.to_owned()),
            nodes,
            more_nodes,
            next: self.next(),
            outputs: outputs.collect(),
            error: head.error,
            warnings: head.warnings,
            attempts: self.attempts.values().map(|attempt| self.project_attempt(attempt)).collect(),
            retry_count: head.retry_count,
            retry: head.retry,
            // The view knows neither policies nor node classes.
            suggestions: Vec::new(),
            metadata: head.metadata,
            coarse: head.coarse,
            sequence: head.sequence,
        }
    }

    /// For lists.
    pub fn summary(&self, now: Timestamp) -> Summary {
        let current = self.current();
        Summary {
            strip: self.strip(now),
            current: current.map(|node| {
                let figures = node.figures(NodeState::Running);
                Current {
                    node_id: node.id.to_owned(),
                    title: node.title().to_owned(),
                    kind: node.kind(),
                    value: figures.value,
                    max: figures.max,
                }
            }),
            thumbnail_url: self.thumbnail(),
            output_count: u32::try_from(self.outputs.len()).unwrap_or(u32::MAX),
            ..self.head(now)
        }
    }

    /// What generation and summary have in common.
    fn head(&self, now: Timestamp) -> Summary {
        let newest = self.newest();
        let status = self.status();
        let ended = status.is_ended();
        Summary {
            queue_id: self.seed.queue_id,
            prompt_id: self.prompt_id().to_owned(),
            instance_id: self.instance_id().to_owned(),
            origin: self.seed.origin,
            status,
            reason: self.reason(status),
            title: self.title(),
            created_at: self.seed.created_at,
            started_at: newest.started_at(),
            completed_at: newest.completed_at().filter(|_| ended),
            duration_ms: newest.duration_ms().filter(|_| ended),
            queue_position: self.queue_position(),
            estimated_wait_time: self.estimated_wait_time(now),
            overall_percentage: self.overall_percentage(),
            eta: self.eta(now),
            over_ms: self.over_ms(self.current(), now),
            message: self.message(now),
            stalled_since: self.stalled_since(),
            error: newest.error().filter(|_| status == Status::Failed).cloned(),
            warnings: self.seed.warnings.clone(),
            retry_count: self.retry_count(),
            retry: self.retry().map(|(at, retrying)| Retry {
                retry_at: at.plus(retrying.retry_delay),
                max_retries: retrying.max_retries,
                error: retrying.error.clone(),
                change: retrying.change.clone(),
                next: retrying.next.clone(),
            }),
            metadata: self.seed.metadata.clone(),
            coarse: self.is_coarse(status),
            sequence: self.sequence,
            strip: Vec::new(),
            current: None,
            thumbnail_url: None,
            output_count: 0,
        }
    }

    pub(super) fn title(&self) -> String {
        if !self.seed.title.is_empty() {
            return self.seed.title.clone();
        }
        match (self.title.get(), self.graph().nodes().len()) {
            (Some(title), _) => title.clone(),
            (None, 0) => "Workflow".to_owned(),
            (None, 1) => "Workflow with 1 node".to_owned(),
            (None, count) => format!("Workflow with {count} nodes"),
        }
    }

    fn reason(&self, status: Status) -> Option<String> {
        let newest = self.newest();
        match (status, newest.end.as_ref().map(|end| &end.how)) {
            (Status::Interrupted, Some(Ending::Interrupted { reason, .. })) => Some(reason.as_str().to_owned()),
            (Status::Failed, _) => {
                let cause = newest.error().map(|error| error.r#type.as_str());
                cause.filter(|cause| OWN_ERRORS.contains(cause)).map(str::to_owned)
            }
            _ => None,
        }
    }

    /// Between two attempts: when the retry was told of, and what was said.
    pub(super) fn retry(&self) -> Option<(Timestamp, &JobRetrying)> {
        let newest = self.newest();
        newest.retrying.get().filter(|_| newest.will_retry()).map(|(at, retrying)| (*at, retrying))
    }

    fn retry_count(&self) -> u32 {
        let retried = self.attempts.values().filter(|attempt| attempt.retrying.get().is_some()).count();
        u32::try_from(retried).unwrap_or(u32::MAX)
    }

    fn is_coarse(&self, status: Status) -> bool {
        let newest = self.newest();
        let silent = self.seed.origin == Origin::Observed && !newest.heard;
        silent && (status.is_ended() || (status == Status::Processing && newest.foreign))
    }

    fn nodes(&self, now: Timestamp) -> (Vec<Node>, Option<u32>) {
        let setting = self.setting();
        let running: HashSet<&str> = setting.running(usize::MAX).iter().map(|node| node.id).collect();
        let children = setting.children();
        let more = children.len().saturating_sub(MAX_CHILDREN);
        let graph = setting.graph.nodes().iter().map(|spec| setting.node(&spec.node_id));
        let nodes = graph.chain(children.into_iter().take(MAX_CHILDREN)).map(|node| {
            let state = if running.contains(node.id) { NodeState::Running } else { node.state() };
            node.project(state, now)
        });
        (nodes.collect(), u32::try_from(more).ok().filter(|more| *more > 0))
    }

    /// What runs after what runs now.
    pub(super) fn next(&self) -> Vec<Next> {
        let newest = self.newest();
        let under_way = self.status() == Status::Processing && newest.end.is_none();
        let ahead = newest.ahead().take(if under_way { MAX_NEXT } else { 0 });
        let next = ahead.map(|node| Next {
            node_id: node.node_id.clone(),
            title: node.node_title.clone(),
            kind: node.kind,
            expected_ms: node.expected.map(|expected| expected.ms),
        });
        next.collect()
    }

    fn strip(&self, now: Timestamp) -> Vec<Segment> {
        let setting = self.setting();
        let running: HashSet<&str> = setting.running(usize::MAX).iter().map(|node| node.id).collect();
        // A child's time is part of its parent's: only the submitted graph counts, or what stands for it.
        let nodes = match setting.graph.nodes() {
            [] => setting.children().into_iter().filter(|node| node.parent_node_id().is_none()).collect::<Vec<_>>(),
            specs => specs.iter().map(|spec| setting.node(&spec.node_id)).collect(),
        };
        strip(nodes.into_iter().map(|node| {
            let state = if running.contains(node.id) { NodeState::Running } else { node.state() };
            let took = || node.elapsed_ms(now).unwrap_or(0);
            let expected = || node.expected().map_or(0, |expected| expected.ms);
            let ms = match state {
                NodeState::Cached | NodeState::Skipped => 0,
                NodeState::Pending => expected(),
                NodeState::Running => took().max(expected()),
                NodeState::Finished | NodeState::Error | NodeState::Interrupted => took(),
            };
            Segment { state, ms }
        }))
    }

    /// Of the newest stored output that has one; of a temp file only where there is no result.
    fn thumbnail(&self) -> Option<String> {
        let outputs = self.outputs();
        let with = outputs.into_iter().filter(|o| o.status == OutputStatus::Stored && o.thumbnail_url.is_some());
        // Of equals `max_by_key` takes the last.
        with.max_by_key(|output| !output.preview).map(|output| thumbnail_url(output.media_id))
    }

    fn project_attempt(&self, attempt: &Attempt) -> shape::Attempt {
        let newest = attempt.number == self.newest().number;
        let before = attempt.number.checked_sub(1).and_then(|number| self.attempts.get(&number));
        let retried_with = || before.and_then(|before| before.retrying.get()?.1.change.clone());
        let status = attempt.status(!newest || self.settled());
        shape::Attempt {
            prompt_id: attempt.prompt_id().to_owned(),
            instance_id: attempt.instance_id().or(self.seed.instance_id.as_deref()).unwrap_or("").to_owned(),
            number: attempt.number,
            status,
            change: attempt.seed.as_ref().and_then(|seed| seed.change.clone()).or_else(retried_with),
            error: attempt.error().cloned(),
            stopped_at: stopped_at(attempt),
            started_at: attempt.started_at(),
            completed_at: attempt.completed_at().filter(|_| status.is_ended()),
            duration_ms: attempt.duration_ms().filter(|_| status.is_ended()),
            peak_memory_bytes: attempt.end.as_ref().and_then(|end| end.peak_memory_bytes),
        }
    }
}

/// The node an attempt failed or was stopped in, and how far it was: the one named, or else the one that ran. A node
/// that waited for its children is as far as the last of them.
pub(super) fn stopped_at(attempt: &Attempt) -> Option<StoppedAt> {
    let end = attempt.end.as_ref()?;
    let named = match &end.how {
        Ending::Completed => return None,
        Ending::Failed { error } => error.node_id.as_deref(),
        Ending::Interrupted { node_id, .. } => node_id.as_deref(),
    };
    let steps = |id: &str| attempt.nodes.get(id).and_then(|facts| facts.live.get()?.steps);
    let is_child = |id: &str, of: &str| {
        let about = attempt.nodes.get(id).and_then(|facts| facts.about.get());
        about.is_some_and(|about| about.real_node_id.as_deref() == Some(of))
    };
    let node_id = named.or_else(|| {
        let mut ran = attempt.left_running().peekable();
        let newest = ran.peek().copied();
        ran.find(|id| steps(id).is_some()).or(newest)
    })?;
    let of_child = || attempt.left_running().filter(|id| is_child(id, node_id)).find_map(steps);
    // Steps are not durable: after a restart of ours only the end itself still knows them.
    let reached = steps(node_id).or_else(of_child).or(end.reached);
    Some(StoppedAt {
        node_id: node_id.to_owned(),
        value: reached.map(|(value, _)| value),
        max: reached.map(|(_, max)| max),
    })
}

/// With its relative addresses, once it is stored.
pub(super) fn addressed(output: &Output) -> Output {
    let stored = output.status == OutputStatus::Stored && output.kind != shape::OutputKind::Text;
    let url = output.url.clone().or_else(|| stored.then(|| media_url(output.media_id)));
    Output { url, ..output.clone() }
}
