//! To connections that a gateway holds: many at once, to each in order. One that is gone is forgotten; one that takes no
//! more for now misses what is replaced anyway; of what is too large, what is missed least is left out.

mod direct;
mod smaller;

pub use direct::{Direct, DirectHandle};

use crate::hub::{Class, EncodeError, Encoded, Topic};
use crate::ports::{Connections, Gateway, Listener, PostError};
use backon::{BackoffBuilder, ExponentialBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{StreamExt, stream};
use monitor_core::frame::{Frame, PreviewHeader};
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Connections that are posted to at one time.
const PARALLEL: usize = 32;
/// The largest message of a WebSocket at Amazon API Gateway (quotas of WebSocket APIs: 128 KB).
const LARGEST: usize = 128 * 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const TRIES: usize = 4;

/// What is for one topic together, in order.
pub(crate) fn by_topic<T>(told: impl IntoIterator<Item = (Topic, T)>) -> Vec<(Topic, Vec<T>)> {
    let mut topics: Vec<(Topic, Vec<T>)> = Vec::new();
    for (topic, one) in told {
        match topics.iter_mut().find(|(other, _)| *other == topic) {
            Some((_, all)) => all.push(one),
            None => topics.push((topic, vec![one])),
        }
    }
    topics
}

/// A frame, encoded once for all who get it.
#[derive(Clone, Debug)]
pub struct Post {
    message: Bytes,
    class: Class,
    kind: &'static str,
}

impl Post {
    pub fn frame(frame: &Frame) -> Result<Post, EncodeError> {
        let mut encoded = Encoded::text(frame)?;
        if encoded.payload().len() > LARGEST
            && let Some(smaller) = smaller::within(LARGEST, frame)?
        {
            encoded = smaller;
        }
        let message = Bytes::copy_from_slice(encoded.payload());
        Ok(Post { message, class: encoded.class(), kind: encoded.kind() })
    }

    /// A gateway carries no binary messages: the image goes as base64. `None` where that is more than it takes.
    pub fn preview(header: &PreviewHeader, image: &[u8]) -> Option<Post> {
        #[derive(Serialize)]
        struct Text<'a> {
            #[serde(flatten)]
            header: &'a PreviewHeader,
            data: String,
        }
        let message = serde_json::to_vec(&Text { header, data: STANDARD.encode(image) }).ok()?;
        let post = Post { message: message.into(), class: Class::Preview, kind: "preview" };
        (post.message.len() <= LARGEST).then_some(post)
    }

    /// Whether whoever takes no more for now may go without it: a newer one says it again.
    fn may_be_missed(&self) -> bool {
        matches!(self.class, Class::Conflated | Class::Preview)
    }
}

/// Posts to connections, and forgets those that are gone.
#[derive(Clone)]
pub struct Push {
    pub connections: Arc<dyn Connections>,
    pub gateway: Arc<dyn Gateway>,
}

impl Push {
    /// To each listener all of it, in order; returns when all have it or will not, with those who missed something that
    /// nothing newer says.
    pub async fn to_all(&self, listeners: &[Listener], posts: &[Post]) -> Vec<String> {
        let missed = Mutex::default();
        stream::iter(listeners)
            .for_each_concurrent(PARALLEL, |listener| self.to_listener(&listener.connection_id, posts, &missed))
            .await;
        missed.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    async fn to_listener(&self, connection_id: &str, posts: &[Post], missed: &Mutex<Vec<String>>) {
        if !self.to_one(connection_id, posts).await {
            missed.lock().unwrap_or_else(PoisonError::into_inner).push(connection_id.to_owned());
        }
    }

    /// False if it missed something that nothing newer says, or is gone.
    pub async fn to_one(&self, connection_id: &str, posts: &[Post]) -> bool {
        let mut has_all = true;
        for post in posts {
            match self.patiently(connection_id, post).await {
                Ok(()) => {}
                Err(PostError::Gone) => {
                    if let Err(error) = self.connections.disconnect(connection_id).await {
                        tracing::warn!(%error, "a connection that is gone could not be forgotten");
                    }
                    return false;
                }
                Err(PostError::Throttled) if post.may_be_missed() => {}
                Err(error) => {
                    tracing::warn!(%error, kind = post.kind, "a frame did not reach a connection");
                    has_all &= post.may_be_missed();
                }
            }
        }
        has_all
    }

    /// Again where it was throttled or failed, for what must not be missed.
    async fn patiently(&self, connection_id: &str, post: &Post) -> Result<(), PostError> {
        let mut pauses =
            ExponentialBuilder::default().with_min_delay(FIRST_PAUSE).with_max_times(TRIES - 1).with_jitter().build();
        loop {
            let error = match self.gateway.post(connection_id, post.message.clone()).await {
                Ok(()) => return Ok(()),
                Err(error @ (PostError::Throttled | PostError::Failed(_))) if !post.may_be_missed() => error,
                Err(error) => return Err(error),
            };
            let Some(pause) = pauses.next() else { return Err(error) };
            tokio::time::sleep(pause).await;
        }
    }
}
