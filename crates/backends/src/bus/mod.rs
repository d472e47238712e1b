//! Buses: how events get from the outbox to the handlers.

pub mod memory;
