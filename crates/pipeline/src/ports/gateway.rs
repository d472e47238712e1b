//! Connections at a gateway that holds the sockets for us (Amazon API Gateway): who they are, what they listen to, and
//! how they are told.

use super::StoreError;
use crate::hub::Topic;
use async_trait::async_trait;
use bytes::Bytes;
use monitor_core::time::Timestamp;

/// Subscriptions of one connection.
pub const MOST_SUBSCRIPTIONS: usize = 32;

/// A connection that subscribed to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    pub connection_id: String,
    pub previews: bool,
}

/// Keeps who is connected and listens to what.
///
/// Guarantees: a subscription that was answered is among the listeners from then on; what belongs to a connection is
/// gone with it, at the latest when no gateway would hold it any longer.
#[async_trait]
pub trait Connections: Send + Sync {
    async fn connect(&self, connection_id: &str, now: Timestamp) -> Result<(), StoreError>;
    /// With all its subscriptions; one that is not there is gone already.
    async fn disconnect(&self, connection_id: &str) -> Result<(), StoreError>;
    /// `previews`: as it was, where it does not say. False beyond [`MOST_SUBSCRIPTIONS`].
    async fn subscribe(
        &self,
        connection_id: &str,
        topic: Topic,
        previews: Option<bool>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    async fn unsubscribe(&self, connection_id: &str, topic: Topic) -> Result<(), StoreError>;
    async fn listeners(&self, topic: Topic, now: Timestamp) -> Result<Vec<Listener>, StoreError>;
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    #[error("the connection is gone")]
    Gone,
    #[error("the message is too large for the gateway")]
    TooLarge,
    /// The gateway as a whole, or this connection's own buffer.
    #[error("the gateway takes no more for now")]
    Throttled,
    #[error("the gateway failed: {0}")]
    Failed(String),
}

/// Posts to a connection.
#[async_trait]
pub trait Gateway: Send + Sync {
    async fn post(&self, connection_id: &str, message: Bytes) -> Result<(), PostError>;
}
