//! What readers of a generation are told: after an event, when an output changes, when only time has passed.

use super::attempt::Ending;
use super::project::addressed;
use super::sentences::retry_sentence;
use super::shown::Shown;
use super::{MAX_CHILDREN, View};
use crate::event::{Body, Event, InterruptReason, JobError, NodeState, WorkflowNodes};
use crate::frame::{Frame, FrameBody, JobHeader, ProgressData, ProgressType, QueuePlace, WorkflowData};
use crate::generation::{Output, Status};
use crate::time::Timestamp;
use serde::Serialize;
use std::collections::HashSet;
use std::io;
use uuid::Uuid;

/// Bytes of an encoded snapshot at most; a longer one leaves its nodes out.
pub const SNAPSHOT_LIMIT: usize = 120 * 1024;

/// The frames for an event that told `view` something new (it is applied already). An event of an attempt that is no
/// longer the newest has nothing to tell.
pub fn frames(view: &View, event: &Event, now: Timestamp) -> Vec<Frame> {
    if event.base.queue_id != Some(view.queue_id()) || event.base.attempt != view.attempt() {
        return Vec::new();
    }
    let body = match &event.body {
        Body::JobQueued(_) => Some(FrameBody::JobQueued(queue_place(view, now))),
        Body::JobStarted(body) => {
            Some(FrameBody::JobStarted { total_nodes: body.total_nodes, cached_nodes: body.cached_nodes.clone() })
        }
        Body::WorkflowNodes(body) => Some(FrameBody::WorkflowNodes { workflow_data: workflow_data(view, body) }),
        Body::NodeExecuting(body) => Some(node_progress(view, &body.node.node_id, now)),
        Body::NodeProgressUpdate(body) => Some(node_progress(view, &body.node.node_id, now)),
        // A blocked node has not been executed: its state says so.
        Body::NodeExecuted(body) if body.blocked.is_some() => Some(node_progress(view, &body.node_id, now)),
        Body::NodeExecuted(body) => Some(FrameBody::NodeExecuted {
            node_id: body.node_id.clone(),
            display_node_id: body.display_node_id.clone(),
            duration_ms: body.duration_ms,
            cached: body.cached,
        }),
        Body::ImagesGenerated(body) => {
            let found = view.outputs().into_iter().filter(|output| output.node_id == body.node_id);
            outputs(found)
        }
        Body::JobCompleted(_) | Body::JobFailed(_) | Body::JobInterrupted(_) => match end(view) {
            None if view.status() == Status::Processing => Some(overall_progress(view, now)),
            ended => ended,
        },
        Body::JobRetrying(body) => Some(FrameBody::JobRetry {
            retry_count: body.retry_count,
            max_retries: body.max_retries,
            retry_delay: body.retry_delay,
            error: body.error.clone(),
            change: body.change.clone(),
            next: body.next.clone(),
            message: retry_sentence(body, body.retry_delay),
        }),
        Body::MonitorInitialized(_)
        | Body::MonitorStopped(_)
        | Body::MonitorDisconnected(_)
        | Body::MonitorReconnected(_)
        | Body::QueueStatusUpdated(_) => None,
    };
    body.into_iter().map(|body| frame(view, event.base.sequence, body, now)).collect()
}

/// The frames for outputs that changed: `outputs`, and `completed` when with them the generation has become so. `was`
/// is its status before they were put, so that `completed` is told once.
pub fn settled_frames(view: &View, was: Status, changed: &[Uuid], now: Timestamp) -> Vec<Frame> {
    let changed: HashSet<&Uuid> = changed.iter().collect();
    let told = outputs(view.outputs().into_iter().filter(|output| changed.contains(&output.media_id)));
    let completed = (view.status() == Status::Completed && was != Status::Completed).then(|| end(view)).flatten();
    [told, completed].into_iter().flatten().map(|body| frame(view, view.sequence(), body, now)).collect()
}

/// The end as it stands (`completed`, `job_failed`, `job_interrupted`), for one that no event told of: a refusal, a
/// retry that was stopped.
pub fn end_frame(view: &View, now: Timestamp) -> Option<Frame> {
    end(view).map(|body| frame(view, view.sequence(), body, now))
}

/// When only time has passed: `job_progress` of type `overall_progress`.
pub fn overall_frame(view: &View, now: Timestamp) -> Frame {
    frame(view, view.sequence(), overall_progress(view, now), now)
}

/// When its place in line has changed: `queue_update`.
pub fn queue_frame(view: &View, now: Timestamp) -> Frame {
    frame(view, view.sequence(), FrameBody::QueueUpdate(queue_place(view, now)), now)
}

/// For readers of all generations: `generation_update`.
pub fn update_frame(view: &View, now: Timestamp) -> Frame {
    let generation = Box::new(view.summary(now));
    frame(view, view.sequence(), FrameBody::GenerationUpdate { generation }, now)
}

/// The first frame of a new reader.
pub fn snapshot(view: &View, now: Timestamp) -> FrameBody {
    let mut generation = Box::new(view.generation(now, true));
    let truncated = !fits(&generation, SNAPSHOT_LIMIT);
    if truncated {
        generation.nodes.clear();
    }
    FrameBody::Snapshot {
        queue_id: view.queue_id().to_string(),
        sequence: Some(view.sequence()),
        generation: Some(Some(generation)),
        generations: None,
        instances: None,
        truncated,
    }
}

fn frame(view: &View, sequence: u64, body: FrameBody, now: Timestamp) -> Frame {
    let job = JobHeader {
        queue_id: view.queue_id(),
        prompt_id: view.prompt_id().to_owned(),
        attempt: view.attempt(),
        sequence,
        status: view.status(),
    };
    Frame { timestamp: now, request_id: None, job: Some(job), body }
}

fn queue_place(view: &View, now: Timestamp) -> QueuePlace {
    QueuePlace {
        queue_position: view.queue_position(),
        estimated_wait_time: view.estimated_wait_time(now),
        eta: view.eta(now),
        comfyui_queue_remaining: view.queue_remaining(),
        message: view.waiting_sentence(now),
    }
}

fn workflow_data(view: &View, body: &WorkflowNodes) -> WorkflowData {
    let current = view.current();
    let place = current.and_then(|node| {
        let graph = view.graph();
        graph.place(node.id).or_else(|| graph.place(node.display_node_id()))
    });
    WorkflowData {
        nodes: body.workflow_nodes.clone(),
        total_nodes: body.total_nodes,
        current_node_index: place.and_then(|place| u32::try_from(place).ok()).unwrap_or(0),
        node_order: body.workflow_nodes.iter().map(|node| node.node_id.clone()).collect(),
    }
}

fn node_progress(view: &View, node_id: &str, now: Timestamp) -> FrameBody {
    let running = view.setting().running(MAX_CHILDREN);
    let runs = running.iter().any(|node| node.id == node_id);
    let node = view.setting().node(node_id);
    let state = if runs { NodeState::Running } else { node.state() };
    progress(view, Some(data(&node, state, now)), &running, now)
}

fn overall_progress(view: &View, now: Timestamp) -> FrameBody {
    progress(view, None, &view.setting().running(MAX_CHILDREN), now)
}

fn progress(view: &View, progress_data: Option<ProgressData>, running: &[Shown<'_>], now: Timestamp) -> FrameBody {
    FrameBody::JobProgress {
        progress_type: match progress_data {
            Some(_) => ProgressType::NodeProgress,
            None => ProgressType::OverallProgress,
        },
        progress_data,
        nodes: running.iter().map(|node| data(node, NodeState::Running, now)).collect(),
        overall_percentage: view.overall_percentage(),
        elapsed_ms: view.newest().elapsed_ms(now),
        eta: view.eta(now),
        over_ms: view.over_ms(view.foremost(running), now),
        critical_node_id: view.critical(running).map(|node| node.id.to_owned()),
        stalled_since: view.stalled_since(),
        message: view.whole_sentence(now),
        next: view.next(),
    }
}

fn data(node: &Shown<'_>, state: NodeState, now: Timestamp) -> ProgressData {
    let figures = node.figures(state);
    ProgressData {
        node_id: node.id.to_owned(),
        display_node_id: node.display_node_id().to_owned(),
        current_node: node.title().to_owned(),
        kind: node.kind(),
        value: figures.value,
        max: figures.max,
        percentage: figures.percentage,
        node_state: state,
        parent_node_id: node.parent_node_id().map(str::to_owned),
        real_node_id: node.real_node_id().map(str::to_owned),
        message: node.message(),
        elapsed_ms: node.elapsed_ms(now).unwrap_or(0),
    }
}

fn outputs<'a>(changed: impl Iterator<Item = &'a Output>) -> Option<FrameBody> {
    let outputs: Vec<Output> = changed.map(addressed).collect();
    (!outputs.is_empty()).then_some(FrameBody::Outputs { outputs, truncated: false })
}

fn end(view: &View) -> Option<FrameBody> {
    let newest = view.newest();
    match view.status() {
        Status::Pending | Status::Processing => None,
        Status::Completed => Some(FrameBody::Completed {
            outputs: view.outputs().into_iter().map(addressed).collect(),
            truncated: false,
            duration_ms: newest.duration_ms(),
            message: view.completed_sentence(),
        }),
        Status::Failed => {
            let error = newest.error().cloned().unwrap_or_else(JobError::default);
            let message = view.failed_sentence(&error);
            Some(FrameBody::JobFailed { error, message })
        }
        Status::Interrupted => {
            let reason = match newest.end.as_ref().map(|end| &end.how) {
                Some(Ending::Interrupted { reason, .. }) => *reason,
                _ => InterruptReason::Interrupted,
            };
            Some(FrameBody::JobInterrupted { reason, message: view.interrupted_sentence() })
        }
    }
}

/// Whether it encodes to no more than `limit` bytes; encoding stops where it does not.
fn fits(value: &impl Serialize, limit: usize) -> bool {
    serde_json::to_writer(Allowance(limit), value).is_ok()
}

struct Allowance(usize);

impl io::Write for Allowance {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
