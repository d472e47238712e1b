//! Ports and use cases: what happens between a `ComfyUI` server and a reader, without knowing which database, bus or
//! socket is underneath.

pub mod api;
pub mod asked;
pub mod audience;
pub mod clock;
pub mod comfy;
pub mod disposition;
pub mod function;
pub mod handlers;
pub mod hub;
pub mod journal;
pub mod library;
pub mod links;
pub mod monitor;
pub mod ports;
pub mod push;
pub mod read_model;
mod records;
#[cfg(test)]
mod rehearsed;
pub mod relay;
pub mod remote;
pub mod retry;
pub mod roster;
pub mod service;
mod submission;
pub mod tee;
