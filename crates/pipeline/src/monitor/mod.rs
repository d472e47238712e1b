//! The monitor of one `ComfyUI` server: it drives one [`Tracker`](monitor_core::tracker::Tracker), keeps it fed and
//! hands on what it says.
//!
//! Two tasks and what they start. One reads the socket and waits for nothing else (`reader`, `mailbox`). The other
//! (`driver`) takes turns between what was read, what others ask (`handle`), what questions over HTTP brought back
//! (`looking`, run as tasks of their own), and time. Connecting is patient and never ends (`link`, `backoff`); a
//! `watchdog` tells a deaf socket from a silent server.

mod backoff;
mod classes;
mod driver;
mod handle;
mod hearing;
mod link;
mod looking;
mod mailbox;
mod questions;
mod reader;
mod refusal;
#[cfg(test)]
mod rehearsal;
mod sending;
mod status;
mod watchdog;

pub use backoff::Backoff;
pub use handle::{MonitorHandle, Sent};
pub use looking::Found;
pub use status::{Counts, InstanceStatus};
pub use watchdog::{Heard, Look, Running, Verdict, Watchdog};

use crate::comfy::Comfy;
use monitor_core::event::Event;
use monitor_core::tracker::{self, Observed, Pace, Picture, Place};
use std::sync::Arc;
use std::time::Duration;

/// Where the monitor's findings go. Calls come from one task, in order, and must not block.
pub trait Sink: Send + Sync {
    /// A job that somebody else submitted, before its first event.
    fn observed(&self, observed: Observed);
    /// In the order in which they happened.
    fn events(&self, events: Vec<Event>);
    /// Places in the queue that changed: 1 is next; and how many jobs wait and run at the server, where it has said.
    fn positions(&self, places: Vec<Place>, queue_remaining: Option<u64>);
    /// How far a running job is, when only time has passed. Newest wins.
    fn pace(&self, pace: Pace);
    /// Newest wins.
    fn preview(&self, picture: Picture);
    /// A final image that came over the socket.
    fn image(&self, picture: Picture);
}

/// How often and how long; the defaults are the contract's. Tests are less patient.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Without a word for this long, a ping is sent.
    pub ping: Duration,
    /// Without a word for this long, the connection is dead.
    pub dead: Duration,
    /// For the old socket to end before a new one opens.
    pub goodbye: Duration,
    /// Between two readings of memory.
    pub stats: Duration,
    /// For the classes of a graph that is about to be sent.
    pub submission_classes: Duration,
    /// For the classes of the graphs in a snapshot.
    pub snapshot_classes: Duration,
    /// Between two tries to reconnect while polling.
    pub polling_reconnect: Duration,
    /// Seeds the jitter of reconnects.
    pub seed: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(10),
            dead: Duration::from_secs(30),
            goodbye: Duration::from_secs(2),
            stats: Duration::from_secs(10),
            submission_classes: Duration::from_millis(1_500),
            snapshot_classes: Duration::from_secs(3),
            polling_reconnect: Duration::from_secs(30),
            seed: rand::random(),
        }
    }
}

/// Starts the monitor of a server: it connects when the server is there and goes on until it is stopped. The tracker's
/// configuration names the instance, the client id and what was known before.
pub fn start(config: tracker::Config, timing: Timing, comfy: Arc<dyn Comfy>, sink: Arc<dyn Sink>) -> MonitorHandle {
    driver::start(config, timing, comfy, sink)
}
