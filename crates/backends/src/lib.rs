//! Adapters: one folder per port, one file per technology. Each passes the conformance suite of its port.

#[cfg(feature = "aws")]
pub mod aws;
pub mod bulk;
pub mod bus;
pub mod comfy;
#[cfg(feature = "aws")]
pub mod commands;
pub mod dead_letters;
pub mod media;
pub mod outbox;
#[cfg(feature = "aws")]
pub mod push;
pub mod store;
