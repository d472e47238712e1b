//! Made sessions: a server whose costs are known, played to a tracker message by message.

#![allow(dead_code, reason = "each of the tests that share this uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a made session that is made wrongly has nothing to test")]

use monitor_core::comfy::graph::Graph;
use monitor_core::comfy::message::parse;
use monitor_core::comfy::rest::history;
use monitor_core::cost::{Expected, History};
use monitor_core::event::{Body, Device, Event};
use monitor_core::time::Now;
use monitor_core::tracker::{Answer, Config, Input, Output, Pace, Submission, Tracker};
use serde_json::{Value, json};
use std::collections::HashSet;
use uuid::Uuid;

/// What one node does: milliseconds before its first step, of each step, and behind the last. No steps: silent.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    pub before: u64,
    pub steps: Vec<u64>,
    pub behind: u64,
}

impl Cost {
    pub fn silent(ms: u64) -> Cost {
        Cost { before: ms, ..Cost::default() }
    }

    pub fn steps(count: u64, ms: u64) -> Cost {
        Cost { steps: vec![ms; usize::try_from(count).unwrap()], ..Cost::default() }
    }

    pub fn after(self, before: u64) -> Cost {
        Cost { before, ..self }
    }
}

pub struct Session {
    pub tracker: Tracker,
    pub now: u64,
    jobs: u128,
    cached: HashSet<String>,
    pub events: Vec<Event>,
    pub paces: Vec<(u64, Pace)>,
}

impl Session {
    pub fn new(device: &str) -> Session {
        Session::with(device, History::default())
    }

    pub fn with(device: &str, history: History) -> Session {
        let config = Config { instance_id: "made".into(), client_id: "us".into(), history, ..Config::default() };
        let mut session = Session {
            tracker: Tracker::new(Now::at(0), config),
            now: 1_000,
            jobs: 0,
            cached: HashSet::new(),
            events: Vec::new(),
            paces: Vec::new(),
        };
        let devices = vec![Device { r#type: Some(device.into()), ..Device::default() }];
        session.feed(Input::Connected { comfyui_version: None, devices });
        session
    }

    fn feed(&mut self, input: Input) {
        let out = self.tracker.handle(Now::at(self.now), input);
        self.take(out);
    }

    fn take(&mut self, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Event(event) => self.events.push(*event),
                Output::Pace(pace) => self.paces.push((self.now, pace)),
                _ => {}
            }
        }
    }

    /// Time passes, and what is due on the way happens.
    pub fn pass(&mut self, ms: u64) {
        let until = self.now + ms;
        while let Some(due) = self.tracker.deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.feed(Input::Tick);
        }
        self.now = until;
    }

    pub fn say(&mut self, kind: &str, data: &Value) {
        let text = json!({"type": kind, "data": data}).to_string();
        let parsed = parse(text.as_bytes());
        self.feed(Input::Message { addressee: None, message: &parsed.message });
    }

    pub fn submit(&mut self, workflow: &Value) -> String {
        self.jobs += 1;
        let prompt_id = Uuid::from_u128(self.jobs).to_string();
        let submission = Submission {
            queue_id: Uuid::from_u128(self.jobs),
            attempt: 1,
            prompt_id: prompt_id.clone(),
            title: None,
            workflow: workflow.clone(),
            last_sequence: 0,
        };
        self.feed(Input::Submitting(submission));
        let answer = Answer::Accepted { prompt_id: prompt_id.clone(), number: Some(self.jobs as f64) };
        self.feed(Input::Answered { prompt_id: prompt_id.clone(), answer });
        prompt_id
    }

    pub fn start(&mut self, prompt_id: &str, cached: &[&str]) {
        self.cached = cached.iter().map(ToString::to_string).collect();
        self.say("execution_start", &json!({"prompt_id": prompt_id}));
        self.say("execution_cached", &json!({"prompt_id": prompt_id, "nodes": cached}));
    }

    pub fn node_begins(&mut self, prompt_id: &str, node: &str) {
        self.say("executing", &json!({"prompt_id": prompt_id, "node": node, "display_node": node}));
        self.progress(prompt_id, node, 0.0, 1.0, "running");
    }

    pub fn progress(&mut self, prompt_id: &str, node: &str, value: f64, max: f64, state: &str) {
        let entry = json!({"value": value, "max": max, "state": state, "node_id": node, "display_node_id": node,
            "real_node_id": node, "parent_node_id": null, "prompt_id": prompt_id});
        self.say("progress_state", &json!({"prompt_id": prompt_id, "nodes": {node: entry}}));
    }

    pub fn run_node(&mut self, prompt_id: &str, node: &str, cost: &Cost) {
        self.node_begins(prompt_id, node);
        self.pass(cost.before);
        for (step, ms) in cost.steps.iter().enumerate() {
            self.pass(*ms);
            self.progress(prompt_id, node, step as f64 + 1.0, cost.steps.len() as f64, "running");
        }
        self.pass(cost.behind);
        self.progress(prompt_id, node, 1.0, 1.0, "finished");
    }

    pub fn end(&mut self, prompt_id: &str) {
        self.say("execution_success", &json!({"prompt_id": prompt_id}));
        self.say("executing", &json!({"prompt_id": prompt_id, "node": null}));
        let told = json!({prompt_id: {"prompt": [1.0, prompt_id, {}, {"client_id": "us"}, []], "outputs": {},
            "status": {"status_str": "success", "completed": true,
                "messages": [["execution_success", {"prompt_id": prompt_id}]]}}});
        let entries = history(told.to_string().as_bytes()).unwrap().value.entries;
        let entry = entries.into_iter().next().map(Box::new);
        self.feed(Input::History { prompt_id: prompt_id.into(), entry });
    }

    /// A whole job: every node of the graph in topological order, at the cost that `law` gives it.
    pub fn run(&mut self, workflow: &Value, cached: &[&str], law: impl Fn(&str) -> Cost) {
        let prompt_id = self.submit(workflow);
        self.start(&prompt_id, cached);
        let graph = Graph::from_value(workflow).unwrap();
        let order: Vec<String> = graph.topological_order().iter().map(|node| node.id.clone()).collect();
        for node in order.iter().filter(|node| !cached.contains(&node.as_str())) {
            self.run_node(&prompt_id, node, &law(node));
        }
        self.end(&prompt_id);
        self.pass(100);
    }

    /// What is expected of a node of this graph if it ran now.
    pub fn expects(&mut self, workflow: &Value, cached: &[&str], node: &str) -> Expected {
        let prompt_id = self.submit(workflow);
        self.start(&prompt_id, cached);
        let told = self.events.iter().rev().find_map(|event| match &event.body {
            Body::WorkflowNodes(told) => Some(told.workflow_nodes.clone()),
            _ => None,
        });
        self.end(&prompt_id);
        told.unwrap().into_iter().find(|told| told.node_id == node).unwrap().expected.unwrap()
    }
}
