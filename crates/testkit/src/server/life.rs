//! One life of the server: all that a kill ends and a restart begins anew.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Map, Number, Value, json};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::queue::{Job, Queue};
use super::shared::Shared;
use super::sockets::{self, Audience, Errand, Outgoing, Sockets};
use super::wire::Port;
use super::{FakeError, routes, worker};
use crate::hostile::Raw;
use crate::script::Cache;

/// As many entries as `ComfyUI` keeps.
const MAX_HISTORY: usize = 10_000;

pub(crate) struct Life {
    pub shared: Arc<Shared>,
    state: Mutex<State>,
    errands: mpsc::UnboundedSender<Errand>,
    /// Cancelled when the server dies.
    pub dead: CancellationToken,
    /// All tasks and connections of this life.
    open: TaskTracker,
    pub work: Notify,
    /// Held while `/object_info` is built: meanwhile nothing is sent.
    pub event_loop: tokio::sync::Mutex<()>,
}

/// What the server knows; gone with its life.
#[derive(Default)]
pub(crate) struct State {
    pub queue: Queue,
    pub running: Option<Running>,
    /// Entries by prompt id, oldest first.
    pub history: Map<String, Value>,
    pub sockets: Sockets,
    pub cache: Cache,
    counter: i64,
}

pub(crate) struct Running {
    pub job: Arc<Job>,
    pub interrupt: CancellationToken,
    /// The display id of the node started last.
    pub last_node: Option<String>,
    pub held: bool,
    pub started_ms: u64,
}

impl State {
    pub(crate) fn remaining(&self) -> usize {
        self.queue.len() + usize::from(self.running.is_some())
    }

    pub(crate) fn status(&self) -> Value {
        json!({"exec_info": {"queue_remaining": self.remaining()}})
    }

    /// The number of the next call of `POST /prompt`; refused calls take one too.
    pub(crate) fn next_number(&mut self, front: bool) -> Number {
        let number = self.counter;
        self.counter += 1;
        Number::from(if front { -number } else { number })
    }

    pub(crate) fn remember(&mut self, prompt_id: &str, entry: Value) {
        self.history.insert(prompt_id.to_owned(), entry);
        while self.history.len() > MAX_HISTORY {
            let Some(oldest) = self.history.keys().next().cloned() else {
                break;
            };
            self.history.shift_remove(&oldest);
        }
    }
}

/// A text message of the usual shape.
pub(crate) fn message(kind: &str, data: &impl Serialize) -> Raw {
    #[derive(Serialize)]
    struct Message<'a, D> {
        r#type: &'a str,
        data: &'a D,
    }
    match serde_json::to_string(&Message { r#type: kind, data }) {
        Ok(text) => Raw::Text(text),
        Err(error) => {
            // Data here are JSON values, which always can be written.
            tracing::error!(%error, kind, "a message was not written");
            Raw::Text(String::new())
        }
    }
}

impl Life {
    /// Opens the port and begins to serve; gives the address bound.
    pub(super) fn begin(
        shared: Arc<Shared>,
        addr: SocketAddr,
        root: &CancellationToken,
    ) -> Result<(Arc<Self>, SocketAddr), FakeError> {
        let (dead, open) = (root.child_token(), TaskTracker::new());
        let bound = |source| FakeError::Bind { addr, source };
        let port = Port::bind(addr, shared.config.send_buffer, dead.clone(), open.clone()).map_err(bound)?;
        let addr = axum::serve::Listener::local_addr(&port).map_err(bound)?;
        let (errands, inbox) = mpsc::unbounded_channel();
        let life = Arc::new(Self {
            shared,
            state: Mutex::default(),
            errands,
            dead,
            open,
            work: Notify::new(),
            event_loop: tokio::sync::Mutex::default(),
        });
        let app = routes::router(Arc::clone(&life));
        life.spawn(async move {
            if let Err(error) = axum::serve(port, app).await {
                tracing::error!(%error, "the fake stopped serving");
            }
        });
        life.spawn(sockets::send_loop(Arc::clone(&life), inbox));
        life.spawn(worker::work(Arc::clone(&life)));
        life.shared.changed();
        Ok((life, addr))
    }

    /// A task that dies with this life.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let dead = self.dead.clone();
        self.open.spawn(async move {
            dead.run_until_cancelled(task).await;
        });
    }

    /// Ends as by SIGKILL: no Close frame, the port closed. Returns when nothing is left of it.
    pub(super) async fn end(&self) {
        self.dead.cancel();
        self.open.close();
        self.open.wait().await;
        self.shared.changed();
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a message to the send loop.
    pub(crate) fn send(&self, to: Audience, message: Raw) {
        self.hand(Errand::Send(Outgoing { to, message, last: false }));
    }

    fn hand(&self, errand: Errand) {
        if self.errands.send(errand).is_err() {
            tracing::debug!("the send loop has ended");
        }
    }

    /// Ends a client's socket once it has been sent all that comes before.
    pub(crate) fn cut_in_order(&self, client: &str) {
        self.hand(Errand::Cut(client.to_owned()));
    }

    /// Waits until all that was handed over so far is sent; not while the send loop hangs.
    pub(crate) async fn flush(&self) {
        let (mark, passed) = oneshot::channel();
        self.hand(Errand::Mark(mark));
        tokio::select! {
            _ = passed => {}
            () = self.shared.until_stalled() => {}
        }
    }

    pub(crate) fn send_text(&self, to: Audience, kind: &str, data: &Value) {
        self.send(to, message(kind, data));
    }

    /// `executing` of nothing: the last message of every job.
    pub(crate) fn send_last(&self, to: Audience, prompt_id: &str) {
        let data = json!({"node": null, "prompt_id": prompt_id});
        self.hand(Errand::Send(Outgoing { to, message: message("executing", &data), last: true }));
    }

    /// Tells everybody how long the queue is: after every change of it.
    pub(crate) fn broadcast_status(&self, state: &State) {
        self.send_text(Audience::Everybody, "status", &json!({"status": state.status()}));
        self.shared.changed();
    }

    pub(crate) fn enqueue(&self, job: Job) -> Arc<Job> {
        let job = Arc::new(job);
        let mut state = self.lock();
        state.queue.push(Arc::clone(&job));
        self.broadcast_status(&state);
        drop(state);
        self.work.notify_one();
        job
    }

    /// Takes a waiting job out of the queue. `ComfyUI` tells the length twice if it was the only one.
    pub(crate) fn delete(&self, prompt_id: &str) -> bool {
        let mut state = self.lock();
        let removed = state.queue.remove(prompt_id).is_some();
        if removed {
            if state.queue.len() == 0 {
                self.broadcast_status(&state);
            }
            self.broadcast_status(&state);
        }
        removed
    }

    pub(crate) fn clear_queue(&self) {
        let mut state = self.lock();
        state.queue.clear();
        self.broadcast_status(&state);
    }

    /// Interrupts what runs, if it is this prompt or none is named.
    pub(crate) fn interrupt(&self, prompt_id: Option<&str>) -> bool {
        let state = self.lock();
        let running = state.running.as_ref().filter(|running| prompt_id.is_none_or(|id| id == running.job.prompt_id));
        running.inspect(|running| running.interrupt.cancel()).is_some()
    }
}
