//! What the events of one attempt say about one node. Facts only: the state is derived from them, never kept.

use super::guard::{Newest, keep_min, raise};
use crate::event::{Base, NodeExecuted, NodeExecuting, NodeProgressUpdate, NodeRef, NodeState};
use crate::time::Timestamp;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NodeFacts {
    /// The lowest sequence that names it: nodes appear in this order.
    pub(super) first: Option<u64>,
    /// When it was first seen running.
    pub(super) started_at: Option<Timestamp>,
    pub(super) about: Newest<NodeRef>,
    /// What it last said of itself.
    pub(super) live: Newest<Live>,
    pub(super) executed: Newest<Executed>,
    /// It has served a cached output.
    pub(super) served_from_cache: bool,
    /// Its branch was blocked.
    pub(super) blocked: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Live {
    pub(super) state: NodeState,
    pub(super) at: Timestamp,
    /// Value and maximum of its bar; absent where it reported none, which is not 0.
    pub(super) steps: Option<(f64, f64)>,
    pub(super) percentage: Option<f64>,
    /// Absent when it has only started.
    pub(super) message: Option<String>,
}

/// It ran to its end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Executed {
    pub(super) at: Timestamp,
    pub(super) duration_ms: Option<u64>,
    pub(super) steps: Option<f64>,
    pub(super) display_node_id: String,
}

impl NodeFacts {
    pub(super) fn executing(&mut self, base: &Base, body: &NodeExecuting) -> bool {
        let live =
            || Live { state: NodeState::Running, at: base.timestamp, steps: None, percentage: None, message: None };
        keep_min(&mut self.first, base.sequence)
            | keep_min(&mut self.started_at, base.timestamp)
            | self.about.offer_same(base.sequence, &body.node)
            | self.live.offer(base.sequence, live)
    }

    pub(super) fn progress(&mut self, base: &Base, body: &NodeProgressUpdate) -> bool {
        let live = || Live {
            state: body.node_state,
            at: base.timestamp,
            steps: body.node_progress.zip(body.node_max_progress),
            percentage: body.node_percentage,
            message: Some(body.message.clone()),
        };
        let runs = body.node_state == NodeState::Running;
        keep_min(&mut self.first, base.sequence)
            | (runs && keep_min(&mut self.started_at, base.timestamp))
            | self.about.offer_same(base.sequence, &body.node)
            | self.live.offer(base.sequence, live)
    }

    pub(super) fn executed(&mut self, base: &Base, body: &NodeExecuted) -> bool {
        let executed = || Executed {
            at: base.timestamp,
            duration_ms: body.duration_ms,
            steps: body.steps,
            display_node_id: body.display_node_id.clone(),
        };
        let first = keep_min(&mut self.first, base.sequence);
        first
            | match (&body.blocked, body.cached) {
                (Some(_), _) => raise(&mut self.blocked),
                (None, true) => raise(&mut self.served_from_cache),
                (None, false) => self.executed.offer(base.sequence, executed),
            }
    }

    /// By its own words, while the job is under way.
    pub(super) fn runs(&self) -> bool {
        self.executed.get().is_none()
            && !self.blocked
            && self.live.get().is_some_and(|live| live.state == NodeState::Running)
    }
}
