//! One node as people see it: its state and figures, derived from what was heard of it and of its job.

use super::attempt::{Attempt, Ending};
use super::graph::Graph;
use super::node::{Live, NodeFacts};
use crate::cost::Expected;
use crate::event::{NodeState, WorkflowNode};
use crate::generation::{Node, Origin};
use crate::messages;
use crate::names::NodeKind;
use crate::time::{Timestamp, percentage};
use std::collections::HashSet;

/// What all nodes of an attempt share when they are looked at.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) attempt: &'a Attempt,
    /// That of the attempt, or of the one before it as long as its own has not come.
    pub(super) graph: &'a Graph,
    pub(super) origin: Origin,
}

impl<'a> Setting<'a> {
    pub(super) fn node(self, id: &'a str) -> Shown<'a> {
        Shown { id, setting: self, facts: self.attempt.nodes.get(id), spec: self.graph.get(id) }
    }

    /// Where it is known at all.
    pub(super) fn find(self, id: &str) -> Option<Shown<'a>> {
        let heard = self.attempt.nodes.get_key_value(id).map(|(id, _)| id.as_str());
        heard.or_else(|| self.graph.get(id).map(|spec| spec.node_id.as_str())).map(|id| self.node(id))
    }

    /// All that run now, in the order they started, the ones that wait for their children first; at most `limit`, the
    /// newest. Costs what runs, not what there is.
    pub(super) fn running(self, limit: usize) -> Vec<Shown<'a>> {
        let own: Vec<&str> = self.attempt.running().take(limit).collect();
        let mut seen: HashSet<&str> = own.iter().copied().collect();
        let mut all: Vec<Shown<'a>> = own.iter().map(|id| self.node(id)).collect();
        for id in own {
            let mut child = self.node(id);
            while let Some(parent) = child.parent_node_id().and_then(|id| self.find(id)).filter(|p| seen.insert(p.id)) {
                all.push(parent);
                child = parent;
            }
        }
        all.truncate(limit);
        all.reverse();
        all
    }

    /// Nothing was heard of any node, and yet something must have run: the job was seen from afar, or healed.
    fn unseen(self) -> bool {
        let attempt = self.attempt;
        let from_afar = attempt.foreign || self.origin == Origin::Observed;
        let ran = || attempt.cached.is_empty() || attempt.nodes.values().any(|node| node.executed.get().is_some());
        !attempt.heard && (from_afar || ran())
    }

    /// Of children, in order of appearance: what was heard of and is no part of the submitted graph.
    pub(super) fn children(self) -> Vec<Shown<'a>> {
        let heard = self.attempt.nodes.iter().filter(|(id, _)| self.graph.place(id).is_none());
        let mut children: Vec<(u64, &str)> =
            heard.map(|(id, facts)| (facts.first.unwrap_or(u64::MAX), id.as_str())).collect();
        children.sort_unstable();
        children.into_iter().map(|(_, id)| self.node(id)).collect()
    }
}

#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) id: &'a str,
    setting: Setting<'a>,
    facts: Option<&'a NodeFacts>,
    spec: Option<&'a WorkflowNode>,
}

impl<'a> Shown<'a> {
    fn live(&self) -> Option<&'a Live> {
        self.facts.and_then(|facts| facts.live.get())
    }

    pub(super) fn display_node_id(&self) -> &'a str {
        let told = self.facts.and_then(|facts| {
            let executed = || facts.executed.get().map(|executed| &executed.display_node_id);
            facts.about.get().map(|about| &about.display_node_id).or_else(executed)
        });
        told.map_or(self.id, String::as_str)
    }

    pub(super) fn parent_node_id(&self) -> Option<&'a str> {
        self.facts?.about.get()?.parent_node_id.as_deref()
    }

    pub(super) fn real_node_id(&self) -> Option<&'a str> {
        self.facts?.about.get()?.real_node_id.as_deref()
    }

    /// Of the submitted graph: its own entry, or the one of the node it is displayed under.
    fn shown_as(&self) -> Option<&'a WorkflowNode> {
        self.spec.or_else(|| self.setting.graph.get(self.display_node_id()))
    }

    pub(super) fn title(&self) -> &'a str {
        let spec = self.spec.map(|spec| spec.node_title.as_str());
        let told = || self.facts?.about.get().map(|about| about.node_title.as_str());
        let shown_as = || self.shown_as().map(|spec| spec.node_title.as_str());
        spec.or_else(told).or_else(shown_as).unwrap_or(self.id)
    }

    pub(super) fn kind(&self) -> NodeKind {
        self.shown_as().map_or(NodeKind::Other, |spec| spec.kind)
    }

    fn class_type(&self) -> Option<&'a str> {
        let told = || self.facts?.about.get()?.class_type.as_deref();
        self.spec.map(|spec| spec.class_type.as_str()).or_else(told)
    }

    /// The state by what is known of this node and of the job's end; a node that runs for its children is not known
    /// here, see [`Setting::running`].
    pub(super) fn state(&self) -> NodeState {
        let attempt = self.setting.attempt;
        let end = attempt.end.as_ref().map(|end| &end.how);
        // Both name the node in the submitted graph, never the child that raised.
        let named = match end {
            Some(Ending::Failed { error }) => error.node_id.as_deref(),
            Some(Ending::Interrupted { node_id, .. }) => node_id.as_deref(),
            _ => None,
        } == Some(self.id);
        let failed = matches!(end, Some(Ending::Failed { .. }));
        let executed = self.facts.is_some_and(|facts| facts.executed.get().is_some());
        let blocked = self.facts.is_some_and(|facts| facts.blocked);
        match self.live().map(|live| live.state).filter(|state| *state != NodeState::Pending) {
            _ if named && failed => NodeState::Error,
            _ if executed => NodeState::Finished,
            _ if blocked => NodeState::Skipped,
            // A cached output node is told as finished though it never ran.
            Some(NodeState::Finished) if self.started_at().is_none() && self.is_cached() => NodeState::Cached,
            Some(NodeState::Running) => match end {
                None => NodeState::Running,
                Some(Ending::Completed) => NodeState::Finished,
                Some(_) => NodeState::Interrupted,
            },
            Some(told) => told,
            None if self.is_cached() => NodeState::Cached,
            None => match end {
                None => NodeState::Pending,
                Some(Ending::Completed) if self.setting.unseen() => NodeState::Finished,
                Some(Ending::Interrupted { .. }) if named => NodeState::Interrupted,
                Some(_) => NodeState::Skipped,
            },
        }
    }

    fn is_cached(&self) -> bool {
        self.facts.is_some_and(|facts| facts.served_from_cache) || self.setting.attempt.cached.contains(self.id)
    }

    fn started_at(&self) -> Option<Timestamp> {
        self.facts.and_then(|facts| facts.started_at)
    }

    /// What it should take in all.
    pub(super) fn expected(&self) -> Option<Expected> {
        self.spec.and_then(|spec| spec.expected)
    }

    /// Value and maximum as last told.
    pub(super) fn steps(&self) -> Option<(f64, f64)> {
        self.live().and_then(|live| live.steps)
    }

    /// As it stands in `state`: the last word of a node that has finished may have been conflated away, so it is full.
    pub(super) fn figures(&self, state: NodeState) -> Figures {
        let told = self.steps();
        let steps = match state {
            NodeState::Pending | NodeState::Cached | NodeState::Skipped => None,
            NodeState::Finished => {
                let in_all = || self.facts?.executed.get()?.steps;
                told.map(|(_, max)| max).or_else(in_all).map(|max| (max, max))
            }
            NodeState::Running | NodeState::Error | NodeState::Interrupted => told,
        };
        let told = self.live().and_then(|live| live.percentage);
        let share = steps.map(|(value, max)| match told {
            _ if state == NodeState::Finished => 100.0,
            Some(told) => told,
            None if max > 0.0 => value / max * 100.0,
            None => 0.0,
        });
        Figures {
            value: steps.map(|(value, _)| value),
            max: steps.map(|(_, max)| max),
            percentage: share.map(percentage),
        }
    }

    /// How long it has run so far, or ran.
    pub(super) fn elapsed_ms(&self, now: Timestamp) -> Option<u64> {
        let executed = self.facts.and_then(|facts| facts.executed.get());
        if let Some(measured) = executed.and_then(|executed| executed.duration_ms) {
            return Some(measured);
        }
        let finished = || self.live().filter(|live| live.state != NodeState::Running).map(|live| live.at);
        let until = executed.map(|executed| executed.at).or_else(finished);
        let until = until.or_else(|| match &self.setting.attempt.end {
            None => Some(now),
            // An end that was learnt later has the server's time: how long the node ran, nobody knows.
            Some(end) => Some(end.at).filter(|_| end.heard),
        });
        Some(until?.since(self.started_at()?))
    }

    pub(super) fn message(&self) -> String {
        let told = self.live().and_then(|live| live.message.clone());
        told.unwrap_or_else(|| {
            let class = self.class_type().or_else(|| self.shown_as().map(|spec| spec.class_type.as_str()));
            messages::message(class.unwrap_or(""), self.kind(), self.title(), self.steps())
        })
    }

    pub(super) fn project(&self, state: NodeState, now: Timestamp) -> Node {
        let Figures { value, max, percentage } = self.figures(state);
        let ran = !matches!(state, NodeState::Pending | NodeState::Cached | NodeState::Skipped);
        let expected = self.expected().filter(|_| matches!(state, NodeState::Pending | NodeState::Running));
        let owned = |text: &str| text.to_owned();
        Node {
            node_id: owned(self.id),
            display_node_id: owned(self.display_node_id()),
            parent_node_id: self.parent_node_id().map(owned),
            real_node_id: self.real_node_id().map(owned),
            class_type: self.class_type().map(owned),
            title: owned(self.title()),
            kind: self.kind(),
            state,
            value,
            max,
            percentage,
            started_at: self.started_at().filter(|_| ran),
            elapsed_ms: self.elapsed_ms(now).filter(|_| ran),
            duration_ms: self.facts.and_then(|facts| facts.executed.get()?.duration_ms),
            expected_ms: expected.map(|expected| expected.ms),
            expected_low_ms: expected.map(|expected| expected.low_ms),
            expected_high_ms: expected.map(|expected| expected.high_ms),
            dependencies: self.spec.map(|spec| spec.dependencies.clone()).unwrap_or_default(),
        }
    }
}

/// Absent without a step count.
#[derive(Clone, Copy)]
pub(super) struct Figures {
    pub(super) value: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) percentage: Option<f64>,
}
