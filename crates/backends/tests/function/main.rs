//! The line for functions, with a store in `SQLite` and everything else by hand: what is told, to whom, and in which order
//! events may come.
#![allow(clippy::unwrap_used, clippy::panic)] // Tests, also where they are not marked as such.

mod commands;
mod direct;
mod events;
mod posting;
mod stage;
mod subscriptions;
