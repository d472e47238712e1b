//! The pure core: what `ComfyUI` says ([`comfy`]), what we make of it ([`tracker`] to [`event`]), what a job looks
//! like ([`view`], [`generation`]) and what the page is told ([`frame`]). No async, no clock, no IO, no randomness:
//! time and ids come in as values.

pub mod comfy;
pub mod messages;
pub mod names;
pub mod workflow;
pub mod event;
pub mod frame;
pub mod generation;
pub mod ids;
pub mod progress;
pub mod time;
pub mod tracker;
pub mod view;
