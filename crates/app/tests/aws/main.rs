//! The deployment on AWS from the outside: the real template with the real binaries in an emulator, a fake `ComfyUI`
//! with a monitor beside it, and behind it what a page has: the HTTP API and the WebSocket API.

// A test that cannot go on says so by panicking, in its helpers as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cloud;
mod jobs;
mod pods;
mod rights;
mod sidecar;
