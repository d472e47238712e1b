//! A fake `ComfyUI` for tests, for replaying recordings and for showing the system without a GPU.
//!
//! [`FakeComfy`] is a small server, not a line player: it keeps a queue, a history, files and sockets, and behaves as
//! comfyui-protocol says a real one does, faults included. What a submitted graph does comes from a recorded [`Tape`] if
//! one knows the graph, else from a [`Script`].

pub mod conformance;
pub mod demo;
#[cfg(feature = "aws")]
pub mod emulator;
mod faults;
pub mod files;
pub mod graph;
pub mod hostile;
pub mod play;
mod player;
pub mod script;
mod server;
pub mod tape;

pub use faults::{Faults, Times};
pub use hostile::{Hostile, Raw};
pub use player::{Addressee, Programme};
pub use script::{Child, Failure, NodeScript, Script};
pub use server::{Builder, FakeComfy, FakeError, Heard, Requested, Snapshot, Submitted};
pub use tape::{Tape, TapeError, TapeWriter};

use std::path::PathBuf;

/// The recordings of this repository; for tests only, since the path is that of the machine that built them.
pub fn tapes_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tapes"))
}
