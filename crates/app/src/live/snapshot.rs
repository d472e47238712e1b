//! The snapshot a reader waits for, made by the use cases.

use super::now;
use futures::FutureExt;
use futures::future::BoxFuture;
use monitor_pipeline::api::{Api, ApiError};
use monitor_pipeline::hub::{EncodeError, Snapshot, Ticket};
use std::sync::Arc;
use std::time::Duration;

/// A snapshot that takes longer would be one of the past.
const LONGEST: Duration = Duration::from_secs(20);

#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotError {
    #[error("it could not be made: {0}")]
    Api(#[from] ApiError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("it was not made within {} s: the store is slow or stuck", LONGEST.as_secs())]
    Late(#[from] tokio::time::error::Elapsed),
}

/// Boxed, so that a connection that waits for none has no room for one.
pub(super) type Making = BoxFuture<'static, (Ticket, Result<Snapshot, SnapshotError>)>;

pub(super) fn make(api: &Arc<dyn Api>, ticket: Ticket) -> Making {
    let api = Arc::clone(api);
    async move {
        let made = async {
            let body = tokio::time::timeout(LONGEST, api.snapshot(ticket.topic.queue_id())).await??;
            Ok(Snapshot::encode(body, now())?)
        };
        (ticket, made.await)
    }
    .boxed()
}
