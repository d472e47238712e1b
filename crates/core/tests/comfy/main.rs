//! What ComfyUI says, checked against recordings of real servers and against garbage.

mod binary;
mod graph;
mod messages;
mod names;
mod output;
mod progress;
mod recording;
mod rest;
mod wording;
