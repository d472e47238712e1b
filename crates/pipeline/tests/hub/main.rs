//! The hub without sockets: what each reader gets, when, and what it costs to be slow.

// A test that cannot go on says so by panicking, in its helpers as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod encoded;
mod pipe;
mod random;
mod readers;
mod slow;

use monitor_core::frame::{Frame, FrameBody, JobHeader, ProgressType, QueuePlace};
use monitor_core::generation::Status;
use monitor_core::time::Timestamp;
use monitor_pipeline::hub::{Encoded, Snapshot, Subscriber, Topic};
use uuid::Uuid;

fn job_frame(queue_id: Uuid, sequence: u64, body: FrameBody) -> Encoded {
    let job = JobHeader { queue_id, prompt_id: "p".to_owned(), attempt: 1, sequence, status: Status::Processing };
    Encoded::text(&Frame { timestamp: Timestamp(0), request_id: None, job: Some(job), body }).unwrap()
}

fn progress(queue_id: Uuid, sequence: u64) -> Encoded {
    let body = FrameBody::JobProgress {
        progress_type: ProgressType::OverallProgress,
        progress_data: None,
        nodes: Vec::new(),
        overall_percentage: 1.0,
        elapsed_ms: 1,
        eta: None,
        over_ms: None,
        critical_node_id: None,
        stalled_since: None,
        message: None,
        next: Vec::new(),
    };
    job_frame(queue_id, sequence, body)
}

fn started(queue_id: Uuid, sequence: u64) -> Encoded {
    job_frame(queue_id, sequence, FrameBody::JobStarted { total_nodes: 1, cached_nodes: Vec::new() })
}

fn queued(queue_id: Uuid, sequence: u64) -> Encoded {
    let place = QueuePlace {
        queue_position: Some(1),
        estimated_wait_time: None,
        eta: None,
        comfyui_queue_remaining: None,
        message: String::new(),
    };
    job_frame(queue_id, sequence, FrameBody::QueueUpdate(place))
}

fn plain(body: FrameBody) -> Encoded {
    Encoded::text(&Frame { timestamp: Timestamp(0), request_id: None, job: None, body }).unwrap()
}

fn confirmed(topic: Topic) -> Encoded {
    plain(FrameBody::SubscriptionConfirmed { queue_id: topic.to_string() })
}

/// As of `sequence`.
fn snapshot(topic: Topic, sequence: u64) -> Snapshot {
    let body = FrameBody::Snapshot {
        queue_id: topic.to_string(),
        sequence: Some(sequence),
        generation: None,
        generations: None,
        instances: None,
        truncated: false,
    };
    Snapshot::encode(body, Timestamp(0)).unwrap()
}

/// Makes all snapshots that are wanted, as of `sequence`, as the reader's task would.
fn give_snapshots(subscriber: &Subscriber, sequence: u64) {
    while let Some(ticket) = subscriber.reader().next_snapshot() {
        subscriber.reader().give_snapshot(ticket, &snapshot(ticket.topic, sequence));
    }
}
