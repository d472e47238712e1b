//! Commands for a monitor that nobody can call: it asks for them itself, and does each by the use cases of its API.

use crate::api::{Api, ApiError, Source, Submit};
use crate::ports::{Command, Ordered, Orders};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Obeys until stopped. What cannot be done now is not answered, and comes again.
pub async fn obey(api: Arc<dyn Api>, orders: Arc<dyn Orders>, stop: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    while let Some(received) = stop.run_until_cancelled(orders.receive()).await {
        match received {
            Ok(received) => {
                pause = FIRST_PAUSE;
                for Ordered { command, receipt } in received {
                    if !did(api.as_ref(), command).await {
                        continue;
                    }
                    if let Err(error) = orders.done(&receipt).await {
                        // It comes again, and changes nothing.
                        tracing::warn!(%error, "a command that was done could not be taken off its queue");
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "commands could not be received; trying again");
                stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// False if it is to come again.
async fn did(api: &dyn Api, mut command: Command) -> bool {
    let queue_id = command.queue_id();
    let again = command.take_known().map(|known| (known, command.clone()));
    let mut outcome = done(api, command).await;
    if let (Err(ApiError::NotFound(_)), Some((known, command))) = (&outcome, again) {
        outcome = match api.adopt(*known).await {
            Ok(()) => done(api, command).await,
            Err(error) => Err(error),
        };
    }
    match outcome {
        // Refused: its end is told like any other. In conflict: done before, or it has ended meanwhile.
        Ok(()) | Err(ApiError::Refused { .. } | ApiError::Conflict(_)) => true,
        // Of what nobody knows, or what its words forbid: the same the next time.
        Err(error @ (ApiError::NotFound(_) | ApiError::Invalid { .. })) => {
            tracing::warn!(%error, %queue_id, "a command was left undone");
            true
        }
        Err(error) => {
            tracing::warn!(%error, %queue_id, "a command could not be done; it comes again");
            false
        }
    }
}

async fn done(api: &dyn Api, command: Command) -> Result<(), ApiError> {
    match command {
        Command::Submit { queue_id, prompt_id, title, workflow, metadata } => {
            let submit = Submit {
                source: Source::Json(workflow),
                queue_id: Some(queue_id),
                prompt_id: Some(prompt_id),
                title: Some(title),
                metadata,
                ..Submit::default()
            };
            api.submit(submit).await.map(drop)
        }
        Command::Cancel { queue_id, .. } => api.cancel(queue_id).await.map(drop),
        Command::Retry { queue_id, overrides, .. } => api.retry(queue_id, overrides, None).await.map(drop),
    }
}
