//! What is asked, recorded and on its way.

use super::{Remote, no_generation};
use crate::api::{ApiError, Overrides, Submit, Submitted};
use crate::clock;
use crate::ports::{AttemptRecord, Command, CommandError, Created, Known, Remembered, Sending, StoreError};
use crate::roster;
use crate::submission;
use monitor_core::generation::InstanceState;
use monitor_core::tracker::SEQUENCE_LEAP;
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

fn told(error: &CommandError) -> ApiError {
    ApiError::Unavailable(error.to_string())
}

impl Remote {
    pub(super) async fn take_submission(&self, mut submit: Submit) -> Result<Submitted, ApiError> {
        let instance_id = match submit.instance_id.take() {
            Some(instance_id) => instance_id,
            None => self.choose().await?,
        };
        // Before anything is recorded that nobody would ever be told of.
        self.commands.reach(&instance_id).await.map_err(|error| told(&error))?;
        submit.instance_id = Some(instance_id);
        let carried = submission::carried(std::mem::take(&mut submit.source)).await?;
        let read = carried.read(Err("none can be asked from here".to_owned()))?;
        let (record, attempt) = submission::records(submit, read, None)?;
        match self.line.store.create(&record, &attempt).await {
            Ok(Created::New) => {}
            Ok(Created::Existing(queue_id)) => {
                // It may have been cut off before it was sent.
                self.send_what_was_not(queue_id).await?;
                return Ok(Submitted { generation: self.require(queue_id).await?, created: false });
            }
            // Likewise.
            Err(error @ StoreError::Exists(_)) => {
                if !self.send_what_was_not(record.queue_id).await? {
                    return Err(ApiError::Conflict(error.to_string()));
                }
                return Ok(Submitted { generation: self.require(record.queue_id).await?, created: false });
            }
            Err(error) => return Err(error.into()),
        }
        self.read_model().save(record.queue_id).await?;
        self.send_what_was_not(record.queue_id).await?;
        Ok(Submitted { generation: self.require(record.queue_id).await?, created: true })
    }

    /// A command twice does nothing the second time; one that was never sent would leave its generation waiting for ever.
    /// True if it was that.
    async fn send_what_was_not(&self, queue_id: Uuid) -> Result<bool, ApiError> {
        let Some(Known { record, mut attempts, .. }) = self.line.store.known(queue_id).await? else { return Ok(false) };
        let Some(attempt) = attempts.pop().filter(|attempt| attempt.sending == Sending::Waiting) else {
            return Ok(false);
        };
        let command = Command::Submit {
            queue_id,
            prompt_id: attempt.prompt_id.clone(),
            title: record.title,
            workflow: attempt.workflow.clone(),
            metadata: record.metadata,
        };
        self.order(attempt.instance_id.as_deref(), &command).await?;
        let sent = AttemptRecord { sending: Sending::Sent, ..attempt };
        self.line.store.update_attempt(&sent).await?;
        Ok(true)
    }

    /// For a monitor that does not know it: a pod may come back without its folder, and commands overtake each other.
    async fn remembered(&self, known: Known) -> Result<Option<Box<Remembered>>, ApiError> {
        let Known { mut record, mut attempts, saved } = known;
        let Some(mut attempt) = attempts.pop() else { return Ok(None) };
        if matches!(attempt.sending, Sending::Waiting | Sending::Sent) {
            // By a command: whoever takes this over has nothing to send of it.
            attempt.sending = Sending::None;
        }
        // It has done its work here, and may be used anew there.
        record.idempotency_key = None;
        let events = self.line.store.events(record.queue_id).await?;
        let end = events.into_iter().find(|event| event.base.attempt == attempt.number && event.is_terminal());
        Ok(Some(Box::new(Remembered { record, attempt, end, saved })))
    }

    async fn known(&self, queue_id: Uuid) -> Result<Known, ApiError> {
        self.line.store.known(queue_id).await?.ok_or_else(|| no_generation(queue_id))
    }

    async fn order(&self, instance_id: Option<&str>, command: &Command) -> Result<(), ApiError> {
        let instance_id = instance_id.ok_or_else(|| ApiError::Conflict("it has no instance yet".to_owned()))?;
        self.commands.send(instance_id, command, Duration::ZERO).await.map_err(|error| told(&error))
    }

    pub(super) async fn order_cancel(&self, queue_id: Uuid) -> Result<(), ApiError> {
        let generation = self.require(queue_id).await?;
        if generation.status.is_ended() {
            let status = generation.status.as_str();
            return Err(ApiError::Conflict(format!("this generation has ended already ({status})")));
        }
        let known = self.known(queue_id).await?;
        let is_sent = known.attempts.last().is_some_and(|attempt| attempt.sending != Sending::Waiting);
        let Some(mut known) = self.remembered(known).await? else { return Err(no_generation(queue_id)) };
        if !is_sent {
            // No monitor knows of it.
            self.line.store.update_attempt(&known.attempt).await?;
            return self.end(&known.attempt, generation.sequence + 1).await;
        }
        let instance_id = generation.instance_id;
        let ended = !self.is_there(&instance_id).await?;
        if ended {
            // Nobody may ever come to say so. Whoever does is told as well.
            self.end(&known.attempt, generation.sequence + SEQUENCE_LEAP).await?;
        }
        // Nothing is to be sent of it.
        known.attempt.workflow = Value::Null;
        match self.order(Some(&instance_id), &Command::Cancel { queue_id, known: Some(known) }).await {
            Err(error) if ended => {
                tracing::warn!(%error, %queue_id, "a cancelled job may go on where its monitor is away");
                Ok(())
            }
            told => told,
        }
    }

    async fn is_there(&self, instance_id: &str) -> Result<bool, ApiError> {
        let heard = self.line.roster.heard(Some(instance_id)).await?;
        Ok(roster::instances(&heard, clock::wall()).iter().any(|known| known.state == InstanceState::Connected))
    }

    async fn end(&self, attempt: &AttemptRecord, sequence: u64) -> Result<(), ApiError> {
        let end = submission::taken_back(attempt, String::new(), sequence, clock::wall());
        Ok(self.line.event(&end).await?)
    }

    /// At its own instance: most often the monitor there has what the attempt is made of.
    pub(super) async fn order_retry(
        &self,
        queue_id: Uuid,
        overrides: Overrides,
        instance_id: Option<String>,
    ) -> Result<(), ApiError> {
        let generation = self.require(queue_id).await?;
        if generation.retry.is_none() && !generation.status.is_ended() {
            return Err(ApiError::Conflict("it is still going on: cancel it first".to_owned()));
        }
        if instance_id.is_some_and(|wanted| wanted != generation.instance_id) {
            let message = "a retry goes to the instance it ran at: submit it again to send it to another one";
            return Err(submission::invalid(message));
        }
        let known = self.remembered(self.known(queue_id).await?).await?;
        self.order(Some(&generation.instance_id), &Command::Retry { queue_id, overrides, known }).await
    }
}
