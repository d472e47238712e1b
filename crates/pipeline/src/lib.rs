//! Ports and use cases: what happens between a `ComfyUI` server and a reader, without knowing which database, bus or
//! socket is underneath.

pub mod api;
pub mod hub;
pub mod ports;
