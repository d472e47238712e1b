//! What of a job's recorded messages is its own, as a play.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use super::jobs::seconds;
use crate::play::{Action, Ending, ImageKind, Picture, Play, Step, To};

/// Frames longer than this are not believed; the largest recorded preview has 52 kB.
const MAX_FRAME_BYTES: usize = 64 * 1024 * 1024;

/// The play of one job, while its lines come in.
pub(super) struct Reel {
    pub play: Play,
    pub began: f64,
    pub last: f64,
    pub ended: bool,
    /// The node whose bar moved last: that of the next type 1 preview.
    moved: String,
    /// A type 4 preview, which stands before its `progress`; kept in the order of type 1.
    early: Option<Action>,
}

impl Reel {
    pub(super) fn new(id: &str, began: f64) -> Self {
        let play = Play {
            prompt_id: id.to_owned(),
            cached: Vec::new(),
            cached_at: Duration::ZERO,
            steps: Vec::new(),
            ends_at: Duration::ZERO,
            ending: Ending::Lost,
            history: None,
        };
        Self { play, began, last: began, ended: false, moved: String::new(), early: None }
    }

    pub(super) fn push(&mut self, t: f64, action: Action) {
        self.last = t;
        self.play.steps.push(Step::new(seconds(t - self.began), action));
    }

    pub(super) fn end(&mut self, t: f64, kind: &str, data: &Value) {
        if let Some(preview) = self.early.take() {
            self.push(t, preview);
        }
        // Whatever is no object has nothing to tell, and would take no prompt id.
        let mut data = data.as_object().cloned().unwrap_or_default();
        data.shift_remove("timestamp");
        let data = Value::Object(data);
        self.play.ends_at = seconds(t - self.began);
        self.play.ending = match kind {
            "execution_error" => Ending::Error(data),
            "execution_interrupted" => Ending::Interrupted(data),
            _ => Ending::Success,
        };
        self.ended = true;
    }

    pub(super) fn text(&mut self, t: f64, message: &Value, reach: impl Fn() -> To) {
        let kind = message["type"].as_str().unwrap_or_default();
        let data = &message["data"];
        let named = data.get("prompt_id").and_then(Value::as_str);
        if named.is_some_and(|id| id != self.play.prompt_id) {
            return;
        }
        let blocked = data["exception_type"] == "ExecutionBlocked";
        let to = match kind {
            // Made by the server from its own state, or not the job's.
            "status" | "feature_flags" | "logs" | "execution_start" => return,
            "execution_cached" => {
                let nodes = data["nodes"].as_array().into_iter().flatten();
                self.play.cached = nodes.filter_map(|node| node.as_str().map(str::to_owned)).collect();
                self.play.cached_at = seconds(t - self.began);
                return;
            }
            "execution_success" | "execution_interrupted" => return self.end(t, kind, data),
            "execution_error" if !blocked => return self.end(t, kind, data),
            "executing" if data["node"].is_null() || named.is_none() => return,
            "executing" | "executed" => To::Submitter,
            "progress" | "progress_state" | "execution_error" => To::SubmitterOrAll,
            _ => reach(),
        };
        if kind == "progress" {
            data["node"].as_str().unwrap_or_default().clone_into(&mut self.moved);
        }
        self.push(t, Action::Text { kind: kind.to_owned(), data: data.clone(), to });
        if kind == "progress"
            && let Some(preview) = self.early.take()
        {
            self.push(t, preview);
        }
    }

    pub(super) fn binary(&mut self, t: f64, event: u32, len: usize, b64: &str, reach: impl Fn() -> To) {
        let Ok(mut bytes) = STANDARD.decode(b64) else {
            return;
        };
        if len > MAX_FRAME_BYTES {
            return;
        }
        let cut = bytes.len() < len;
        match event {
            1 => {
                let kind = if bytes.get(4..8) == Some(&[0, 0, 0, 2]) { ImageKind::Png } else { ImageKind::Jpeg };
                let image = picture(&bytes, 8, len);
                self.push(t, Action::Preview { node: self.moved.clone(), kind, image });
            }
            4 => {
                let header_len =
                    bytes.get(4..8).map_or(0, |word| word.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)));
                let header: Value =
                    bytes.get(8..8 + header_len).and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default();
                let kind = if header["image_type"] == "image/png" { ImageKind::Png } else { ImageKind::Jpeg };
                let node = header["node_id"].as_str().unwrap_or_default().to_owned();
                self.early = Some(Action::Preview { node, kind, image: picture(&bytes, 8 + header_len, len) });
            }
            _ => {
                if cut {
                    bytes.resize(len, 0);
                }
                self.push(t, Action::Binary { bytes: bytes.into(), to: reach() });
            }
        }
    }
}

/// The image of a preview frame; what the recorder cut is replaced by a picture of the same length.
fn picture(frame: &[u8], from: usize, len: usize) -> Picture {
    let recorded = frame.get(from..).unwrap_or_default();
    if frame.len() >= len {
        return Picture::Recorded(Bytes::copy_from_slice(recorded));
    }
    let seed = recorded.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    Picture::Drawn { seed, len: len.saturating_sub(from) }
}
