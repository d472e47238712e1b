//! Ports and use cases: what happens between a `ComfyUI` server and a reader, without knowing which database, bus or
//! socket is underneath.

pub mod api;
pub mod clock;
pub mod comfy;
pub mod handlers;
pub mod hub;
pub mod journal;
pub mod library;
pub mod monitor;
pub mod ports;
pub mod read_model;
pub mod relay;
pub mod retry;
pub mod service;
