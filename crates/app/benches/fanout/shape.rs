//! What is sent: the same shape of frame from both servers, always of the same length.

use monitor_core::event::NodeState;
use monitor_core::frame::{Frame, FrameBody, JobHeader, ProgressData, ProgressType};
use monitor_core::generation::Status;
use monitor_core::names::NodeKind;
use monitor_core::time::Timestamp;
use monitor_pipeline::hub::{Encoded, Snapshot};
use uuid::Uuid;

pub(crate) const QUEUE_ID: Uuid = Uuid::from_u128(0x4b1d_9a5e_4c1f_4f0e_8a53_0d6c_1f1e_2a77);

/// A step of a sampler, as a generation sends most of its life.
pub(crate) fn step(number: usize) -> Encoded {
    let node = ProgressData {
        node_id: "3".to_owned(),
        display_node_id: "3".to_owned(),
        current_node: "K-Sampler".to_owned(),
        kind: NodeKind::Sampler,
        value: Some(15.0),
        max: Some(20.0),
        percentage: Some(75.0),
        node_state: NodeState::Running,
        parent_node_id: None,
        real_node_id: None,
        message: "Generating image using K-Sampler: 15/20 steps (75%)".to_owned(),
        elapsed_ms: 12_345,
    };
    let frame = Frame {
        timestamp: Timestamp(1_795_538_344_974),
        request_id: None,
        job: Some(JobHeader {
            queue_id: QUEUE_ID,
            prompt_id: QUEUE_ID.to_string(),
            attempt: 1,
            sequence: 1_000_000 + number as u64,
            status: Status::Processing,
        }),
        body: FrameBody::JobProgress {
            progress_type: ProgressType::NodeProgress,
            progress_data: Some(node.clone()),
            nodes: vec![node],
            overall_percentage: 61.25,
            elapsed_ms: 23_456,
            eta: None,
            over_ms: None,
            critical_node_id: None,
            stalled_since: None,
            message: None,
            next: Vec::new(),
        },
    };
    Encoded::text(&frame).unwrap()
}

pub(crate) fn nothing_yet() -> FrameBody {
    FrameBody::Snapshot {
        queue_id: QUEUE_ID.to_string(),
        sequence: None,
        generation: Some(None),
        generations: None,
        instances: None,
        truncated: false,
    }
}

pub(crate) fn snapshot() -> Snapshot {
    Snapshot::encode(nothing_yet(), Timestamp(1_795_538_344_974)).unwrap()
}
