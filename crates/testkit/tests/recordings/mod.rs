//! Recordings, and what of them is compared.

// Each test binary uses another part.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::sync::Arc;

use monitor_testkit::tape::{Event, Line, TapeJob};
use monitor_testkit::{FakeComfy, Tape, tapes_dir};
use serde_json::{Value, json};

use crate::client::Frame;

pub fn tapes() -> Vec<Arc<Tape>> {
    let mut folders: Vec<_> = std::fs::read_dir(tapes_dir()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders.iter().map(|folder| Arc::new(Tape::read(folder).unwrap())).collect()
}

pub fn tape(name: &str) -> Arc<Tape> {
    Arc::new(Tape::read(&tapes_dir().join(name)).unwrap())
}

pub async fn fake(tape: &Arc<Tape>) -> FakeComfy {
    FakeComfy::builder().tape(Arc::clone(tape)).speed(0.0).start().await.unwrap()
}

/// What a message says apart from ids, times and the length of the queue: type, node, value, output; of
/// `progress_state` every node's state.
pub fn gist(message: &Value) -> Value {
    let data = &message["data"];
    match message["type"].as_str() {
        Some("status") => json!("status"),
        Some("progress_state") => {
            let nodes = data["nodes"].as_object().into_iter().flatten();
            let states: Vec<_> = nodes
                .map(|(id, entry)| {
                    json!([
                        id,
                        entry["state"],
                        entry["value"],
                        entry["max"],
                        entry["real_node_id"],
                        entry["display_node_id"],
                        entry["parent_node_id"]
                    ])
                })
                .collect();
            json!(["progress_state", states])
        }
        _ => {
            let mut message = message.clone();
            if let Some(data) = message["data"].as_object_mut() {
                data.retain(|name, _| !["prompt_id", "timestamp"].contains(&name.as_str()));
            }
            message
        }
    }
}

/// The job's messages as one socket recorded them, from `execution_start` to `executing` of nothing.
pub fn recorded(tape: &Tape, job: &TapeJob, conn: &str) -> Vec<Value> {
    let earlier = tape.jobs.iter().take_while(|other| other.at < job.at);
    let mut skipped = earlier.filter(|other| other.prompt_id == job.prompt_id).count();
    let mut begun = false;
    let mut messages = Vec::new();
    for Line { event, .. } in tape.lines.iter().filter(|line| line.conn == conn) {
        match event {
            Event::Text { data } => {
                let is_this = data["data"]["prompt_id"] == job.prompt_id.as_str();
                if data["type"] == "execution_start" && is_this {
                    begun = skipped == 0;
                    skipped = skipped.saturating_sub(1);
                }
                if begun {
                    messages.push(gist(data));
                }
                if begun && data["type"] == "executing" && data["data"]["node"].is_null() && is_this {
                    break;
                }
            }
            Event::Binary { event, len, .. } if begun => {
                messages.push(json!(["binary", event, len]));
            }
            _ => {}
        }
    }
    messages
}

/// Tells the first difference, since the whole is long.
#[track_caller]
pub fn assert_same(mine: &[Value], recorded: &[Value], what: &str) {
    assert!(!recorded.is_empty(), "{what}: nothing was recorded");
    for at in 0..mine.len().max(recorded.len()) {
        assert_eq!(mine.get(at), recorded.get(at), "{what}, message {at}");
    }
}

pub fn heard(frames: &[Frame]) -> Vec<Value> {
    let begun = frames.iter().skip_while(|frame| frame.kind() != "execution_start");
    begun
        .map(|frame| match frame {
            Frame::Text(message) => gist(message),
            Frame::Binary(bytes) => {
                json!(["binary", bytes.iter().take(4).fold(0, |sum, byte| sum << 8 | u32::from(*byte)), bytes.len()])
            }
            Frame::End(_) => json!("end"),
        })
        .collect()
}

pub fn without_status(messages: Vec<Value>) -> Vec<Value> {
    messages.into_iter().filter(|message| message != "status").collect()
}
