//! Where durable events wait for the bus.

pub mod sqlite;
