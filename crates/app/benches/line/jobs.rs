//! The jobs that the fake runs: a chain of nodes with a progress bar each, about a thousand messages in two seconds.

use monitor_testkit::{FakeComfy, NodeScript, Script};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// So many times faster than life: a step, which is `progress_state` and `progress`, every 4 ms.
const SPEED: f64 = 25.0;
/// `ComfyUI` tells no more than ten steps of a bar a second.
const STEP: Duration = Duration::from_millis(100);
/// Messages of a job, roughly. A node has three besides those of its steps.
const MESSAGES: usize = 1_000;

/// A chain of nodes, of classes that the fake knows, which ends in a text: what storing a picture costs is not the
/// question here.
pub(crate) fn graph(nodes: usize) -> Map<String, Value> {
    let mut graph = Map::new();
    for node in 1..nodes {
        let input = if node > 1 { json!([(node - 1).to_string(), 0]) } else { json!(1) };
        let inputs = json!({"latent_image": input, "seed": node, "steps": 20, "cfg": 7.0, "sampler_name": "euler"});
        let title = json!({"title": format!("Pass {node}")});
        graph.insert(node.to_string(), json!({"class_type": "KSampler", "inputs": inputs, "_meta": title}));
    }
    let last = json!({"class_type": "PreviewAny", "inputs": {"source": [(nodes - 1).to_string(), 0]}});
    graph.insert(nodes.to_string(), last);
    graph
}

/// A fake whose jobs of this many nodes all have the same number of messages.
pub(crate) async fn server(nodes: usize) -> FakeComfy {
    let steps = (MESSAGES / nodes - 3) as u32 / 2;
    let node = NodeScript::new().steps(steps).lasting(STEP * steps);
    let script = Script::new().previews(false).class("KSampler", node.clone()).class("PreviewAny", node);
    FakeComfy::builder().script(script).speed(SPEED).start().await.unwrap()
}
