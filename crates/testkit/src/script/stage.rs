//! Writing down, in the recorded order, what a node tells while it runs.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::files;
use crate::play::{Action, ImageKind, Picture, Step, To};

/// A node on the stage: the four ids of `progress_state` (section 6) and its class.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    pub id: String,
    pub class: String,
    pub display: String,
    pub parent: Option<String>,
    /// The ancestor in the submitted graph.
    pub real: String,
}

impl Actor {
    pub(super) fn of_graph(id: &str, class: String) -> Self {
        Self { id: id.to_owned(), class, display: id.to_owned(), parent: None, real: id.to_owned() }
    }
}

pub(super) struct Stage {
    pub prompt_id: String,
    pub now: Duration,
    pub steps: Vec<Step>,
    /// The next step waits for a node that takes no interruption.
    pub deaf: bool,
}

impl Stage {
    pub(super) fn new(prompt_id: &str) -> Self {
        Self { prompt_id: prompt_id.to_owned(), now: Duration::ZERO, steps: Vec::new(), deaf: false }
    }

    pub(super) fn act(&mut self, action: Action) {
        self.steps.push(Step { at: self.now, action, deaf: self.deaf });
    }

    fn text(&mut self, kind: &str, data: Value, to: To) {
        self.act(Action::Text { kind: kind.to_owned(), data, to });
    }

    fn state(&mut self, actor: &Actor, state: &str, value: &Value, max: &Value) {
        let entry = json!({"value": value, "max": max, "state": state, "node_id": actor.id, "prompt_id": self.prompt_id,
                           "display_node_id": actor.display, "parent_node_id": actor.parent, "real_node_id": actor.real});
        self.act(Action::State { entry });
    }

    pub(super) fn start(&mut self, actor: &Actor) {
        self.state(actor, "running", &json!(0.0), &json!(1.0));
        let data = json!({"node": actor.id, "display_node": actor.display, "prompt_id": self.prompt_id});
        self.text("executing", data, To::Submitter);
    }

    pub(super) fn bar(&mut self, actor: &Actor, value: u32, max: u32, preview: bool) {
        self.state(actor, "running", &json!(value), &json!(max));
        let data = json!({"value": value, "max": max, "prompt_id": self.prompt_id, "node": actor.id});
        self.text("progress", data, To::SubmitterOrAll);
        if preview {
            let seed = files::seed(&self.prompt_id).wrapping_add(u64::from(value));
            let image = Picture::Drawn { seed, len: 0 };
            self.act(Action::Preview { node: actor.id.clone(), kind: ImageKind::Jpeg, image });
        }
    }

    /// `executed` stands directly before the last `progress_state`, which sets the value to the maximum.
    pub(super) fn finish(&mut self, actor: &Actor, max: Option<u32>, output: Option<&Value>) {
        if let Some(output) = output {
            let data =
                json!({"node": actor.id, "display_node": actor.display, "output": output, "prompt_id": self.prompt_id});
            self.text("executed", data, To::Submitter);
        }
        let full = max.map_or(json!(1.0), |max| json!(max));
        self.state(actor, "finished", &full, &full);
    }

    /// A cached output node tells its old output and is finished, one of one.
    pub(super) fn cached(&mut self, actor: &Actor, output: &Value) {
        self.finish(actor, Some(1), Some(output));
    }

    pub(super) fn blocked(&mut self, actor: &Actor, executed: &[String], message: &str) {
        let data = json!({"prompt_id": self.prompt_id, "node_id": actor.id, "node_type": actor.class, "executed": executed,
                          "exception_message": format!("Execution Blocked: {message}"), "exception_type": "ExecutionBlocked",
                          "traceback": [], "current_inputs": [], "current_outputs": []});
        self.text("execution_error", data, To::SubmitterOrAll);
    }

    /// A type 3 frame: length of the node id, node id, text (section 3).
    pub(super) fn say(&mut self, actor: &Actor, text: &str) {
        let id = actor.id.as_bytes();
        let frame = [&3_u32.to_be_bytes(), &(id.len() as u32).to_be_bytes(), id, text.as_bytes()].concat();
        self.act(Action::Binary { bytes: Bytes::from(frame), to: To::All });
    }
}
