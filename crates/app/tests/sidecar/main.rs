//! The monitor as it stands beside a ComfyUI on a GPU pod: started by `deploy/sidecar/start.sh`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::doc_markdown, reason = "this is all test code, its helpers too")]

mod bus;
mod process;
mod published;
mod starting;
