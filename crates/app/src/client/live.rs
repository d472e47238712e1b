//! `/v1/live` from the reader's side: one subscription that comes back by itself. A snapshot is always enough, so
//! nothing needs to be remembered over a reconnect.

use super::frames::Frame;
use super::{ClientError, Monitor};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::json;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const CONNECT: Duration = Duration::from_secs(10);
/// The server pings more often than this.
const SILENCE: Duration = Duration::from_secs(90);
const WAITS: [u64; 5] = [500, 1_000, 2_000, 4_000, 8_000];

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a reader hears.
#[derive(Debug)]
pub enum Heard {
    Frame(Box<Frame>),
    /// The connection is gone; it is tried again after this time.
    Lost {
        reason: String,
        again_in: Duration,
    },
}

pub struct Live {
    monitor: Monitor,
    topic: String,
    socket: Option<Socket>,
    tries: usize,
    again_at: Instant,
}

impl Live {
    /// Connects and subscribes to a generation, or to `*`.
    pub async fn open(monitor: Monitor, topic: String) -> Result<Self, ClientError> {
        let socket = connect(&monitor, &topic).await?;
        Ok(Live { monitor, topic, socket: Some(socket), tries: 0, again_at: Instant::now() })
    }

    /// May be dropped and called again at any time.
    pub async fn next(&mut self) -> Heard {
        loop {
            let Some(socket) = &mut self.socket else {
                sleep_until(self.again_at).await;
                match connect(&self.monitor, &self.topic).await {
                    Ok(socket) => self.socket = Some(socket),
                    Err(error) => return self.lost(error.to_string()),
                }
                continue;
            };
            let reason = match timeout(SILENCE, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    // What cannot be read is of a newer server, and one frame is no reason to give up.
                    let Ok(frame) = Frame::parse(text.as_str().to_owned()) else { continue };
                    self.tries = 0;
                    return Heard::Frame(Box::new(frame));
                }
                Ok(Some(Ok(_))) => continue,
                Ok(Some(Err(error))) => error.to_string(),
                Ok(None) => "the monitor closed the connection".to_owned(),
                Err(_) => "nothing was heard for a while".to_owned(),
            };
            return self.lost(reason);
        }
    }

    fn lost(&mut self, reason: String) -> Heard {
        self.socket = None;
        let again_in = Duration::from_millis(WAITS[self.tries.min(WAITS.len() - 1)]);
        self.tries += 1;
        self.again_at = Instant::now() + again_in;
        Heard::Lost { reason, again_in }
    }
}

async fn connect(monitor: &Monitor, topic: &str) -> Result<Socket, ClientError> {
    let place = monitor.place().to_owned();
    let unreachable = |cause: String| ClientError::Unreachable { place: place.clone(), cause };
    // `http` becomes `ws`, `https` becomes `wss`.
    let address = monitor.url("/v1/live").replacen("http", "ws", 1);
    let mut request = address.into_client_request().map_err(|error| unreachable(error.to_string()))?;
    if let Some(token) = &monitor.token {
        let value = HeaderValue::try_from(format!("Bearer {}", token.expose()));
        request.headers_mut().insert("authorization", value.map_err(|error| unreachable(error.to_string()))?);
    }
    let connected = timeout(CONNECT, connect_async(request)).await;
    let (mut socket, _) = match connected {
        Ok(Ok(connected)) => connected,
        Ok(Err(tungstenite::Error::Http(response))) if response.status() == 401 => {
            return Err(ClientError::Unauthorized(place));
        }
        Ok(Err(error)) => return Err(unreachable(error.to_string())),
        Err(_) => return Err(unreachable("no answer in time".to_owned())),
    };
    let subscribe = json!({"action": "subscribe", "data": {"queueId": topic}}).to_string();
    socket.send(Message::text(subscribe)).await.map_err(|error| unreachable(error.to_string()))?;
    Ok(socket)
}
