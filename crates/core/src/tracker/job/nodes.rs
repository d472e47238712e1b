//! The nodes of a job: what each of them is at, and the events that follow.

use super::{Job, MAX_CHILDREN, Pen};
use crate::cost::Work;
use crate::event::{FileRef, ImagesGenerated, NodeExecuted, NodeExecuting, NodeProgressUpdate, NodeRef, NodeState};
use crate::messages::{message_with, verb};
use crate::names::NodeKind;
use crate::time::percentage;
use serde_json::Value;

/// A node that has started, or that was told of otherwise.
#[derive(Debug)]
pub(super) struct Live {
    pub node: NodeRef,
    pub kind: NodeKind,
    /// How messages begin, by the class of the node that people see.
    pub verb: &'static str,
    pub state: NodeState,
    pub steps: Option<(f64, f64)>,
    pub started: Option<u64>,
    /// The node of the submitted graph that it is, or that it is a part of: a place in the plan.
    pub leg: Option<usize>,
    pub executing_told: bool,
    pub executed_told: bool,
    pub images_told: bool,
    pub updates: u64,
}

/// What the server says of a node besides its id.
#[derive(Clone, Copy, Debug)]
pub(in crate::tracker) struct Given<'a> {
    pub display: &'a str,
    pub parent: Option<&'a str>,
    pub real: Option<&'a str>,
}

impl<'a> Given<'a> {
    pub(in crate::tracker) fn display(display: &'a str) -> Given<'a> {
        Given { display, parent: None, real: None }
    }

    pub(super) fn of(node: &'a NodeRef) -> Given<'a> {
        Given {
            display: &node.display_node_id,
            parent: node.parent_node_id.as_deref(),
            real: node.real_node_id.as_deref(),
        }
    }
}

impl Live {
    fn is_over(&self) -> bool {
        matches!(self.state, NodeState::Finished | NodeState::Cached | NodeState::Skipped)
    }
}

impl Job {
    /// The place of a node, made if it is new. `given` says what the server said of it.
    pub(super) fn place(&mut self, id: &str, given: Option<Given>) -> Option<usize> {
        if let Some(at) = self.index.get(id).copied() {
            if let Some(given) = given.filter(|given| given.real.is_some()) {
                let node = &mut self.nodes[at].node;
                if node.real_node_id.is_none() {
                    node.real_node_id = given.real.map(str::to_owned);
                    node.parent_node_id = given.parent.map(str::to_owned);
                }
            }
            return Some(at);
        }
        if self.nodes.len() >= self.plan.nodes.len() + MAX_CHILDREN {
            return None;
        }
        let own = self.plan.node(id);
        let display = given.map_or(id, |given| given.display);
        let seen = own.or_else(|| self.plan.node(display));
        let kind = seen.map_or(NodeKind::Other, |node| node.kind);
        let of_parent = || self.nodes.get(*self.index.get(given?.parent?)?)?.leg;
        let leg = self.plan.place(id).or_else(of_parent).or_else(|| self.plan.place(given?.parent?));
        let leg = leg.or_else(|| self.plan.place(display));
        let live = Live {
            node: NodeRef {
                node_id: id.to_owned(),
                display_node_id: display.to_owned(),
                parent_node_id: given.and_then(|given| given.parent).map(str::to_owned),
                real_node_id: given.and_then(|given| given.real).map(str::to_owned),
                node_title: seen.map_or_else(|| display.to_owned(), |node| node.node_title.clone()),
                class_type: own.map(|node| node.class_type.clone()),
            },
            kind,
            verb: verb(seen.map_or("", |node| node.class_type.as_str()), kind),
            state: NodeState::Pending,
            steps: None,
            started: None,
            leg,
            executing_told: false,
            executed_told: false,
            images_told: false,
            updates: 0,
        };
        self.nodes.push(live);
        self.index.insert(id.to_owned(), self.nodes.len() - 1);
        Some(self.nodes.len() - 1)
    }

    pub(super) fn begin(&mut self, at: usize, mono: u64) {
        let own = self.own_leg(at);
        let live = &mut self.nodes[at];
        if live.state == NodeState::Pending {
            live.state = NodeState::Running;
            live.started = Some(mono);
            self.running.push(at);
            // Listed as cached, and runs after all: the cache had let it go.
            self.cached.remove(&live.node.node_id);
            match own {
                Some(leg) => self.course.begin(leg, mono),
                None => self.course.alive(mono),
            }
        }
    }

    /// Its place in the plan, if it is a node of the submitted graph.
    fn own_leg(&self, at: usize) -> Option<usize> {
        self.plan.place(&self.nodes[at].node.node_id)
    }

    /// True the first time.
    pub(super) fn end(&mut self, at: usize, state: NodeState, mono: u64) -> bool {
        let own = self.own_leg(at);
        let live = &mut self.nodes[at];
        if live.is_over() {
            return false;
        }
        let ran = live.state == NodeState::Running;
        live.state = state;
        if let (Some((_, max)), NodeState::Finished) = (live.steps, state) {
            live.steps = Some((max, max));
        }
        if ran {
            self.running.retain(|running| *running != at);
        }
        match own {
            Some(leg) if state == NodeState::Finished => self.course.end(leg, mono),
            Some(leg) => self.course.skip(leg),
            None => self.course.alive(mono),
        }
        true
    }

    /// A node starts: `executing`, or its first appearance in `progress_state`.
    pub fn node_starts(&mut self, pen: &mut Pen, id: &str, given: Option<Given>) {
        let Some(at) = self.place(id, given) else { return };
        if self.nodes[at].state != NodeState::Pending {
            return;
        }
        self.begin(at, pen.now.mono);
        if !self.nodes[at].executing_told {
            self.nodes[at].executing_told = true;
            let node = self.nodes[at].node.clone();
            self.tell(pen, id, 0, NodeExecuting { node });
        }
    }

    /// What a `progress_state` says of one node, or a `progress` of an older server.
    pub fn node_says(&mut self, pen: &mut Pen, id: &str, given: Option<Given>, finished: bool, bar: (f64, f64)) {
        let Some(at) = self.place(id, given) else { return };
        if finished {
            self.node_finished(pen, at);
            return;
        }
        if self.nodes[at].is_over() {
            return;
        }
        self.node_starts(pen, id, given);
        // 0 of 1 is what every node starts with: nothing is known. Once a bar has moved, a fall back to 0 of 1 is a
        // node that was called again, and says as little.
        let (value, max) = bar;
        let known =
            !(value == 0.0 && (max - 1.0).abs() < f64::EPSILON) && value.is_finite() && max.is_finite() && max > 0.0;
        if known && self.nodes[at].steps != Some(bar) {
            self.nodes[at].steps = Some((value.clamp(0.0, max), max));
            if let Some(leg) = self.nodes[at].leg {
                self.course.step(leg, at as u64, value.clamp(0.0, max), max, pen.now.mono);
            }
            self.tell_progress(pen, at);
        }
    }

    pub(super) fn node_finished(&mut self, pen: &mut Pen, at: usize) {
        let id = self.nodes[at].node.node_id.clone();
        // Never seen to run, and nothing was missed: it was served from the cache.
        let cached = self.nodes[at].state == NodeState::Pending && (self.cached.contains(&id) || !self.gap);
        if self.nodes[at].is_over() {
            return;
        }
        if !self.nodes[at].executed_told {
            self.tell_executed(pen, at, None, cached);
        }
        self.end(at, if cached { NodeState::Cached } else { NodeState::Finished }, pen.now.mono);
        self.tell_progress(pen, at);
    }

    /// An older server runs one node at a time and tells only of starts: what ran before is done.
    pub fn others_finish(&mut self, pen: &mut Pen, starting: &str) {
        for at in self.running.clone() {
            if self.nodes[at].node.node_id != starting {
                self.node_finished(pen, at);
            }
        }
    }

    /// `executed`: a node with something to show is done, or served from the cache.
    pub fn node_executed(&mut self, pen: &mut Pen, id: &str, display: Option<&str>, output: &Value) {
        let given = display.filter(|display| *display != id).map(Given::display);
        let Some(at) = self.place(id, given) else { return };
        let cached = self.nodes[at].state == NodeState::Pending && (self.cached.contains(id) || !self.gap);
        self.take_output(pen, at, output, cached);
    }

    pub(super) fn take_output(&mut self, pen: &mut Pen, at: usize, output: &Value, cached: bool) {
        if !output.is_null() {
            self.outputs.insert(self.nodes[at].node.node_id.clone(), output.clone());
        }
        self.tell_executed(pen, at, Some(output), cached);
    }

    pub(super) fn tell_executed(&mut self, pen: &mut Pen, at: usize, output: Option<&Value>, cached: bool) {
        let output = output.filter(|output| !output.is_null());
        let work = if cached { None } else { self.work_of(at) };
        let live = &mut self.nodes[at];
        let id = live.node.node_id.clone();
        if !live.executed_told {
            live.executed_told = true;
            let body = NodeExecuted {
                node_id: id.clone(),
                display_node_id: live.node.display_node_id.clone(),
                duration_ms: live.started.map(|started| pen.now.mono.saturating_sub(started)),
                output: output.cloned(),
                cached,
                blocked: None,
                steps: live.steps.map(|(_, max)| max),
                work,
            };
            self.tell(pen, &id, 0, body);
        }
        if let Some(output) = output.filter(|_| !self.nodes[at].images_told) {
            let images = files(output);
            if !images.is_empty() {
                self.nodes[at].images_told = true;
                self.tell(pen, &id, 0, ImagesGenerated { node_id: id.clone(), images, output: output.clone() });
            }
        }
    }

    /// `execution_error` of type `ExecutionBlocked`: this branch ends, the job goes on.
    pub fn node_blocked(&mut self, pen: &mut Pen, id: &str, why: &str) {
        let Some(at) = self.place(id, None) else { return };
        if self.nodes[at].executed_told || !self.end(at, NodeState::Skipped, pen.now.mono) {
            return;
        }
        self.nodes[at].executed_told = true;
        let body = NodeExecuted {
            node_id: id.to_owned(),
            display_node_id: self.nodes[at].node.display_node_id.clone(),
            duration_ms: None,
            output: None,
            cached: false,
            blocked: Some(why.to_owned()),
            steps: None,
            work: None,
        };
        self.tell(pen, id, 0, body);
    }

    /// What it had to do, if its time was measured from beginning to end.
    fn work_of(&self, at: usize) -> Option<Work> {
        let live = &self.nodes[at];
        let leg = self.own_leg(at)?;
        if self.gap || live.started.is_none() {
            return None;
        }
        let (load_ms, rounds) = self.course.told(leg);
        let work = self.works.get(leg)?.clone();
        let load_ms = load_ms.filter(|_| work.drivers.cold).map(|load| load as u64);
        Some(Work { load_ms, rounds: rounds.filter(|rounds| *rounds > 1), ..work })
    }

    pub(super) fn tell_progress(&mut self, pen: &mut Pen, at: usize) {
        let reading = self.course.read(pen.now.mono);
        let overall = percentage(reading.percentage);
        self.pace_due = Some(pen.now.mono + super::PACE_INTERVAL);
        let live = &mut self.nodes[at];
        let ordinal = live.updates;
        live.updates += 1;
        let steps = live.steps;
        let id = live.node.node_id.clone();
        let body = NodeProgressUpdate {
            node: live.node.clone(),
            node_progress: steps.map(|(value, _)| value),
            node_max_progress: steps.map(|(_, max)| max),
            node_percentage: steps.map(|(value, max)| percentage(value / max * 100.0)),
            node_state: live.state,
            message: message_with(live.verb, live.kind, &live.node.node_title, steps),
            overall_percentage: overall,
            eta: reading.eta,
        };
        self.tell(pen, &id, ordinal, body);
    }
}

fn files(output: &Value) -> Vec<FileRef> {
    use crate::comfy::output::{Content, read};
    read(output)
        .items
        .into_iter()
        .filter_map(|item| match item.content {
            Content::File { file, .. } => Some(FileRef {
                r#type: file.folder.as_str().to_owned(),
                filename: file.filename,
                subfolder: file.subfolder,
            }),
            Content::Text(_) => None,
        })
        .collect()
}
