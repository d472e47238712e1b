//! The pure core: what `ComfyUI` says ([`comfy`]), what we make of it (the tracker's [`event`]s), what a job looks
//! like ([`generation`]) and what the page is told ([`frame`]). No async, no clock, no IO, no randomness: time and
//! ids come in as values.

pub mod comfy;
pub mod cost;
pub mod event;
pub mod frame;
pub mod generation;
pub mod ids;
pub mod messages;
pub mod names;
pub mod performance;
pub mod progress;
pub mod retry;
pub mod spans;
pub mod time;
pub mod tracker;
pub mod view;
pub mod workflow;

/// The TypeScript types of the published shapes; beside the tests, since it writes a file.
#[cfg(test)]
#[path = "../tests/typescript/mod.rs"]
mod typescript;
