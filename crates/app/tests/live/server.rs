//! The routes on a port of their own, with generations that the test makes up.

use crate::raw::Raw;
use crate::snapshots::{OnlySnapshots, Snapshots};
use async_trait::async_trait;
use comfyui_monitor::live::{LiveSettings, LiveState, routes};
use futures::{SinkExt, StreamExt};
use monitor_core::frame::{Frame, FrameBody, JobHeader};
use monitor_core::generation::Status;
use monitor_core::time::Timestamp;
use monitor_pipeline::api::ApiError;
use monitor_pipeline::hub::{Encoded, Hub, HubSettings};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

/// The newest sequence of every generation, and how often somebody asked.
#[derive(Default)]
pub(crate) struct State {
    sequence: AtomicU64,
    snapshots: AtomicU64,
}

struct Known(Arc<State>);

#[async_trait]
impl Snapshots for Known {
    async fn snapshot(&self, queue_id: Option<Uuid>) -> Result<FrameBody, ApiError> {
        let sequence = self.0.sequence.load(Ordering::SeqCst);
        self.0.snapshots.fetch_add(1, Ordering::SeqCst);
        match queue_id {
            Some(id) if id.is_nil() => Err(ApiError::Unavailable("the store is on fire".to_owned())),
            Some(id) => Ok(FrameBody::Snapshot {
                queue_id: id.to_string(),
                sequence: Some(sequence),
                generation: Some(None),
                generations: None,
                instances: None,
                truncated: false,
            }),
            None => Ok(FrameBody::Snapshot {
                queue_id: "*".to_owned(),
                sequence: None,
                generation: None,
                generations: Some(Vec::new()),
                instances: Some(Vec::new()),
                truncated: false,
            }),
        }
    }
}

pub(crate) struct Server {
    pub(crate) hub: Arc<Hub>,
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) async fn start() -> Server {
    start_with(HubSettings::default(), LiveSettings::default()).await
}

pub(crate) async fn start_with(hub: HubSettings, settings: LiveSettings) -> Server {
    let (hub, state) = (Hub::new(hub), Arc::new(State::default()));
    let api = Arc::new(OnlySnapshots(Known(Arc::clone(&state))));
    let router = routes(LiveState::new(Arc::clone(&hub), api, settings));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server { hub, address, state }
}

impl Server {
    /// How the contract's own writers do it: first the state, then the frame.
    pub(crate) fn publish(&self, queue_id: Uuid, body: FrameBody) -> u64 {
        let sequence = self.state.sequence.fetch_add(1, Ordering::SeqCst) + 1;
        self.hub.publish(queue_id, &job_frame(queue_id, sequence, body));
        sequence
    }

    /// Snapshots made so far.
    pub(crate) fn snapshots(&self) -> u64 {
        self.state.snapshots.load(Ordering::SeqCst)
    }

    pub(crate) async fn connect(&self) -> Socket {
        let request = format!("ws://{}/v1/live", self.address).into_client_request().unwrap();
        tokio_tungstenite::connect_async(request).await.unwrap().0
    }

    /// Shaken hands, and from there on bytes.
    pub(crate) async fn raw(&self) -> Raw {
        let mut raw = Raw::connect(self.address).await;
        raw.handshake().await;
        raw
    }
}

pub(crate) fn job_frame(queue_id: Uuid, sequence: u64, body: FrameBody) -> Encoded {
    let job = JobHeader { queue_id, prompt_id: "p".to_owned(), attempt: 1, sequence, status: Status::Processing };
    Encoded::text(&Frame { timestamp: Timestamp(0), request_id: None, job: Some(job), body }).unwrap()
}

pub(crate) fn started() -> FrameBody {
    FrameBody::JobStarted { total_nodes: 1, cached_nodes: Vec::new() }
}

pub(crate) async fn say(socket: &mut Socket, text: impl Into<String>) {
    socket.send(Message::text(text.into())).await.unwrap();
}

pub(crate) async fn subscribe(socket: &mut Socket, queue_id: &str) {
    say(socket, format!(r#"{{"action":"subscribe","data":{{"queueId":"{queue_id}"}}}}"#)).await;
}

/// The next text frame.
pub(crate) async fn hear(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("expected a text frame, got {other:?}"),
        }
    }
}

/// The code of the close frame that comes next.
pub(crate) async fn closed_with(socket: &mut Socket) -> u16 {
    loop {
        if let Message::Close(close) = socket.next().await.unwrap().unwrap() {
            return close.unwrap().code.into();
        }
    }
}
