//! What `ComfyUI` says, checked against recordings of real servers and against garbage.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is all test code, its helpers too")]

mod binary;
mod graph;
mod messages;
mod names;
mod object_info;
mod output;
mod progress;
mod recording;
mod rest;
mod wording;
