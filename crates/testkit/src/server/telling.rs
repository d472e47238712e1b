//! What a performance says, and to whom.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::life::message;
use super::shared::{lock, now_ms};
use super::sockets::Audience;
use super::worker::Performance;
use crate::hostile::Raw;
use crate::play::{Ending, ImageKind, To, rewrite};

impl Performance<'_> {
    /// One of the three messages that history keeps too; they carry the server's time.
    pub(super) async fn milestone(&mut self, kind: &str, mut data: Value) {
        rewrite(&mut data, &self.play.prompt_id, &self.job.prompt_id);
        data["timestamp"] = now_ms().into();
        self.messages.push(json!([kind, data]));
        // `execution_interrupted` alone of them goes to everybody if the job has no client id.
        let to = if kind == "execution_interrupted" { To::SubmitterOrAll } else { To::Submitter };
        self.deliver(to, || message(kind, &data));
        if self.count().await.is_break() {
            // Interrupted while it stood still between two milestones: the next wait sees it.
            tracing::debug!(kind, "interrupted while held");
        }
    }

    pub(super) fn text(&mut self, to: To, kind: &str, mut data: Value) {
        rewrite(&mut data, &self.play.prompt_id, &self.job.prompt_id);
        match kind {
            "progress_state" => {
                if let Some(Value::Object(nodes)) = data.get_mut("nodes").map(Value::take) {
                    nodes.iter().for_each(|(id, entry)| self.note(id, entry));
                    self.nodes = nodes;
                }
                return self.states();
            }
            "executing" => {
                self.current = data["node"].as_str().map(str::to_owned);
                if let Some(running) = &mut self.life.lock().running {
                    running.last_node = data["display_node"].as_str().map(str::to_owned);
                }
            }
            "executed" => self.keep(&data["node"], &data["output"]),
            "progress" if self.faults.old_messages => {
                let entry = data["node"].as_str().and_then(|node| self.nodes.get(node));
                let display = entry.map(|entry| entry["display_node_id"].clone());
                if let (Some(node), Some(display)) = (data.get_mut("node"), display) {
                    *node = display;
                }
            }
            _ => {}
        }
        self.deliver(to, || message(kind, &data));
    }

    fn keep(&mut self, node: &Value, output: &Value) {
        if let Some(node) = node.as_str().filter(|_| !output.is_null()) {
            self.outputs.insert(node.to_owned(), output.clone());
            lock(&self.life.shared.disk).write(output, &self.prompt);
        }
    }

    /// One node changed.
    pub(super) fn state(&mut self, entry: &Value) {
        let mut entry = entry.clone();
        rewrite(&mut entry, &self.play.prompt_id, &self.job.prompt_id);
        let id = entry["node_id"].as_str().unwrap_or_default().to_owned();
        self.note(&id, &entry);
        self.nodes.insert(id, entry);
        self.states();
    }

    fn note(&mut self, id: &str, entry: &Value) {
        let ran = entry["state"] == "finished" && !self.play.cached.iter().any(|cached| cached == id);
        if ran && self.ran.insert(id.to_owned()) {
            self.executed.push(id.to_owned());
        }
    }

    /// Sends the states of all nodes so far.
    fn states(&self) {
        if !self.faults.old_messages {
            let states = States { prompt_id: &self.job.prompt_id, nodes: &self.nodes };
            self.deliver(To::SubmitterOrAll, || message("progress_state", &states));
        }
    }

    pub(super) fn wants_metadata(&self) -> bool {
        let Some(client) = &self.job.client else {
            return false;
        };
        let state = self.life.lock();
        !self.faults.old_messages && state.sockets.previews_with_metadata.get(client).copied().unwrap_or(false)
    }

    /// A type 4 frame for clients with the flag, else a type 1 frame (section 3).
    pub(super) fn preview(&self, node: &str, kind: ImageKind, image: &Bytes) -> Bytes {
        if !self.wants_metadata() {
            return [&1_u32.to_be_bytes(), &kind.code().to_be_bytes(), image.as_ref()].concat().into();
        }
        let ids = self.nodes.get(node).cloned().unwrap_or_default();
        // Spaced as Python does it, so that frames are as long as recorded ones.
        let header = format!(
            "{{\"node_id\": {}, \"prompt_id\": {}, \"display_node_id\": {}, \"parent_node_id\": {}, \"real_node_id\": {}, \"image_type\": {}}}",
            json!(node),
            json!(self.job.prompt_id),
            ids["display_node_id"],
            ids["parent_node_id"],
            ids["real_node_id"],
            json!(kind.mime()),
        );
        [&4_u32.to_be_bytes(), &(header.len() as u32).to_be_bytes(), header.as_bytes(), image.as_ref()].concat().into()
    }

    /// Sends what `make` gives; a message that nobody would hear is not made, for some are large.
    pub(super) fn deliver(&self, to: To, make: impl FnOnce() -> Raw) {
        let to = match (to, &self.job.client) {
            (To::All, _) | (To::SubmitterOrAll, None) => Audience::Everybody,
            (_, Some(client)) => Audience::One(client.clone()),
            (To::Submitter, None) => return,
        };
        if self.life.lock().sockets.anybody(&to) {
            self.life.send(to, make());
        }
    }

    /// What a job tells that is stopped now.
    pub(super) fn interrupted(&self) -> Ending {
        let current = self.current.clone().unwrap_or_default();
        let real = self.nodes.get(&current).and_then(|entry| entry["real_node_id"].as_str()).unwrap_or(&current);
        Ending::Interrupted(json!({"prompt_id": self.job.prompt_id, "node_id": real,
                                   "node_type": crate::graph::class(&self.job.graph, real), "executed": self.executed}))
    }
}

#[derive(Serialize)]
struct States<'a> {
    prompt_id: &'a str,
    nodes: &'a Map<String, Value>,
}
