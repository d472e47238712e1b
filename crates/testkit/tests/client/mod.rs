//! The plainest client there is: HTTP by hand, and one WebSocket.

// Each test binary uses another part; helpers outside `#[test]` functions may fail a test too.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc
)]

use std::collections::HashMap;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use monitor_testkit::FakeComfy;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longest wait for anything: a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn patiently<T>(what: &str, waits: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, waits).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }
}

/// One request on a connection of its own.
pub async fn raw(fake: &FakeComfy, head: &str, body: &[u8]) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(fake.addr()).await?;
    let head =
        format!("{head}\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", fake.addr(), body.len());
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    let mut answer = Vec::new();
    patiently("an answer", stream.read_to_end(&mut answer)).await?;
    let split = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    Ok(Reply { status, headers: headers.collect(), body: answer[split + 4..].to_vec() })
}

pub async fn get(fake: &FakeComfy, path: &str) -> Reply {
    raw(fake, &format!("GET {path} HTTP/1.1"), b"").await.unwrap()
}

pub async fn post(fake: &FakeComfy, path: &str, body: &Value) -> Reply {
    let head = format!("POST {path} HTTP/1.1\r\nContent-Type: application/json");
    raw(fake, &head, body.to_string().as_bytes()).await.unwrap()
}

/// Submits, and gives the prompt id.
pub async fn submit(fake: &FakeComfy, body: &Value) -> String {
    let reply = post(fake, "/prompt", body).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    reply.json()["prompt_id"].as_str().unwrap().to_owned()
}

#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    Text(Value),
    Binary(Vec<u8>),
    /// The connection ended; true with a Close frame.
    End(bool),
}

impl Frame {
    pub fn kind(&self) -> &str {
        match self {
            Self::Text(message) => message["type"].as_str().unwrap_or("?"),
            Self::Binary(_) => "binary",
            Self::End(_) => "end",
        }
    }

    pub fn data(&self) -> &Value {
        match self {
            Self::Text(message) => &message["data"],
            _ => &Value::Null,
        }
    }
}

pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects and reads the first `status`.
    pub async fn open(fake: &FakeComfy, client: &str) -> Self {
        let mut socket = Self::open_unread(fake, client).await;
        let first = socket.next().await;
        assert_eq!(first.data()["sid"], client, "{first:?}");
        socket
    }

    pub async fn open_unread(fake: &FakeComfy, client: &str) -> Self {
        Self(connect_async(fake.ws_url(client)).await.unwrap().0)
    }

    pub async fn next(&mut self) -> Frame {
        loop {
            return match patiently("a message", self.0.next()).await {
                Some(Ok(Message::Text(text))) => {
                    Frame::Text(serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.to_string())))
                }
                Some(Ok(Message::Binary(bytes))) => Frame::Binary(bytes.to_vec()),
                Some(Ok(Message::Close(_))) => Frame::End(true),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Frame::End(false),
            };
        }
    }

    /// All messages to `executing` of nothing, or to the end.
    pub async fn job(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            let last = matches!(frame, Frame::End(_)) || frame.kind() == "executing" && frame.data()["node"].is_null();
            frames.push(frame);
            if last {
                return frames;
            }
        }
    }

    /// Reads on to the next message of this type.
    pub async fn until(&mut self, kind: &str) -> Frame {
        loop {
            let frame = self.next().await;
            assert_ne!(frame.kind(), "end", "the connection ended before {kind}");
            if frame.kind() == kind {
                return frame;
            }
        }
    }

    pub async fn send(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Sends Close and reads to the end of the stream.
    pub async fn close(mut self) {
        self.0.close(None).await.unwrap();
        while !matches!(self.next().await, Frame::End(false)) {}
    }

    /// A ping, and whether it is answered.
    pub async fn is_answered(&mut self) -> bool {
        self.0.send(Message::Ping(vec![1].into())).await.unwrap();
        matches!(patiently("a pong", self.0.next()).await, Some(Ok(Message::Pong(_))))
    }
}

pub fn kinds(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(Frame::kind).collect()
}
