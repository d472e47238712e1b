//! From the moment at which `ComfyUI` says something to the moment at which a reader of its job has the frame.

use crate::process::{Serve, folder};
use crate::{jobs, quantile, row};
use comfyui_monitor::client::Submission;
use comfyui_monitor::client::frames::Body;
use comfyui_monitor::client::live::{Heard, Live};
use monitor_testkit::{FakeComfy, NodeScript, Script};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

const STEPS: usize = 1_000;
/// Besides the one that steps; each is started and finished.
const NODES: usize = 200;
const PAUSE: Duration = Duration::from_millis(4);

pub(crate) async fn measure() {
    let mut conversation = Conversation::begin().await;
    let mut steps = Vec::with_capacity(STEPS);
    for step in 1..=STEPS {
        let wanted = |body: &Body| match body {
            Body::JobProgress { nodes, .. } => nodes.iter().any(|node| node.value == Some(step as f64)),
            _ => false,
        };
        steps.push(conversation.takes(&[running("1", step)], wanted).await);
    }
    let (mut starts, mut ends) = (Vec::with_capacity(NODES), Vec::with_capacity(NODES));
    for node in (2..2 + NODES).map(|node| node.to_string()) {
        let wanted = |body: &Body| match body {
            Body::JobProgress { nodes, .. } => nodes.iter().any(|running| running.node_id == node),
            _ => false,
        };
        starts.push(conversation.takes(&[running("1", STEPS), running(&node, 0)], wanted).await);
        let wanted =
            |body: &Body| matches!(body, Body::NodeExecuted { display_node_id, .. } if *display_node_id == node);
        ends.push(conversation.takes(&[running("1", STEPS), entry(&node, "finished", 1)], wanted).await);
    }
    tell("message to frame at its reader", &mut steps);
    tell("the same of a node's start (stored first)", &mut starts);
    tell("the same of a node's end (stored first)", &mut ends);
}

fn tell(what: &str, times: &mut [f64]) {
    row(&format!("{what}, p50"), &format!("{:.2} ms", quantile(times, 0.5)), "< 1 ms");
    row(&format!("{what}, p99"), &format!("{:.2} ms", quantile(times, 0.99)), "< 5 ms");
}

/// A job that stands still in its first node, so that all it says comes from here; and a reader of it.
struct Conversation {
    fake: FakeComfy,
    client_id: String,
    prompt_id: String,
    reader: Live,
    _serve: Serve,
    _data: tempfile::TempDir,
}

impl Conversation {
    async fn begin() -> Conversation {
        let script = Script::new().previews(false).node("1", NodeScript::new().steps(STEPS as u32).held_at(0));
        let (fake, data) = (FakeComfy::builder().script(script).start().await.unwrap(), folder());
        let mut serve = Serve::start(&fake.base_url(), data.path());
        let monitor = serve.client();
        let client_id = fake.wait_until(|state| !state.clients.is_empty()).await.clients.remove(0);
        let queue_id = Uuid::new_v4();
        let mut reader = Live::open(monitor.clone(), queue_id.to_string()).await.unwrap();
        let file = serde_json::to_vec(&jobs::graph(1 + NODES)).unwrap().into();
        let submission = Submission { filename: "job.json".to_owned(), file, overrides: Map::new(), queue_id };
        monitor.submit(submission).await.unwrap();
        let prompt_id = fake.wait_until(|state| state.held).await.running.unwrap();
        hear(&mut reader, |body| matches!(body, Body::JobProgress { .. })).await;
        Conversation { fake, client_id, prompt_id, reader, _serve: serve, _data: data }
    }

    /// Milliseconds from saying this to the frame.
    async fn takes(&mut self, entries: &[Value], wanted: impl Fn(&Body) -> bool) -> f64 {
        tokio::time::sleep(PAUSE).await;
        let nodes: Map<String, Value> = entries
            .iter()
            .map(|entry| {
                let mut entry = entry.clone();
                entry["prompt_id"] = json!(self.prompt_id);
                (entry["node_id"].as_str().unwrap().to_owned(), entry)
            })
            .collect();
        let message = json!({"type": "progress_state", "data": {"prompt_id": self.prompt_id, "nodes": nodes}});
        let said = Instant::now();
        self.fake.push_text(&self.client_id, &message);
        hear(&mut self.reader, wanted).await;
        said.elapsed().as_secs_f64() * 1e3
    }
}

async fn hear(reader: &mut Live, wanted: impl Fn(&Body) -> bool) {
    loop {
        match tokio::time::timeout(Duration::from_secs(10), reader.next()).await.expect("the frame did not come") {
            Heard::Frame(frame) if wanted(&frame.body) => return,
            Heard::Frame(_) => {}
            Heard::Lost { reason, .. } => panic!("{reason}"),
        }
    }
}

fn running(node: &str, step: usize) -> Value {
    entry(node, "running", step)
}

fn entry(node: &str, state: &str, value: usize) -> Value {
    let max = if node == "1" { STEPS } else { 1 };
    json!({"value": value, "max": max, "state": state, "node_id": node, "prompt_id": null, "display_node_id": node,
           "parent_node_id": null, "real_node_id": node})
}
