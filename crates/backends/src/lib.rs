//! Adapters: one folder per port, one file per technology. Each passes the conformance suite of its port.

pub mod bus;
pub mod comfy;
pub mod media;
pub mod outbox;
pub mod store;
