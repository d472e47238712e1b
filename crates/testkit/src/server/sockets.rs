//! The WebSocket side: the map of client ids, its take-over fault, and the one send loop (comfyui-protocol, section 1).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::ws::{Message, WebSocket};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::life::Life;
use crate::faults::Dice;
use crate::hostile::Raw;

/// Who a message is sent to.
#[derive(Debug, Clone)]
pub(crate) enum Audience {
    /// The socket that the map holds under this client id, if any.
    One(String),
    /// Every socket in the map.
    Everybody,
}

#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub to: Audience,
    pub message: Raw,
    /// The last message of a job: never held back, so that nothing stays held back.
    pub last: bool,
}

/// What the send loop is given, in order.
#[derive(Debug)]
pub(crate) enum Errand {
    Send(Outgoing),
    /// Ends the socket of this client id, without a Close frame.
    Cut(String),
    /// Tells that all before it has been sent.
    Mark(oneshot::Sender<()>),
}

/// One open WebSocket, in the map or forgotten by it.
#[derive(Debug)]
pub(crate) struct Socket {
    pub serial: u64,
    pub client: String,
    sink: Mutex<SplitSink<WebSocket, Message>>,
    pub cut: CancellationToken,
    sent: AtomicU64,
}

impl Socket {
    /// Waits until the message is written, for as long as the client does not read; ends when the socket is cut.
    pub(crate) async fn send(&self, message: Raw) {
        let write = async { self.sink.lock().await.send(frame(message)).await };
        tokio::select! {
            biased;
            () = self.cut.cancelled() => {}
            result = write => if let Err(error) = result {
                tracing::debug!(client = self.client, %error, "a message was not sent");
            }
        }
    }
}

fn frame(message: Raw) -> Message {
    match message {
        Raw::Text(text) => Message::text(text),
        Raw::Binary(bytes) => Message::binary(bytes),
    }
}

/// The sockets of one server. `map` is what messages go by, `open` what exists.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    pub map: HashMap<String, Arc<Socket>>,
    pub open: Vec<Arc<Socket>>,
    /// Feature flags by client id: the handler of another connection may overwrite or remove them.
    pub previews_with_metadata: HashMap<String, bool>,
    serial: u64,
}

impl Sockets {
    /// Whether a message to these would be heard at all.
    pub(crate) fn anybody(&self, to: &Audience) -> bool {
        match to {
            Audience::One(client) => self.map.contains_key(client),
            Audience::Everybody => !self.map.is_empty(),
        }
    }

    fn heard_by(&self, to: &Audience) -> Vec<Arc<Socket>> {
        match to {
            Audience::One(client) => self.map.get(client).cloned().into_iter().collect(),
            Audience::Everybody => {
                let mut all: Vec<_> = self.map.values().cloned().collect();
                all.sort_by_key(|socket| socket.serial);
                all
            }
        }
    }
}

/// Serves one connection to its end.
pub(crate) async fn serve(life: Arc<Life>, client: String, socket: WebSocket) {
    let (sink, stream) = socket.split();
    let socket = {
        let mut state = life.lock();
        state.sockets.serial += 1;
        Arc::new(Socket {
            serial: state.sockets.serial,
            client,
            sink: Mutex::new(sink),
            cut: CancellationToken::new(),
            sent: AtomicU64::new(0),
        })
    };
    tokio::select! {
        biased;
        () = life.dead.cancelled() => {}
        () = socket.cut.cancelled() => {}
        () = converse(&life, &socket, stream) => {}
    }
    let mut state = life.lock();
    state.sockets.open.retain(|open| open.serial != socket.serial);
    // Whoever holds the id by now: the take-over fault.
    state.sockets.map.remove(&socket.client);
    state.sockets.previews_with_metadata.remove(&socket.client);
    drop(state);
    life.shared.changed();
}

async fn converse(life: &Arc<Life>, socket: &Arc<Socket>, mut stream: SplitStream<WebSocket>) {
    {
        // The first messages are the handler's own; whatever the send loop has meanwhile waits behind them.
        let mut sink = socket.sink.lock().await;
        for message in enter(life, socket) {
            if sink.send(Message::text(message.to_string())).await.is_err() {
                return;
            }
        }
    }
    life.shared.changed();
    let mut first = true;
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        let Ok(data) = serde_json::from_str::<Value>(&text) else {
            continue;
        };
        let is_first = std::mem::replace(&mut first, false);
        let old = life.shared.with_faults(|faults| faults.old_messages);
        if is_first && !old && data["type"] == "feature_flags" {
            let wants = data["data"]["supports_preview_metadata"] == true;
            let holder = {
                let mut state = life.lock();
                state.sockets.previews_with_metadata.insert(socket.client.clone(), wants);
                state.sockets.map.get(&socket.client).cloned()
            };
            if let Some(holder) = holder {
                let answer = json!({"type": "feature_flags", "data": life.shared.config.features});
                holder.send(Raw::Text(answer.to_string())).await;
            }
        }
        life.shared.heard(&socket.client, data);
    }
}

/// Puts the socket into the map and gives what it is sent first.
fn enter(life: &Arc<Life>, socket: &Arc<Socket>) -> Vec<Value> {
    let mut state = life.lock();
    state.sockets.map.insert(socket.client.clone(), Arc::clone(socket));
    state.sockets.open.push(Arc::clone(socket));
    state.sockets.previews_with_metadata.insert(socket.client.clone(), false);
    let status = json!({"type": "status", "data": {"status": state.status(), "sid": socket.client}});
    let running = state.running.as_ref().filter(|running| running.job.client.as_ref() == Some(&socket.client));
    let node = running.and_then(|running| running.last_node.clone());
    let executing = node.map(|node| json!({"type": "executing", "data": {"node": node}}));
    std::iter::once(status).chain(executing).collect()
}

/// Sends everything to everybody, one after another, waiting for each.
pub(crate) async fn send_loop(life: Arc<Life>, mut errands: UnboundedReceiver<Errand>) {
    let mut weather = Weather::new(life.shared.faults().seed);
    let mut total = 0;
    while let Some(errand) = errands.recv().await {
        let outgoing = match errand {
            Errand::Send(outgoing) => outgoing,
            Errand::Cut(client) => {
                let socket = life.lock().sockets.map.get(&client).cloned();
                socket.inspect(|socket| socket.cut.cancel());
                continue;
            }
            Errand::Mark(passed) => {
                // Whoever asked may have been interrupted meanwhile.
                let _ = passed.send(());
                continue;
            }
        };
        for outgoing in weather.pass(&life, outgoing) {
            life.shared.until_not_stalled().await;
            // `/object_info` is built on the same loop.
            drop(life.event_loop.lock().await);
            let listeners = life.lock().sockets.heard_by(&outgoing.to);
            for socket in listeners {
                socket.send(outgoing.message.clone()).await;
                let sent = socket.sent.fetch_add(1, Ordering::Relaxed) + 1;
                strike(&life, &socket, sent);
            }
            total += 1;
            life.shared.with_faults(|faults| {
                if faults.stall_after == Some(total) {
                    faults.stall_after = None;
                    life.shared.stall(true);
                }
            });
        }
    }
}

/// The faults that befall one socket after so many messages.
fn strike(life: &Life, socket: &Socket, sent: u64) {
    life.shared.with_faults(|faults| {
        if let Some(at) = faults.cut_after.iter().position(|after| *after == sent) {
            faults.cut_after.remove(at);
            socket.cut.cancel();
        }
        if faults.forget_after == Some(sent) {
            faults.forget_after = None;
            life.lock().sockets.map.remove(&socket.client);
        }
    });
}

/// Drops, doubles and exchanges messages.
struct Weather {
    dice: Dice,
    held: Option<Outgoing>,
}

impl Weather {
    fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), held: None }
    }

    fn pass(&mut self, life: &Life, outgoing: Outgoing) -> Vec<Outgoing> {
        let (drop, duplicate, reorder) =
            life.shared.with_faults(|faults| (faults.drop, faults.duplicate, faults.reorder));
        if self.dice.falls(drop) {
            return self.held.take().into_iter().collect();
        }
        if !outgoing.last && self.held.is_none() && self.dice.falls(reorder) {
            self.held = Some(outgoing);
            return Vec::new();
        }
        let mut passing = vec![outgoing.clone()];
        if self.dice.falls(duplicate) {
            passing.push(outgoing);
        }
        passing.extend(self.held.take());
        passing
    }
}
