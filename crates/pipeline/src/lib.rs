//! Ports and use cases: what happens between a `ComfyUI` server and a reader, without knowing which database, bus or
//! socket is underneath.

pub mod api;
pub mod comfy;
pub mod monitor;
pub mod ports;
