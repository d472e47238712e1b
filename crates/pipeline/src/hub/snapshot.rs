//! The first frame of a subscription, and what it makes needless.

use super::encoded::{EncodeError, Encoded};
use monitor_core::frame::{Frame, FrameBody};
use monitor_core::time::Timestamp;
use std::collections::HashMap;
use uuid::Uuid;

/// Above this many bytes a snapshot leaves out `nodes` (`CONTRACT.md`, "HTTP API").
const LARGEST: usize = 120 * 1024;

/// A snapshot, encoded, with the newest sequences it holds.
#[derive(Debug)]
pub struct Snapshot {
    frame: Encoded,
    floor: u64,
    /// Of `*`: per generation.
    floors: HashMap<Uuid, u64>,
}

impl Snapshot {
    /// `body` as [`crate::api::Api::snapshot`] gives it.
    pub fn encode(body: FrameBody, timestamp: Timestamp) -> Result<Snapshot, EncodeError> {
        let (floor, floors) = match &body {
            FrameBody::Snapshot { sequence, generations, .. } => (
                sequence.unwrap_or(0),
                generations.iter().flatten().map(|summary| (summary.queue_id, summary.sequence)).collect(),
            ),
            _ => (0, HashMap::new()),
        };
        let (_, encoded) = within_limits(body, timestamp)?;
        Ok(Snapshot { frame: encoded, floor, floors })
    }

    /// The frame alone, likewise without `nodes` where it would be too large.
    pub fn shortened(body: FrameBody, timestamp: Timestamp) -> Result<Frame, EncodeError> {
        within_limits(body, timestamp).map(|(frame, _)| frame)
    }

    pub fn frame(&self) -> &Encoded {
        &self.frame
    }

    /// What is older than this is in it. For `*`, whose generations each count for themselves, 0: what is published
    /// there is made from the newest state anyway.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    pub(super) fn is_newer_than(&self, frame: &Encoded) -> bool {
        frame.sequence() < self.floor || self.floors.get(&frame.subject()).is_some_and(|&held| frame.sequence() < held)
    }
}

fn within_limits(body: FrameBody, timestamp: Timestamp) -> Result<(Frame, Encoded), EncodeError> {
    let mut frame = Frame { timestamp, request_id: None, job: None, body };
    let mut encoded = Encoded::text(&frame)?;
    if encoded.payload().len() > LARGEST && leave_out_nodes(&mut frame.body) {
        encoded = Encoded::text(&frame)?;
    }
    Ok((frame, encoded))
}

fn leave_out_nodes(body: &mut FrameBody) -> bool {
    match body {
        FrameBody::Snapshot { generation: Some(Some(generation)), truncated, .. } => {
            generation.nodes = Vec::new();
            *truncated = true;
            true
        }
        _ => false,
    }
}
