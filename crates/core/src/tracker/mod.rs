//! The tracker: what one `ComfyUI` server says goes in, events come out. Pure and synchronous: the caller brings the
//! time and does the asking.

mod api;

pub use api::{
    Answer, Class, Config, HistoryItem, Input, KnownJob, Output, Picture, Queued, Snapshot, Submission, Want,
};
