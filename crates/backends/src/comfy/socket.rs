//! The WebSocket (`comfyui-protocol`, section 1).

use super::fault::Asked;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{SinkExt, Stream, StreamExt};
use monitor_pipeline::comfy::{ComfyError, Frame, Socket};
use reqwest::Url;
use reqwest::header::HeaderMap;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

/// The server has no limit, and prints the inputs of a failed node whole.
const MAX_MESSAGE: usize = 256 << 20;
/// Ours are pings of a few bytes: more than this means that nobody takes them.
const MAX_UNSENT: usize = 64 << 10;
/// Counts only as the first text message of a connection.
const FEATURE_FLAGS: Utf8Bytes =
    Utf8Bytes::from_static(r#"{"type":"feature_flags","data":{"supports_preview_metadata":true}}"#);

struct Line {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// A ping is in the buffer that the network has not taken yet.
    unsent: bool,
    url: String,
}

/// Opens a socket and says what we understand.
pub(super) async fn open(url: &Url, headers: &HeaderMap, asked: &Asked<'_>) -> Result<Box<dyn Socket>, ComfyError> {
    let mut request = url.as_str().into_client_request().map_err(|error| asked.handshake(&error))?;
    for (name, value) in headers {
        request.headers_mut().append(name, value.clone());
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_UNSENT);
    let opened = connect_async_tls_with_config(request, Some(config), true, None).await;
    let (mut stream, _) = opened.map_err(|error| asked.handshake(&error))?;
    stream.send(Message::Text(FEATURE_FLAGS)).await.map_err(|error| asked.handshake(&error))?;
    Ok(Box::new(Line { stream, unsent: false, url: asked.url.to_owned() }))
}

impl Stream for Line {
    type Item = Result<Frame, ComfyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let line = self.get_mut();
        if line.unsent && line.stream.poll_flush_unpin(cx).is_ready() {
            line.unsent = false;
        }
        loop {
            let item = match ready!(line.stream.poll_next_unpin(cx)) {
                Some(Ok(Message::Text(text))) => Ok(Frame::Text(Bytes::from(text))),
                Some(Ok(Message::Binary(bytes))) => Ok(Frame::Binary(bytes)),
                Some(Ok(Message::Pong(_))) => Ok(Frame::Pong),
                // A goodbye is followed by the end; pings are answered inside.
                Some(Ok(Message::Ping(_) | Message::Close(_) | Message::Frame(_))) => continue,
                Some(Err(error)) => Err(Asked { url: &line.url, what: "the WebSocket" }.socket(&error)),
                None => return Poll::Ready(None),
            };
            return Poll::Ready(Some(item));
        }
    }
}

#[async_trait]
impl Socket for Line {
    fn ping(&mut self) {
        // An error shows in reading soon enough.
        if self.stream.start_send_unpin(Message::Ping(Bytes::new())).is_ok() {
            self.unsent = true;
        }
    }

    async fn close(mut self: Box<Self>, patience: Duration) -> bool {
        let goodbye = async {
            // Where the connection is broken already, reading ends at once.
            let _ = self.stream.close(None).await;
            while let Some(message) = self.stream.next().await {
                if message.is_err() {
                    break;
                }
            }
        };
        tokio::time::timeout(patience, goodbye).await.is_ok()
    }
}
