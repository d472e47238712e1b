//! A job as it will be performed, whether it was read from a tape or made from a script.
//!
//! A [`Play`] holds what happens between `execution_cached` and the terminal message. What every job has in common
//! (the three `status` messages, start, cached, the ending, the history entry) is made by the server from its own state.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::files;

/// Who hears a message (comfyui-protocol, section 1, "Addressee").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// The socket of the job's client id; nobody if the job has none.
    Submitter,
    /// The same, but everybody if the job has no client id.
    SubmitterOrAll,
    /// Every socket the server has in its map.
    All,
}

/// The two formats a preview can have on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKind {
    Jpeg,
    Png,
}

impl ImageKind {
    /// The format word of a type 1 frame.
    pub fn code(self) -> u32 {
        match self {
            Self::Jpeg => 1,
            Self::Png => 2,
        }
    }

    /// The `image_type` of a type 4 frame.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// The image of a preview.
#[derive(Debug, Clone)]
pub enum Picture {
    Recorded(Bytes),
    /// Drawn when it is sent: 512 by 512 pixels, decodable, and at least `len` bytes long (what stands after the end of
    /// an image is ignored by every decoder).
    Drawn {
        seed: u64,
        len: usize,
    },
}

impl Picture {
    pub fn bytes(&self, kind: ImageKind) -> Bytes {
        match self {
            Self::Recorded(bytes) => bytes.clone(),
            Self::Drawn { seed, len } => {
                let mut image = files::preview(*seed, kind).to_vec();
                image.resize(image.len().max(*len), 0);
                image.into()
            }
        }
    }
}

/// One thing that happens while a job runs.
#[derive(Debug, Clone)]
pub enum Action {
    Text {
        kind: String,
        data: Value,
        to: To,
    },
    /// A node changed: one entry of `progress_state`. What is sent holds the entries of all nodes so far.
    State {
        entry: Value,
    },
    /// Sent as a type 1 or a type 4 frame, by what the receiver's feature flags say at that moment.
    Preview {
        node: String,
        kind: ImageKind,
        image: Picture,
    },
    /// Any other binary frame, type word included.
    Binary {
        bytes: Bytes,
        to: To,
    },
    /// The submitter's socket ends without a Close frame; the job goes on.
    Cut,
    /// The server dies as by SIGKILL and comes back after `down`.
    Kill {
        down: Duration,
    },
    /// The job stands still until it is released or interrupted.
    Hold,
}

#[derive(Debug, Clone)]
pub struct Step {
    /// Time since `execution_start`, at natural speed.
    pub at: Duration,
    pub action: Action,
    /// An interruption that arrives before this step takes effect only after it: the node does not look.
    pub deaf: bool,
}

impl Step {
    pub fn new(at: Duration, action: Action) -> Self {
        Self { at, action, deaf: false }
    }
}

/// How a job ends; the data are those of the terminal message, without its `timestamp`.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    Success,
    Error(Value),
    Interrupted(Value),
    /// The tape does not tell: the server died first, so the job runs on in silence.
    Lost,
}

#[derive(Debug, Clone)]
pub struct Play {
    /// The prompt id inside `steps` and `ending`, to be replaced by that of the job played.
    pub prompt_id: String,
    pub cached: Vec<String>,
    /// When `execution_cached` is sent, after `execution_start`.
    pub cached_at: Duration,
    pub steps: Vec<Step>,
    pub ends_at: Duration,
    pub ending: Ending,
    /// The entry of `/history` as recorded; without one it is made from what was played.
    pub history: Option<Value>,
}

/// Replaces every string equal to `from` by `to`, keys of objects included.
pub(crate) fn rewrite(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite(item, from, to)),
        Value::Object(map) => {
            map.values_mut().for_each(|item| rewrite(item, from, to));
            if let Some(item) = map.remove(from) {
                map.insert(to.to_owned(), item);
            }
        }
        _ => {}
    }
}
