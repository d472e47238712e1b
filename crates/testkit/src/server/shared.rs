//! What outlives a restart of the server: how it was set up, what was asked of it, and the files on its disk.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use tokio::sync::{Semaphore, mpsc, watch};
use uuid::Uuid;

use super::disk::Disk;
use super::repertoire::Repertoire;
use crate::faults::Faults;
use crate::script::Namer;

/// As many requests, submissions and messages of clients are kept, the newest.
const MAX_RECORDS: usize = 4_096;

/// How the server was set up.
pub(crate) struct Config {
    /// 1 is natural, 2 twice as fast, 0 as fast as possible.
    pub speed: f64,
    /// Refuse what the node classes do not allow.
    pub validation: bool,
    pub object_info: Map<String, Value>,
    pub features: Value,
    pub system_stats: Value,
    /// All routes are under this path, as behind a proxy.
    pub prefix: Option<String>,
    /// Prompt ids are made from this; `None` makes them random.
    pub seed: Option<u64>,
    pub send_buffer: Option<u32>,
}

/// One `POST /prompt`.
#[derive(Debug, Clone, PartialEq)]
pub struct Submitted {
    /// The prompt id it got; `None` if it was refused.
    pub prompt_id: Option<String>,
    pub client_id: Option<String>,
    pub body: Value,
}

/// One message that a client sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    pub client_id: String,
    pub data: Value,
}

/// One HTTP request, WebSocket handshakes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    pub method: String,
    /// Path and query.
    pub path: String,
}

#[derive(Default)]
pub(crate) struct Records {
    pub submitted: VecDeque<Submitted>,
    pub interrupts: VecDeque<Option<String>>,
    pub requests: VecDeque<Requested>,
    pub heard: VecDeque<Heard>,
}

/// Keeps the newest.
pub(crate) fn keep<T>(records: &mut VecDeque<T>, record: T) {
    records.push_back(record);
    if records.len() > MAX_RECORDS {
        records.pop_front();
    }
}

/// What the server does to itself.
pub(crate) enum Command {
    /// Die, and come back after this time, if at all.
    Kill { down: Option<Duration> },
}

pub(crate) struct Shared {
    pub config: Config,
    pub repertoire: Repertoire,
    faults: Mutex<Faults>,
    records: Mutex<Records>,
    pub namer: Mutex<Namer>,
    pub disk: Mutex<Disk>,
    /// Jobs that stand still take a permit to go on.
    pub gate: Semaphore,
    stalled: watch::Sender<bool>,
    changes: watch::Sender<u64>,
    commands: mpsc::UnboundedSender<Command>,
    ids: AtomicU64,
    /// Messages of jobs so far, for `kill_after`.
    pub job_messages: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        config: Config,
        repertoire: Repertoire,
        faults: Faults,
        commands: mpsc::UnboundedSender<Command>,
    ) -> Self {
        Self {
            config,
            repertoire,
            faults: Mutex::new(faults),
            records: Mutex::default(),
            namer: Mutex::default(),
            disk: Mutex::default(),
            gate: Semaphore::new(0),
            stalled: watch::Sender::new(false),
            changes: watch::Sender::new(0),
            commands,
            ids: AtomicU64::new(0),
            job_messages: AtomicU64::new(0),
        }
    }

    pub(crate) fn faults(&self) -> Faults {
        self.with_faults(|faults| faults.clone())
    }

    pub(crate) fn with_faults<T>(&self, look: impl FnOnce(&mut Faults) -> T) -> T {
        look(&mut lock(&self.faults))
    }

    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        lock(&self.records)
    }

    pub(crate) fn heard(&self, client: &str, data: Value) {
        keep(&mut self.records().heard, Heard { client_id: client.to_owned(), data });
        self.changed();
    }

    /// Something that a snapshot or a record shows is different now.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn stall(&self, on: bool) {
        self.stalled.send_replace(on);
    }

    pub(crate) async fn until_not_stalled(&self) {
        // Never fails: the sender is ours.
        let _ = self.stalled.subscribe().wait_for(|stalled| !stalled).await;
    }

    pub(crate) fn command(&self, command: Command) {
        if self.commands.send(command).is_err() {
            tracing::debug!("the fake is being shut down");
        }
    }

    pub(crate) async fn until_stalled(&self) {
        let _ = self.stalled.subscribe().wait_for(|stalled| *stalled).await;
    }

    /// A prompt id of the server's own.
    pub(crate) fn new_id(&self) -> String {
        let Some(seed) = self.config.seed else {
            return Uuid::new_v4().to_string();
        };
        let name = format!("{seed} {}", self.ids.fetch_add(1, Ordering::Relaxed));
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }

    /// A time of the tape at this server's speed.
    pub(crate) fn scaled(&self, time: Duration) -> Duration {
        if self.config.speed > 0.0 {
            Duration::try_from_secs_f64(time.as_secs_f64() / self.config.speed).unwrap_or(Duration::MAX)
        } else {
            Duration::ZERO
        }
    }
}

/// A panic elsewhere must not hide behind a poisoned lock here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds since 1970, as `ComfyUI`'s `timestamp`.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
