//! The ways to monitors that nobody can call.

pub mod sqs;
