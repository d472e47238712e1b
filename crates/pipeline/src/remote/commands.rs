//! What is asked, recorded and on its way.

use super::Remote;
use crate::api::{ApiError, Overrides, Submit, Submitted};
use crate::ports::{AttemptRecord, Command, CommandError, Created, Sending, StoreError};
use crate::submission;
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
        submit.instance_id = Some(instance_id.clone());
        let carried = submission::carried(std::mem::take(&mut submit.source)).await?;
        let read = carried.read(Err("none can be asked from here".to_owned()))?;
        let (record, attempt) = submission::records(submit, read, None)?;
        match self.store.create(&record, &attempt).await {
            Ok(Created::New) => {}
            Ok(Created::Existing(queue_id)) => {
                // It may have been cut off before it was sent.
                self.send_what_was_not(queue_id).await?;
                return Ok(Submitted { generation: self.require(queue_id).await?, created: false });
            }
            Err(error @ StoreError::Exists(_)) => return Err(ApiError::Conflict(error.to_string())),
            Err(error) => return Err(error.into()),
        }
        self.read_model().save(record.queue_id).await?;
        self.send_what_was_not(record.queue_id).await?;
        Ok(Submitted { generation: self.require(record.queue_id).await?, created: true })
    }

    /// A command twice does nothing the second time; one that was never sent would leave its generation waiting for ever.
    async fn send_what_was_not(&self, queue_id: Uuid) -> Result<(), ApiError> {
        let Some(known) = self.store.known(queue_id).await? else { return Ok(()) };
        let Some(attempt) = known.attempts.last().filter(|attempt| attempt.sending == Sending::Waiting) else {
            return Ok(());
        };
        let command = Command::Submit {
            queue_id,
            prompt_id: attempt.prompt_id.clone(),
            title: known.record.title.clone(),
            workflow: attempt.workflow.clone(),
            metadata: known.record.metadata.clone(),
        };
        self.order(attempt.instance_id.as_deref(), &command).await?;
        let sent = AttemptRecord { sending: Sending::Sent, ..attempt.clone() };
        Ok(self.store.update_attempt(&sent).await?)
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
        self.order(Some(&generation.instance_id), &Command::Cancel { queue_id }).await
    }

    /// At its own instance: the monitor there has what the attempt is made of.
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
        self.order(Some(&generation.instance_id), &Command::Retry { queue_id, overrides }).await
    }
}
