//! What a performance says, and to whom.

use bytes::Bytes;
use serde_json::{Value, json};

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
        let to = if kind == "execution_interrupted" {
            To::SubmitterOrAll
        } else {
            To::Submitter
        };
        self.deliver(
            to,
            Raw::Text(json!({"type": kind, "data": data}).to_string()),
        );
        if self.count().await.is_break() {
            // Interrupted while it stood still between two milestones: the next wait sees it.
            tracing::debug!(kind, "interrupted while held");
        }
    }

    pub(super) fn text(&mut self, to: To, kind: &str, mut data: Value) {
        rewrite(&mut data, &self.play.prompt_id, &self.job.prompt_id);
        match kind {
            "progress_state" => return self.states(data),
            "executing" => {
                self.current = data["node"].as_str().map(str::to_owned);
                if let Some(running) = &mut self.life.lock().running {
                    running.last_node = data["display_node"].as_str().map(str::to_owned);
                }
            }
            "executed" => {
                let node = data["node"].as_str().unwrap_or_default();
                if !data["output"].is_null() {
                    self.outputs.insert(node.to_owned(), data["output"].clone());
                    lock(&self.life.shared.disk).write(
                        &data["output"],
                        Some(&Value::Object(self.job.graph.clone())),
                    );
                }
            }
            "progress" if self.faults.old_messages => {
                let display = data["node"]
                    .as_str()
                    .map(|node| self.nodes[node]["display_node_id"].clone());
                data["node"] = display
                    .filter(Value::is_string)
                    .unwrap_or_else(|| data["node"].clone());
            }
            _ => {}
        }
        self.deliver(
            to,
            Raw::Text(json!({"type": kind, "data": data}).to_string()),
        );
    }

    pub(super) fn state(&mut self, entry: &Value) {
        let mut entry = entry.clone();
        rewrite(&mut entry, &self.play.prompt_id, &self.job.prompt_id);
        let id = entry["node_id"].as_str().unwrap_or_default().to_owned();
        self.nodes.insert(id, entry);
        let nodes = std::mem::take(&mut self.nodes);
        self.states(json!({"prompt_id": self.job.prompt_id, "nodes": nodes}));
    }

    pub(super) fn states(&mut self, mut data: Value) {
        if !self.faults.old_messages {
            let message = json!({"type": "progress_state", "data": data});
            self.deliver(To::SubmitterOrAll, Raw::Text(message.to_string()));
        }
        let Value::Object(nodes) = data["nodes"].take() else {
            return;
        };
        for (id, entry) in &nodes {
            if entry["state"] == "finished"
                && !self.executed.contains(id)
                && !self.play.cached.contains(id)
            {
                self.executed.push(id.clone());
            }
        }
        self.nodes = nodes;
    }

    pub(super) fn wants_metadata(&self) -> bool {
        let Some(client) = &self.job.client else {
            return false;
        };
        let state = self.life.lock();
        !self.faults.old_messages
            && state
                .sockets
                .previews_with_metadata
                .get(client)
                .copied()
                .unwrap_or(false)
    }

    /// A type 4 frame for clients with the flag, else a type 1 frame (section 3).
    pub(super) fn preview(&self, node: &str, kind: ImageKind, image: &Bytes) -> Bytes {
        if !self.wants_metadata() {
            return [
                &1_u32.to_be_bytes(),
                &kind.code().to_be_bytes(),
                image.as_ref(),
            ]
            .concat()
            .into();
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
        [
            &4_u32.to_be_bytes(),
            &(header.len() as u32).to_be_bytes(),
            header.as_bytes(),
            image.as_ref(),
        ]
        .concat()
        .into()
    }

    pub(super) fn deliver(&self, to: To, message: Raw) {
        let to = match (to, &self.job.client) {
            (To::All, _) | (To::SubmitterOrAll, None) => Audience::Everybody,
            (_, Some(client)) => Audience::One(client.clone()),
            (To::Submitter, None) => return,
        };
        self.life.send(to, message);
    }

    /// What a job tells that is stopped now.
    pub(super) fn interrupted(&self) -> Ending {
        let current = self.current.clone().unwrap_or_default();
        let real = self
            .nodes
            .get(&current)
            .and_then(|entry| entry["real_node_id"].as_str())
            .unwrap_or(&current);
        Ending::Interrupted(json!({"prompt_id": self.job.prompt_id, "node_id": real,
                                   "node_type": crate::graph::class(&self.job.graph, real), "executed": self.executed}))
    }
}
