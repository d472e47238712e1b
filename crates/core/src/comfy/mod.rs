//! What a `ComfyUI` server says: text messages, binary frames, REST answers and the workflow graph.
//!
//! Everything here is read tolerantly: an unknown type, field or class is carried on, a wrong one is counted, and
//! nothing a server sends makes a reader fail harder than "this is not JSON".

pub mod binary;
mod field;
pub mod graph;
pub(crate) mod lenient;
pub mod message;
pub mod output;
pub mod progress;
pub mod rest;
