//! Retry policies: what a person may write, and what follows from it for workflows that failed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is all test code, its helpers too")]

mod changes;
mod check;
mod course;
mod policies;
mod properties;
mod stage;
mod suggestions;
