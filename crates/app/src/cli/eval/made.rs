//! Sessions made up for tests.

use super::session::Session;
use monitor_testkit::Tape;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A session line by line; what a server says of classes comes from a recording.
#[derive(Default)]
pub(super) struct Made {
    lines: Vec<(f64, String)>,
    pub classes: Value,
}

impl Made {
    pub(super) fn new() -> Made {
        let open = json!({"t": 0.0, "conn": "a", "kind": "open", "url": "/ws?clientId=me"});
        let mut made = Made { lines: Vec::new(), classes: json!({}) };
        made.line(0.0, &open);
        made
    }

    fn line(&mut self, t: f64, line: &Value) -> &mut Self {
        self.lines.push((t, format!("{line}\n")));
        self
    }

    pub(super) fn text(&mut self, t: f64, kind: &str, data: &Value) -> &mut Self {
        self.line(t, &json!({"t": t, "conn": "a", "kind": "text", "data": {"type": kind, "data": data}}))
    }

    /// Submitted and begun at `t`.
    pub(super) fn begin(&mut self, t: f64, id: &str, graph: &Value, cached: &[&str]) -> &mut Self {
        let post = json!({
            "t": t, "conn": "http", "kind": "http", "method": "POST", "path": "/prompt", "status": 200,
            "request": {"prompt": graph, "client_id": "me"}, "response": {"prompt_id": id, "number": self.lines.len()},
        });
        self.line(t, &post);
        let timestamp = 1_795_556_374_000_i64 + (t * 1_000.0) as i64;
        self.text(t, "execution_start", &json!({"prompt_id": id, "timestamp": timestamp}));
        self.text(t, "execution_cached", &json!({"prompt_id": id, "nodes": cached, "timestamp": timestamp}))
    }

    pub(super) fn node(&mut self, t: f64, id: &str, node: &str) -> &mut Self {
        self.text(t, "executing", &json!({"prompt_id": id, "node": node, "display_node": node}))
    }

    pub(super) fn progress(&mut self, t: f64, id: &str, node: &str, value: u32, max: u32) -> &mut Self {
        self.text(t, "progress", &json!({"prompt_id": id, "node": node, "value": value, "max": max}))
    }

    pub(super) fn executed(&mut self, t: f64, id: &str, node: &str) -> &mut Self {
        self.text(
            t,
            "executed",
            &json!({"prompt_id": id, "node": node, "display_node": node, "output": {"images": []}}),
        )
    }

    pub(super) fn end(&mut self, t: f64, id: &str) -> &mut Self {
        let timestamp = 1_795_556_374_000_i64 + (t * 1_000.0) as i64;
        self.text(t, "execution_success", &json!({"prompt_id": id, "timestamp": timestamp}));
        self.text(t, "executing", &json!({"prompt_id": id, "node": null}))
    }

    pub(super) fn trace(&self) -> String {
        self.upto(f64::MAX)
    }

    fn upto(&self, t: f64) -> String {
        self.lines.iter().filter(|(at, _)| *at <= t).map(|(_, line)| line.as_str()).collect()
    }

    pub(super) fn session(&self) -> Session {
        self.until(f64::MAX)
    }

    /// As if the recording had ended there.
    pub(super) fn until(&self, t: f64) -> Session {
        let trace = self.upto(t);
        let beside = |file: &str| (file == "object_info.json").then(|| self.classes.to_string());
        Session::of(&Tape::parse("made", &trace, beside).unwrap(), &HashMap::new(), None).unwrap()
    }
}

/// Loader, latent, sampler of four steps, saver.
pub(super) fn sampling() -> Value {
    json!({
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
        "2": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
        "3": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 4, "model": ["1", 0], "latent_image": ["2", 0]}},
        "4": {"class_type": "SaveImage", "inputs": {"filename_prefix": "a", "images": ["3", 0]}},
    })
}
