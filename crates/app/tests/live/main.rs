//! The live endpoints over real sockets: a WebSocket client of somebody else's making, and raw bytes where such a
//! client is too polite.

// A test that cannot go on says so by panicking, in its helpers as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod events;
mod handshake;
mod hostile;
mod raw;
mod server;
mod slow;
#[path = "../support/snapshots.rs"]
mod snapshots;
mod websocket;
