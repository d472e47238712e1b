//! Buses: how events get from the outbox to the handlers.

#[cfg(feature = "aws")]
pub mod eventbridge;
pub mod memory;
