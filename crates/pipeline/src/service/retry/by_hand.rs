//! Between two attempts a person may stop the next one, or not wait for it.

use super::{Service, between_attempts};
use crate::api::{ApiError, Overrides};
use crate::ports::StoreError;
use crate::service::changes::in_words;
use crate::submission;
use monitor_core::generation::Generation;
use uuid::Uuid;

impl Service {
    /// It has failed then, and stays so. False if no retry is to come.
    pub(in crate::service) async fn stop_retrying(&self, queue_id: Uuid) -> Result<bool, StoreError> {
        let _one = self.retrying.one.lock().await;
        let Some(plan) = self.parts.store.planned_retry(queue_id).await? else { return Ok(false) };
        let told = self.parts.read_model.summary(queue_id).await?;
        if !told.is_some_and(|summary| between_attempts(&summary)) {
            return Ok(false);
        }
        self.parts.read_model.stop_retry(queue_id, plan.number - 1).await?;
        Ok(true)
    }

    /// The planned retry at once, with what a person changes besides, and where they want it.
    pub(in crate::service) async fn retry_now(
        &self,
        queue_id: Uuid,
        changes: Overrides,
        instance_id: Option<String>,
    ) -> Result<Generation, ApiError> {
        let gone = || ApiError::Conflict("this generation is just being tried again".to_owned());
        let plan = self.parts.store.planned_retry(queue_id).await?.ok_or_else(gone)?;
        let instance_id = match instance_id {
            Some(chosen) => chosen,
            None => self.target(&plan).await.map_or_else(|| plan.failed_at.clone(), |site| site.instance_id.clone()),
        };
        let mut workflow = plan.workflow;
        let by_hand = (!changes.is_empty()).then(|| in_words(&changes, &workflow));
        submission::override_inputs(&mut workflow, changes, self.known_classes(Some(&instance_id)).as_deref())?;
        let words: Vec<String> = plan.change.into_iter().chain(by_hand).collect();
        let change = (!words.is_empty()).then(|| words.join(", "));
        if let Some(site) = self.connected(&instance_id).filter(|_| plan.free_memory) {
            Self::free_memory(site).await;
        }
        let begun =
            self.begin(queue_id, plan.number, |plan| Self::attempt_of_plan(plan, instance_id, workflow, change));
        let attempt = begun.await?.ok_or_else(gone)?;
        match self.sent(attempt).await {
            Ok(()) | Err(ApiError::Refused { .. }) => self.require(queue_id).await,
            Err(error) => Err(error),
        }
    }
}
