//! The fake `ComfyUI`: a small server with a queue, a history and sockets of its own.

mod builder;
mod disk;
mod history;
mod life;
mod queue;
mod repertoire;
mod routes;
mod shared;
mod sockets;
mod telling;
mod theatre;
mod validate;
mod wire;
mod worker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::faults::Faults;
use crate::hostile::Raw;

pub use builder::Builder;
pub(crate) use repertoire::Source;
pub use shared::{Heard, Requested, Submitted};

use builder::Setup;
use repertoire::Repertoire;
use shared::Shared;
use sockets::Audience;
use theatre::Theatre;

#[derive(Debug, thiserror::Error)]
pub enum FakeError {
    #[error("the fake ComfyUI cannot listen on {addr}: {source}; choose a free port, or 0 for any")]
    Bind { addr: SocketAddr, source: std::io::Error },
    #[error("{what} is not what ComfyUI would answer: {source}")]
    Answer { what: &'static str, source: serde_json::Error },
}

/// What the server knows at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// False between a kill and a restart; then all else is empty.
    pub alive: bool,
    /// Prompt id of the running job.
    pub running: Option<String>,
    /// The running job stands still at a hold.
    pub held: bool,
    /// Prompt ids of the waiting jobs, next one first.
    pub pending: Vec<String>,
    /// Prompt ids of the history, oldest first.
    pub history: Vec<String>,
    /// Client ids in the map: those that hear something.
    pub clients: Vec<String>,
    /// Sockets open, the forgotten ones included.
    pub open_sockets: usize,
}

/// A running fake `ComfyUI`. It ends when this is dropped.
pub struct FakeComfy {
    theatre: Arc<Theatre>,
    _end: DropGuard,
}

impl FakeComfy {
    pub fn builder() -> Builder {
        Builder::default()
    }

    async fn start(setup: Setup) -> Result<Self, FakeError> {
        let (commands, inbox) = unbounded_channel();
        let repertoire = Repertoire::new(&setup.tapes, setup.script);
        let shared = Arc::new(Shared::new(setup.config, repertoire, setup.faults, commands));
        let root = CancellationToken::new();
        let theatre = Arc::new(Theatre::new(shared, setup.addr, root.clone()));
        theatre.restart().await?;
        let spawn = |task: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
            let root = root.clone();
            tokio::spawn(async move { root.run_until_cancelled(task).await });
        };
        spawn(Box::pin(Arc::clone(&theatre).supervise(inbox)));
        for programme in setup.programmes {
            spawn(Box::pin(Arc::clone(&theatre).perform(programme)));
        }
        Ok(Self { theatre, _end: root.drop_guard() })
    }

    /// Stays the same across restarts.
    pub fn addr(&self) -> SocketAddr {
        self.theatre.addr()
    }

    /// `http://HOST:PORT`, with the path prefix if one was set, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.addr(), self.theatre.shared.config.prefix.as_deref().unwrap_or_default())
    }

    /// The WebSocket's URL for a client id, which must need no escaping.
    pub fn ws_url(&self, client_id: &str) -> String {
        format!("ws{}/ws?clientId={client_id}", self.base_url().trim_start_matches("http"))
    }

    /// Ends the server as SIGKILL does: every connection ends without a word, the port is closed. Files of type
    /// `output` and `input` stay. Returns when all is gone.
    pub async fn kill(&self) {
        self.theatre.kill().await;
    }

    /// Begins anew on the same port, with empty queue and history; kills first what still runs.
    pub async fn restart(&self) -> Result<(), FakeError> {
        self.theatre.restart().await
    }

    /// Ends the server for good.
    pub async fn shutdown(self) {
        self.theatre.kill().await;
    }

    pub fn state(&self) -> Snapshot {
        self.theatre.snapshot()
    }

    /// Waits until a snapshot is as wanted, and gives it.
    pub async fn wait_until(&self, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let mut changes = self.theatre.shared.changes();
        loop {
            changes.borrow_and_update();
            let snapshot = self.state();
            if wanted(&snapshot) || changes.changed().await.is_err() {
                return snapshot;
            }
        }
    }

    /// Waits until nothing runs and nothing waits.
    pub async fn wait_idle(&self) -> Snapshot {
        self.wait_until(|snapshot| snapshot.alive && snapshot.running.is_none() && snapshot.pending.is_empty()).await
    }

    /// Every `POST /prompt` so far with readable JSON, refused ones included.
    pub fn submitted(&self) -> Vec<Submitted> {
        self.theatre.shared.records().submitted.iter().cloned().collect()
    }

    /// Every `POST /interrupt` so far: the prompt id it named, if any.
    pub fn interrupts(&self) -> Vec<Option<String>> {
        self.theatre.shared.records().interrupts.iter().cloned().collect()
    }

    /// Every HTTP request so far.
    pub fn requests(&self) -> Vec<Requested> {
        self.theatre.shared.records().requests.iter().cloned().collect()
    }

    /// Every JSON message that clients sent so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.theatre.shared.records().heard.iter().cloned().collect()
    }

    /// Changes the faults while the server runs. `seed` counts from the next restart, and what is per job from the
    /// next job.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        self.theatre.shared.with_faults(change);
    }

    /// Lets one job that stands still go on; without one, the next that would.
    pub fn release(&self) {
        self.theatre.shared.gate.add_permits(1);
    }

    /// The send loop hangs, as on a client that does not read: no socket hears anything, jobs and REST go on.
    pub fn stall(&self) {
        self.theatre.shared.stall(true);
    }

    /// The send loop goes on, with all that has piled up.
    pub fn resume(&self) {
        self.theatre.shared.stall(false);
    }

    /// Ends every WebSocket without a Close frame.
    pub fn cut_sockets(&self) {
        self.each_socket(|_| true, |socket| socket.cut.cancel());
    }

    /// Ends the sockets of one client id without a Close frame.
    pub fn cut_socket(&self, client_id: &str) {
        self.each_socket(|socket| socket.client == client_id, |socket| socket.cut.cancel());
    }

    fn each_socket(&self, which: impl Fn(&sockets::Socket) -> bool, act: impl Fn(&sockets::Socket)) {
        if let Some(life) = self.theatre.life() {
            life.lock().sockets.open.iter().filter(|socket| which(socket)).for_each(|socket| act(socket));
        }
    }

    /// Takes a client id out of the map: its socket stays open and deaf.
    pub fn forget(&self, client_id: &str) {
        if let Some(life) = self.theatre.life() {
            life.lock().sockets.map.remove(client_id);
            self.theatre.shared.changed();
        }
    }

    /// Sends one JSON message to one client, as a custom node may.
    pub fn push_text(&self, client_id: &str, message: &Value) {
        self.push(client_id, Raw::Text(message.to_string()));
    }

    /// Sends any frame to one client.
    pub fn push(&self, client_id: &str, frame: Raw) {
        if let Some(life) = self.theatre.life() {
            life.send(Audience::One(client_id.to_owned()), frame);
        }
    }

    /// Sends any frame to everybody.
    pub fn broadcast(&self, frame: Raw) {
        if let Some(life) = self.theatre.life() {
            life.send(Audience::Everybody, frame);
        }
    }

    /// Queues a job as somebody else's `POST /prompt` would, without validation; gives its prompt id, or `None` while
    /// the server is dead or if the body has no graph.
    pub fn submit(&self, body: &Map<String, Value>) -> Option<String> {
        let life = self.theatre.life()?;
        let graph = body.get("prompt")?.as_object()?;
        let source = self.theatre.shared.repertoire.choose(graph, body.get("partial_execution_targets"));
        routes::play(&life, body, source)
    }

    /// How long something of natural length takes at this server's speed.
    pub fn scaled(&self, time: Duration) -> Duration {
        self.theatre.shared.scaled(time)
    }
}
