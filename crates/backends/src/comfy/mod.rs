//! The adapter to a real `ComfyUI`: its HTTP API with reqwest, its WebSocket with tungstenite.

mod address;
mod fault;
mod http;
mod socket;

pub use http::{ComfyServer, Options};
