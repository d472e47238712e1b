//! A reader of `/v1/live`, as the page is one.

use crate::process::patiently;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

pub(crate) struct Live {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Everything heard so far, as text.
    pub(crate) frames: Vec<Value>,
    /// Headers of the previews.
    pub(crate) previews: Vec<Value>,
    asked: u32,
}

impl Live {
    pub(crate) async fn connect(address: &str, token: Option<&str>) -> Live {
        Self::try_connect(address, token).await.unwrap().0
    }

    pub(crate) async fn try_connect(
        address: &str,
        token: Option<&str>,
    ) -> Result<(Live, Response<Option<Vec<u8>>>), Error> {
        let mut request = format!("ws://{address}/v1/live").into_client_request().unwrap();
        if let Some(token) = token {
            let protocol = HeaderValue::from_str(&format!("cm.token.{token}")).unwrap();
            request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
        }
        let (socket, response) = patiently("a WebSocket", tokio_tungstenite::connect_async(request)).await?;
        Ok((Live { socket, frames: Vec::new(), previews: Vec::new(), asked: 0 }, response))
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Subscribes, and gives the snapshot.
    pub(crate) async fn subscribe(&mut self, queue_id: &str) -> Value {
        let before = self.frames.len();
        self.say(&json!({"action": "subscribe", "data": {"queueId": queue_id, "previews": true}})).await;
        let queue_id = queue_id.to_owned();
        let at = self
            .position("the snapshot", before, move |frame| {
                frame["type"] == "snapshot" && frame["queueId"] == queue_id.as_str()
            })
            .await;
        self.frames[at].clone()
    }

    /// The next frame; `None` when the server has ended the connection.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let before = self.frames.len();
        while self.step().await {
            if self.frames.len() > before {
                return self.frames.last().cloned();
            }
        }
        None
    }

    /// Whatever comes next, a frame or a preview. False when the server has ended the connection.
    pub(crate) async fn step(&mut self) -> bool {
        match patiently("a frame", self.socket.next()).await {
            Some(Ok(Message::Text(text))) => self.frames.push(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Binary(bytes))) => {
                let (length, rest) = bytes.split_first_chunk::<4>().expect("a length");
                let length = u32::from_be_bytes(*length) as usize;
                assert!(length < rest.len(), "a preview without an image");
                self.previews.push(serde_json::from_slice(&rest[..length]).unwrap());
            }
            None | Some(Ok(Message::Close(_)) | Err(_)) => return false,
            Some(Ok(_)) => {}
        }
        true
    }

    async fn position(&mut self, what: &str, from: usize, wanted: impl Fn(&Value) -> bool) -> usize {
        let mut at = from;
        loop {
            while at >= self.frames.len() {
                assert!(self.next().await.is_some(), "the connection ended before {what}");
            }
            if wanted(&self.frames[at]) {
                return at;
            }
            at += 1;
        }
    }

    /// The first frame, of those heard so far and those to come, that is as wanted.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let at = self.position(what, 0, wanted).await;
        self.frames[at].clone()
    }

    /// The end of a generation.
    pub(crate) async fn end_of(&mut self, queue_id: &str) -> Value {
        self.until("the end of the job", |frame| frame["queueId"] == queue_id && is_end(frame)).await
    }

    /// Everything that the server has said before this moment.
    pub(crate) async fn catch_up(&mut self) {
        self.asked += 1;
        let request_id = format!("{}-{}", self.asked, Uuid::new_v4());
        self.say(&json!({"action": "ping", "requestId": request_id})).await;
        self.until("a pong", |frame| frame["type"] == "pong" && frame["requestId"] == request_id.as_str()).await;
    }

    /// What was heard of one generation.
    pub(crate) fn of(&self, queue_id: &str) -> Vec<Value> {
        self.frames.iter().filter(|frame| frame["queueId"] == queue_id).cloned().collect()
    }
}

pub(crate) fn is_end(frame: &Value) -> bool {
    ["completed", "job_failed", "job_interrupted"].contains(&frame["type"].as_str().unwrap_or_default())
}
