//! Workflows and recordings for servers that tests set up.

use monitor_testkit::{NodeScript, Script, Tape, demo, tapes_dir};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) fn tape(name: &str) -> Arc<Tape> {
    Arc::new(Tape::read(&tapes_dir().join(name)).unwrap())
}

/// Text to image: checkpoint 4, sampler 3 (24 steps), decoder 8, saver 9.
pub(crate) fn portrait() -> Value {
    demo::portrait().into()
}

/// A submission of the portrait with a queue id of our own.
pub(crate) fn submission() -> (String, Value) {
    let queue_id = Uuid::new_v4().to_string();
    let body = json!({"workflow": portrait(), "queueId": queue_id});
    (queue_id, body)
}

/// The portrait's sampler stands still after its tenth step until it is released.
pub(crate) fn held() -> Script {
    Script::new().node("3", NodeScript::new().held_at(10))
}
